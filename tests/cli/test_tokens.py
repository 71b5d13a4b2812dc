"""Making a key on the command line, and asking a running server with it."""

from pathlib import Path

import httpx

from tests.support.command import run, serving
from tests.support.world import World

PORT = 18_741
CREATE = ("token", "create", "--organization", "acme-docs-org", "--name", "CI")


async def test_a_token_opens_the_management_plane_of_a_running_server(
    world: World, database_url: str, tmp_path: Path
) -> None:
    made = await run(tmp_path, *CREATE, "--scope", "read", "--days", "1", DATABASE_URL=database_url)
    assert made.code == 0, made
    token = made.stdout.strip()
    assert token.startswith("mcpk_")
    assert token not in made.stderr
    query = {"query": "{ viewer { name keyScopes } servers { nodes { slug } } }"}
    async with (
        serving(tmp_path, PORT, "serve", DATABASE_URL=database_url) as platform,
        httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as client,
    ):
        response = await client.post(f"{platform.url}/graphql", json=query)
    assert response.json()["data"] == {
        "viewer": {"name": "CI", "keyScopes": ["READ"]},
        "servers": {"nodes": [{"slug": world.slug}]},
    }


async def test_a_key_that_would_never_expire_is_refused(
    world: World, database_url: str, tmp_path: Path
) -> None:
    refused = await run(tmp_path, *CREATE, "--days", "4000", DATABASE_URL=database_url)
    assert (refused.code, refused.stdout) == (1, "")
    assert "lifeDays must be between 1 and 366." in refused.stderr
    assert await world.owner.fetchval("SELECT count(*) FROM api_key") == 0
