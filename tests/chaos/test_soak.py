"""Minutes of load while connections of the database die at random; seconds outside a campaign."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tests.chaos.conftest import connected, make_walkable
from tests.chaos.people import load
from tests.chaos.server import server_process
from tests.chaos.test_hang_ups import POOL_SIZE, concurrent_calls, hang_ups
from tests.support.scale import SCALE
from tests.support.world import make_world

SECONDS = 180 if SCALE >= 10 else 3
WARM_UP = SECONDS / 3
GROWTH_MAX_BYTES = 16 * 1024 * 1024


async def end_some_connections(owner: asyncpg.Connection) -> int:
    """End some backends of the server, pool and listener alike; how many."""
    ended: int = await owner.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.3"
    )
    return ended


@pytest.mark.timeout(SECONDS + 180)
async def test_promises_pool_and_memory_hold_while_connections_die_under_load(
    database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    world = await make_walkable(database_url)
    with server_process(
        tmp_path, DATABASE_URL=database_url, MCPLATFORM_POOL_SIZE=str(POOL_SIZE)
    ) as server:
        await server.start()
        async with connected(database_url) as owner:
            elsewhere = await make_world(owner, slug="other-docs")
            ended, before, began = 0, 0, time.perf_counter()
            async with load(server.port, world) as ledger:
                while (passed := time.perf_counter() - began) < SECONDS:
                    if not before and passed > WARM_UP:
                        before = server.resident_bytes()
                    await asyncio.sleep(random.uniform(0.05, 0.4))
                    ended += await end_some_connections(owner)
                    number = 1_000_000 + round(passed * 1000)
                    await hang_ups(server, elsewhere, range(number, number + 5))
                await asyncio.sleep(0.5)
            grown = server.resident_bytes() - before
            await concurrent_calls(server, elsewhere, database_url, POOL_SIZE)
            await ledger.compare(owner)
        assert grown < GROWTH_MAX_BYTES
        assert server.logged_errors() == []
    assert ledger.cut == 0
    tell(
        f"{SECONDS} s with {ended} connections of the database ended: {ledger.unavailable} calls "
        f"told to try again, {ledger.answered.total()} acknowledged; 0 lost, 0 doubled; memory "
        f"grew by {grown / 1024 / 1024:.1f} MiB"
    )
