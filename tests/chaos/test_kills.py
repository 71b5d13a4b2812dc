"""Kill -9 of the server under load: what was acknowledged is there, and there once."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.conftest import connected, make_walkable
from tests.chaos.people import load
from tests.chaos.postgres import Postgres
from tests.chaos.server import server_process
from tests.support.scale import scaled

KILLS = scaled(10)


@pytest.mark.timeout(180 + 20 * KILLS)
async def test_nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed(
    durable_postgres: Postgres, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    folder = str(tmp_path / "data")
    world = await make_walkable(durable_postgres.dsn)
    with server_process(tmp_path, MCPLATFORM_DATA_FOLDER=folder) as server:
        await server.start()
        async with load(server.port, world) as ledger:
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0.05, 0.5))
                server.kill()
                await server.start()
            await asyncio.sleep(0.2)
        assert server.logged_errors() == []
    assert ledger.cut > 0, "no kill met a call under way"
    assert ledger.unavailable == 0
    async with connected(durable_postgres.dsn) as owner:
        await ledger.compare(owner)
    tell(
        f"{KILLS} kills of the server: {ledger.answered.total()} calls, {len(ledger.completed)} "
        f"completions and {len(ledger.tickets)} tickets acknowledged, {ledger.cut} calls cut; "
        "0 lost, 0 doubled"
    )
