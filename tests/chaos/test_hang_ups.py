"""A thousand clients hang up at the worst moments, and nothing of the server's is lost."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from tests.chaos.conftest import connected
from tests.chaos.ledger import Person
from tests.chaos.people import message_bytes
from tests.chaos.server import ServerProcess, server_process
from tests.chaos.wire import WAIT_SECONDS, wires
from tests.support.agent import HANDSHAKE, STATELESS
from tests.support.scale import scaled
from tests.support.world import World

HANG_UPS = scaled(1000)
WARM_UP = 300
AT_ONCE = 25
POOL_SIZE = 4
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what is sent at closing is RST instead of FIN
GROWTH_MAX_BYTES = 12 * 1024 * 1024


def a_request(server: ServerProcess, world: World, number: int) -> bytes:
    """A call that writes: every newcomer becomes an end user, starts, or opens a ticket."""
    person = Person(random.choice((HANDSHAKE, STATELESS)), f"hanging-{number}")
    if number % 3:
        params = {"name": "start_walkthrough", "arguments": {}}
    else:
        asked = {"title": "Help", "problemDescription": f"No {number}", "email": "a@example.com"}
        params = {"name": "get_support", "arguments": asked}
    return message_bytes(server.port, world.slug, person, "tools/call", params, number)


async def hang_up(server: ServerProcess, world: World, number: int) -> None:
    """Connect, send nothing, some or all of a request, and leave: at once, soon, or mid-answer."""
    request = a_request(server, world, number)
    head = request.index(b"\r\n\r\n") + 4
    sent = random.choice(
        (0, random.randrange(head), random.randrange(head, len(request)), len(request))
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with suppress(OSError):
        writer.write(request[:sent])
        if random.random() < 0.7:
            await asyncio.sleep(random.uniform(0, 0.01))
        if sent == len(request) and random.random() < 0.3:
            async with asyncio.timeout(WAIT_SECONDS):
                await reader.read(random.randrange(1, 200))
    if random.random() < 0.5:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def hang_ups(server: ServerProcess, world: World, numbers: range) -> None:
    """So many clients, some at once."""
    left = iter(numbers)

    async def one_after_another() -> None:
        for number in left:
            await hang_up(server, world, number)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_another())


async def until_waiting(owner: asyncpg.Connection, number: int) -> None:
    """Return when so many statements on this database wait for a lock; TimeoutError after some."""
    async with asyncio.timeout(WAIT_SECONDS):
        while number != await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def tickets_held_back(dsn: str) -> AsyncIterator[None]:
    """Whoever opens a ticket waits for the end of the block, and holds a connection meanwhile."""
    async with connected(dsn) as connection, connection.transaction():
        await connection.execute("SELECT FROM ticket_counter FOR UPDATE")
        yield


async def concurrent_calls(server: ServerProcess, world: World, dsn: str, number: int) -> None:
    """Have so many calls hold a connection at the same moment, and be answered."""
    with wires(server.port, number) as opened:
        async with asyncio.TaskGroup() as group, tickets_held_back(dsn):
            calls = [
                group.create_task(wire.exchange(a_request(server, world, 3 * (HANG_UPS + at))))
                for at, wire in enumerate(opened)
            ]
            await until_waiting(world.owner, number)
        assert [call.result().status for call in calls] == [200] * number


@pytest.mark.timeout(180 + HANG_UPS // 50)
async def test_no_connection_memory_or_file_is_lost_to_clients_that_hang_up(
    world: World, database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    await world.guide()
    with server_process(
        tmp_path, DATABASE_URL=database_url, MCPLATFORM_POOL_SIZE=str(POOL_SIZE)
    ) as server:
        await server.start()
        files = server.open_files()
        await hang_ups(server, world, range(WARM_UP))
        before = server.resident_bytes()
        await hang_ups(server, world, range(WARM_UP, HANG_UPS))
        await concurrent_calls(server, world, database_url, POOL_SIZE)
        grown = server.resident_bytes() - before
        assert grown < GROWTH_MAX_BYTES
        async with asyncio.timeout(WAIT_SECONDS):
            while server.open_files() > files + POOL_SIZE:
                await asyncio.sleep(0.05)
        assert server.logged_errors() == []
        assert [line for line in server.log_lines() if "exception" in line] == []
    tell(
        f"{HANG_UPS} hang-ups: {POOL_SIZE} of {POOL_SIZE} pool connections serve, memory grew by "
        f"{grown / 1024 / 1024:.1f} MiB after the first {WARM_UP}, no error logged"
    )
