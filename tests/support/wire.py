"""A wire to PostgreSQL that counts what goes over it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_FLUSH, _QUERY, _SYNC, _READY = b"H", b"Q", b"S", b"Z"


@dataclass
class Wire:
    """How often a client waited for the server since `reset`, and on which of its connections.

    A client waits after Query, Sync and Flush; the server answers the first two with ReadyForQuery.
    """

    waits: int = 0
    answers: int = 0
    connections: set[int] = field(default_factory=set)

    def reset(self) -> None:
        """Count from zero."""
        self.waits = self.answers = 0
        self.connections.clear()

    def sent(self, connection: int, kind: bytes) -> None:
        """Take note of a message to the server."""
        if kind in {_FLUSH, _QUERY, _SYNC}:
            self.waits += 1
            self.connections.add(connection)

    def received(self, kind: bytes) -> None:
        """Take note of a message from the server."""
        self.answers += kind == _READY


@asynccontextmanager
async def wire(dsn: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the database at this DSN, and the DSN that leads over it."""
    parts = urlsplit(dsn)
    counted = Wire()
    running: set[asyncio.Task[None] | None] = set()
    numbers = iter(range(1_000))

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.current_task())
        number = next(numbers)
        upstream, downstream = await _connect(dsn)
        async with asyncio.TaskGroup() as both:
            both.create_task(
                _pump(reader, downstream, lambda kind: counted.sent(number, kind), skips_first=True)
            )
            both.create_task(_pump(upstream, writer, counted.received))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        user = parts.username or ""
        yield counted, f"postgresql://{user}@127.0.0.1:{port}{parts.path}?sslmode=disable"
        for task in running:
            if task is not None:
                task.cancel()
    await asyncio.gather(*(task for task in running if task), return_exceptions=True)


async def _connect(dsn: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(dsn)
    folder = parse_qs(parts.query).get("host", [""])[0]
    port = parts.port or 5432
    if folder.startswith("/"):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
    return await asyncio.open_connection(parts.hostname, port)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    observe: Callable[[bytes], None],
    *,
    skips_first: bool = False,
) -> None:
    """Pass messages on and tell the kind of each; a client's first one has none."""
    try:
        while True:
            kind = b"" if skips_first else await reader.readexactly(1)
            skips_first = False
            length = await reader.readexactly(4)
            rest = await reader.readexactly(int.from_bytes(length) - 4)
            observe(kind)
            writer.write(kind + length + rest)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
