"""SIGTERM: what was taken up is finished and answered, and the process leaves with code 0."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.conftest import connected, make_walkable
from tests.chaos.ledger import Person
from tests.chaos.people import load, message_bytes
from tests.chaos.server import ServerProcess, server_process
from tests.chaos.test_hang_ups import tickets_held_back, until_waiting
from tests.chaos.wire import WAIT_SECONDS, Unanswered, Wire, get, wires
from tests.support.agent import HANDSHAKE, STATELESS
from tests.support.exchange import Answered
from tests.support.world import World

CALLS = 6


async def ask_for_help(wire: Wire, world: World, number: int) -> Answered:
    """The answer to a call that opens a ticket."""
    person = Person((HANDSHAKE, STATELESS)[number % 2], f"person-{number}")
    arguments = {"title": f"Help {number}", "problemDescription": "No", "email": "a@example.com"}
    params = {"name": "get_support", "arguments": arguments}
    request = message_bytes(wire.port, world.slug, person, "tools/call", params, number)
    return await wire.exchange(request)


async def until_refused(server: ServerProcess) -> None:
    """Return when new connections are refused; TimeoutError after some seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                await get(server.port, "/live")
            except Unanswered:
                return
            await asyncio.sleep(0.02)


async def test_calls_that_are_under_way_are_answered_before_the_process_leaves(
    world: World, database_url: str, tmp_path: Path
) -> None:
    with server_process(tmp_path, DATABASE_URL=database_url) as server:
        await server.start()
        with wires(server.port, CALLS) as opened:
            async with asyncio.TaskGroup() as group, tickets_held_back(database_url):
                calls = [
                    group.create_task(ask_for_help(wire, world, number))
                    for number, wire in enumerate(opened)
                ]
                await until_waiting(world.owner, CALLS)
                server.ask_to_leave()
                await until_refused(server)
                assert server.is_running
            assert [call.result().status for call in calls] == [200] * CALLS
        assert await server.exit_code() == 0
        assert server.logged_errors() == []
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == CALLS


async def test_under_load_everything_that_was_done_was_answered(
    database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    world = await make_walkable(database_url)
    with server_process(tmp_path, DATABASE_URL=database_url) as server:
        await server.start()
        async with load(server.port, world) as ledger:
            await asyncio.sleep(0.5)
            began = time.perf_counter()
            server.ask_to_leave()
            assert await server.exit_code() == 0
            seconds = time.perf_counter() - began
        assert server.logged_errors() == []
    async with connected(database_url) as owner:
        await ledger.compare(owner, exactly=True)
    tell(
        f"SIGTERM under load: {ledger.answered.total()} calls recorded and answered, none recorded "
        f"and cut; gone with code 0 after {seconds:.1f} s"
    )


async def test_the_embedded_database_runs_until_its_last_user_has_left(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    pid_file = folder / "postgres" / "postmaster.pid"
    with (
        server_process(tmp_path, MCPLATFORM_DATA_FOLDER=str(folder)) as one,
        server_process(tmp_path, MCPLATFORM_DATA_FOLDER=str(folder)) as other,
    ):
        one.launch()
        other.launch()
        await one.ready()
        await other.ready()
        one.ask_to_leave()
        assert await one.exit_code() == 0
        assert pid_file.exists()
        assert (await get(other.port, "/ready")).status == 200
        other.ask_to_leave()
        assert await other.exit_code() == 0
        assert not pid_file.exists()


@pytest.mark.parametrize("after_seconds", [0.3, 0.9])
async def test_a_process_that_is_told_to_leave_while_it_starts_leaves_nothing_running(
    after_seconds: float, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with server_process(tmp_path, MCPLATFORM_DATA_FOLDER=str(folder)) as server:
        server.launch()
        await asyncio.sleep(after_seconds)
        server.ask_to_leave()
        assert await server.exit_code() in {0, -15}  # before Python listens, the signal ends it
        assert not (folder / "postgres" / "postmaster.pid").exists()
