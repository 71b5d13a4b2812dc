"""An HTTP client that costs next to nothing: one keep-alive connection, one request at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import NamedTuple, cast

from typing_extensions import override

_ANSWER_SECONDS = 30
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Answer(NamedTuple):
    """An HTTP answer, and how long it took from the first byte sent to the last one received."""

    status: int
    body: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """One connection; the servers under test always tell a Content-Length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None
        self._sent = 0.0

    async def exchange(self, request: bytes) -> Answer:
        """The answer to a request. Raises ConnectionError when the server hangs up."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._sent = perf_counter()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    @override
    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        head_end = received.find(_HEAD_END)
        if head_end < 0:
            return
        body = received[head_end + len(_HEAD_END) :]
        if len(body) < _content_length(received[:head_end]) or self._answer is None:
            return
        seconds = perf_counter() - self._sent
        self._received = b""
        self._answer.set_result(Answer(int(received[9:12]), body, seconds))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server hung up"))


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """Open connections to a server on this machine."""
    loop = asyncio.get_running_loop()
    opened: list[Connection] = []
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            for _ in range(count):
                _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
                opened.append(connection)
        yield opened
    finally:
        for connection in opened:
            connection.close()


def _content_length(head: bytes) -> int:
    begin = head.lower().find(_LENGTH)
    if begin < 0:
        return 0
    return int(head[begin + len(_LENGTH) :].partition(b"\r\n")[0])
