"""PostgreSQL goes away under load and comes back: the process stays, and so does every promise."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from typing import Any, NamedTuple

import asyncpg
import pytest

from tests.chaos.conftest import connected, make_walkable
from tests.chaos.ledger import Person
from tests.chaos.people import assert_clean, load, message_bytes
from tests.chaos.postgres import Postgres, Shutdown, postgres
from tests.chaos.server import ServerProcess, server_process
from tests.chaos.wire import WAIT_SECONDS, Wire, get
from tests.support.agent import HANDSHAKE, STATELESS
from tests.support.exchange import Answered
from tests.support.scale import scaled

RESTARTS = scaled(1)
HEALTH = "/api/mcpserver/health"


class Stage(NamedTuple):
    """A server process and the PostgreSQL under it."""

    server: ServerProcess
    postgres: Postgres


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One process for all tests of this file: surviving each of them is part of the next."""
    folder = tmp_path_factory.mktemp("stage")
    with postgres(folder / "data") as running:
        await make_walkable(running.dsn)
        with server_process(folder, DATABASE_URL=running.dsn) as server:
            await server.start()
            yield Stage(server, running)
            assert server.is_running
            assert server.logged_errors() == []


async def ask(
    server: ServerProcess, method: str, params: dict[str, Any], version: str = HANDSHAKE
) -> Answered:
    """The answer to one request with the id 77."""
    person = Person(version, "ann")
    with closing(Wire(server.port)) as wire:
        return await wire.exchange(
            message_bytes(server.port, "acme-docs", person, method, params, 77)
        )


async def until_refused(
    server: ServerProcess, method: str, params: dict[str, Any], version: str
) -> Answered:
    """The first answer that is no success: the server may not know yet that notices are lost."""
    async with asyncio.timeout(WAIT_SECONDS):
        while (answered := await ask(server, method, params, version)).status == 200:
            await asyncio.sleep(0.02)
    return answered


async def until_status(server: ServerProcess, path: str, status: int) -> Answered:
    """The first answer with this status; TimeoutError after some seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while (answered := await get(server.port, path)).status != status:
            await asyncio.sleep(0.02)
    return answered


async def tools(server: ServerProcess) -> list[str]:
    """The names of the tools that the server lists."""
    answered = await ask(server, "tools/list", {})
    return [tool["name"] for tool in answered.json["result"]["tools"]]


async def until_kept(server: ServerProcess, owner: asyncpg.Connection) -> None:
    """Return once the configuration is read from memory; TimeoutError after some seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            await tools(server)
            async with owner.transaction():
                await owner.execute("LOCK TABLE server IN ACCESS EXCLUSIVE MODE")
                try:
                    async with asyncio.timeout(0.5):
                        await tools(server)
                except TimeoutError:
                    continue
                return


@pytest.mark.parametrize("shutdown", Shutdown, ids=lambda shutdown: shutdown.name.lower())
async def test_the_first_call_succeeds_within_a_second_of_the_databases_return(
    shutdown: Shutdown, stage: Stage, tell: Callable[[str], None]
) -> None:
    waits = []
    world = await make_walkable(stage.postgres.dsn, slug=f"{shutdown.name.lower()}-docs")
    async with load(stage.server.port, world) as ledger:
        for _ in range(RESTARTS):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(stage.postgres.stop, shutdown)
            await asyncio.sleep(0.3)
            gone = time.perf_counter()
            starting = asyncio.to_thread(stage.postgres.start)
            _, returned = await asyncio.gather(starting, stage.postgres.until_it_answers())
            await asyncio.sleep(1)
            waits.append(ledger.first_answer_after(gone) - returned)
    assert stage.server.is_running
    assert ledger.unavailable > 0
    assert ledger.cut == 0, "a connection was cut"
    async with connected(stage.postgres.dsn) as owner:
        await ledger.compare(owner)
    assert max(waits) < 1
    tell(
        f"{RESTARTS} restart(s) of PostgreSQL, {shutdown.name.lower()}: first success "
        f"{max(waits) * 1000:.0f} ms after its return, {ledger.unavailable} calls told to try "
        f"again, {ledger.answered.total()} acknowledged; 0 lost, 0 doubled"
    )


async def test_errors_meanwhile_carry_the_id_of_their_request_and_tell_when_to_try_again(
    stage: Stage,
) -> None:
    call = {"name": "start_walkthrough", "arguments": {}}
    initialize = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {}}
    assert (await ask(stage.server, "tools/call", call)).status == 200
    stage.postgres.stop(Shutdown.FAST)
    for version in (HANDSHAKE, STATELESS):
        for method, params in (("tools/call", call), ("tools/list", {})):
            assert_clean(await until_refused(stage.server, method, params, version), 77)
    assert_clean(await until_refused(stage.server, "initialize", initialize, HANDSHAKE), 77)
    stage.postgres.start()


async def test_readiness_and_health_tell_of_the_absence_and_of_the_return(stage: Stage) -> None:
    stage.postgres.stop(Shutdown.IMMEDIATE)
    ready = await until_status(stage.server, "/ready", 503)
    assert ready.json == {"status": "not ready", "reason": "The database does not answer."}
    assert int(ready.headers["retry-after"]) >= 1
    assert (await until_status(stage.server, HEALTH, 503)).json == {
        "status": "unhealthy",
        "checks": {"database": "disconnected", "redis": "not_configured"},
    }
    assert (await get(stage.server.port, "/live")).status == 200
    stage.postgres.start()
    await until_status(stage.server, "/ready", 200)
    async with connected(stage.postgres.dsn) as owner:
        servers = await owner.fetchval("SELECT count(*) FROM server")
    assert (await until_status(stage.server, HEALTH, 200)).json == {
        "status": "healthy",
        "checks": {
            "database": "connected",
            "redis": "not_configured",
            "registeredServers": servers,
        },
    }


async def test_configuration_is_kept_in_memory_and_followed_again_after_the_return(
    stage: Stage,
) -> None:
    stage.postgres.stop(Shutdown.FAST)
    stage.postgres.start()
    async with connected(stage.postgres.dsn) as owner:
        await until_kept(stage.server, owner)
        assert "get_support" in await tools(stage.server)
        await owner.execute("UPDATE server SET support_ticket_type = 'none'")
        async with asyncio.timeout(WAIT_SECONDS):
            while "get_support" in await tools(stage.server):
                await asyncio.sleep(0.01)
