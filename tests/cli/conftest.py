"""A running platform that the commands for integrators speak to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tests.support import databases
from tests.support.command import Ended, run, serving
from tests.support.redis_servers import free_port
from tests.support.world import World, make_world

SLUG = "sample-tool"  # the server that 127.0.0.1 leads agents to
NOWHERE = f"{'x' * 64}.invalid"  # a label so long that no resolver is asked, whatever it would say


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform with two organizations that do not know each other, and keys to the first."""

    url: str
    world: World
    stranger: World
    key: str
    reading_key: str

    async def walkthroughs(self, folder: Path, *arguments: str, **settings: str) -> Ended:
        """Run `mcplatform walkthroughs` in the folder, with the key for writing."""
        given = {"MCPLATFORM_API_URL": self.url, "MCPLATFORM_API_KEY": self.key, **settings}
        return await run(folder, "walkthroughs", *arguments, **given)

    async def rows(self) -> list[tuple[object, ...]]:
        """What is in the first organization."""
        return await self.world.rows(
            "SELECT w.id, w.title, w.status, w.revision, s.id, s.title, s.content_fields,"
            " s.position FROM walkthrough w LEFT JOIN step s ON s.walkthrough_id = w.id"
            " WHERE w.organization_id = $1 ORDER BY w.id, s.position",
            self.world.organization_id,
        )


@pytest.fixture(scope="module")
async def platform(
    cluster_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Platform]:
    """A platform for all tests of a module; each makes walkthroughs of its own."""
    folder = tmp_path_factory.mktemp("platform")
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(databases.cloned_database(cluster_url, template))
        owner = await asyncpg.connect(dsn)
        stack.push_async_callback(owner.close)
        world, stranger = await make_world(owner, slug=SLUG), await make_world(owner)
        server = await stack.enter_async_context(
            serving(folder, free_port(), "serve", DATABASE_URL=dsn)
        )
        keys = await asyncio.gather(*(_key(folder, dsn, scope) for scope in ("write", "read")))
        yield Platform(server.url, world, stranger, *keys)


async def _key(folder: Path, dsn: str, scope: str) -> str:
    create = ("token", "create", "--organization", f"{SLUG}-org", "--name", "CI", "--scope", scope)
    made = await run(folder, *create, DATABASE_URL=dsn)
    assert made.code == 0, made
    return made.stdout.strip()
