"""Founding an organization on the command line."""

from pathlib import Path

from tests.support.command import run
from tests.support.world import World


async def test_an_organization_is_founded_once_and_can_be_given_a_key(
    world: World, database_url: str, tmp_path: Path
) -> None:
    create = ("organization", "create", "globex-inc", "--name", "Globex")
    founded = await run(tmp_path, *create, DATABASE_URL=database_url)
    assert founded.code == 0, founded
    organization_id = await world.owner.fetchval(
        "SELECT id FROM organization WHERE slug = 'globex-inc'"
    )
    assert founded.stdout == f"{organization_id} globex-inc\n"

    again = await run(tmp_path, *create, DATABASE_URL=database_url)
    assert (again.code, again.stdout) == (1, "")
    assert await world.owner.fetchval("SELECT count(*) FROM organization") == 2

    key = ("token", "create", "--organization", "globex-inc", "--name", "CI")
    made = await run(tmp_path, *key, DATABASE_URL=database_url)
    assert made.code == 0, made


async def test_a_slug_that_breaks_the_rules_is_refused_with_its_reason(
    world: World, database_url: str, tmp_path: Path
) -> None:
    refused = await run(
        tmp_path, "organization", "create", "No", "--name", "X", DATABASE_URL=database_url
    )
    assert (refused.code, refused.stdout) == (1, "")
    assert "slug" in refused.stderr
    assert await world.owner.fetchval("SELECT count(*) FROM organization") == 1
