"""A mail server that takes mail, or does not, as a test wants it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Relay:
    """A mail server, which answers a command with `answer`, or as it should where that is None.

    `answer` is given the line; the greeting is asked for with "", the end of a mail with ".".
    """

    answer: Callable[[str], str | None]
    heard: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client until it leaves."""
        usual = {"": "220 test", "DATA": "354 go on", "QUIT": "221 bye"}
        line, is_data = "", False
        while True:
            if not is_data:
                told = self.answer(line) or usual.get(line, "250 well")
                writer.write(f"{told}\r\n".encode())
                is_data = told.startswith("354")
            if not (raw := await reader.readline()):
                break
            line = raw.decode().strip()
            self.heard.append(line)
            is_data = is_data and line != "."
        writer.close()

    def asked_for(self) -> list[str]:
        """The mailboxes of every attempt, in order."""
        return [line.partition("<")[2][:-1] for line in self.heard if line.startswith("RCPT")]

    @property
    def url(self) -> str:
        """Where it is."""
        return f"smtp://127.0.0.1:{self.port}"


@asynccontextmanager
async def relay(answer: Callable[[str], str | None]) -> AsyncIterator[Relay]:
    """A mail server on this machine, for no longer than a stuck test should last."""
    there = Relay(answer)
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(20), server:
        yield there


def first_time(mailbox: str, answer: str) -> Callable[[str], str | None]:
    """What answers so only when a mailbox that begins so is named for the first time."""
    known: set[str] = set()

    def answered(line: str) -> str | None:
        is_new = line.startswith(f"RCPT TO:<{mailbox}") and line not in known
        known.add(line)
        return answer if is_new else None

    return answered
