"""Fixtures of the MCP plane's tests."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from app.core import clock
from app.models.engine import DB
from tests.support.agent import HANDSHAKE, STATELESS
from tests.support.databases import tenant_role_of
from tests.support.wire import Wire, wire
from tests.support.world import Guide, World


@pytest.fixture(params=[HANDSHAKE, STATELESS])
def version(request: pytest.FixtureRequest) -> str:
    """Each era of the protocol in turn."""
    return str(request.param)


class StoppedClock:
    """The product's clock, which goes on only when it is told to."""

    def __init__(self) -> None:
        self.moment = clock.now()

    def now(self) -> datetime:
        """The moment it shows."""
        return self.moment

    def forward(self, **time: float) -> None:
        """Let this much time pass."""
        self.moment += timedelta(**time)


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    """The one clock, in the test's hands."""
    stopped = StoppedClock()
    monkeypatch.setattr(clock, "now", stopped.now)
    return stopped


@pytest.fixture
async def guide(world: World) -> Guide:
    """A walkthrough with three steps, on a server with all tools."""
    await world.change_server(walkthrough_toolset="both")
    return await world.guide(3)


@pytest.fixture
async def classic(world: World) -> World:
    """A server with the classic toolset."""
    await world.change_server(walkthrough_toolset="classic")
    return world


@pytest.fixture
async def counted(database_url: str) -> AsyncIterator[Wire]:
    """The wire that the pool's connections go over."""
    async with wire(database_url) as (counted, dsn):
        await DB.start(dsn, tenant_role=await tenant_role_of(database_url), pool_size=5)
        try:
            yield counted
        finally:
            await DB.stop()
