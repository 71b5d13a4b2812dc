"""HTTP/1.1 on a bare socket: what was sent, what was answered and what was cut is known exactly."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.support.exchange import Answered

WAIT_SECONDS = 40  # what takes longer is a hang; a busy machine may take seconds


class Unanswered(Exception):
    """The connection was refused or cut; `was_sent` where the server may have the request."""

    def __init__(self, *, was_sent: bool) -> None:
        super().__init__()
        self.was_sent = was_sent


class Wire:
    """A connection that is kept alive, and opened again when it was lost."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: bytes) -> Answered:
        """The answer to these bytes. Raises Unanswered, and TimeoutError when nothing comes."""
        async with asyncio.timeout(WAIT_SECONDS):
            was_sent = False
            try:
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self.port)
                reader, writer = self._streams
                was_sent = True
                writer.write(request)
                answered = await _read(reader)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.close()
                raise Unanswered(was_sent=was_sent) from error
        if answered.headers.get("connection") == "close":
            self.close()
        return answered

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@contextmanager
def wires(port: int, number: int) -> Iterator[list[Wire]]:
    """So many connections, closed after the block."""
    opened = [Wire(port) for _ in range(number)]
    try:
        yield opened
    finally:
        for wire in opened:
            wire.close()


def request_bytes(
    method: str, path: str, *, host: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """A whole request."""
    told = {"host": host, **(headers or {})}
    if body:
        told["content-length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def get(port: int, path: str, *, host: str = "localhost") -> Answered:
    """The answer to a GET on a connection of its own."""
    with closing(Wire(port)) as wire:
        return await wire.exchange(request_bytes("GET", path, host=host))


async def _read(reader: asyncio.StreamReader) -> Answered:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head[:-4].split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answered(int(status_line.split()[1]), headers, body)
