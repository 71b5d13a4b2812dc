"""The product as operators run it, for clients that know nothing of its insides."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.command import Serving, serving
from tests.support.redis_servers import free_port
from tests.support.world import Guide, World


@pytest.fixture
async def guide(world: World) -> Guide:
    """A walkthrough of twelve steps on the server acme-docs."""
    return await world.guide(12)


@pytest.fixture
async def platform(guide: Guide, database_url: str, tmp_path: Path) -> AsyncIterator[Serving]:
    """A process that serves acme-docs at 127.0.0.1 as well, which every client can reach."""
    aliases = {"DATABASE_URL": database_url, "MCPLATFORM_HOST_ALIASES": "127.0.0.1=acme-docs"}
    async with serving(tmp_path, free_port(), "serve", **aliases) as server:
        yield server
