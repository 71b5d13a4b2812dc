"""A PostgreSQL of the test's own, durable as in production, that goes away and comes back."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum
from pathlib import Path

import asyncpg

from app.core.embedded_postgres import embedded_postgres
from tests.chaos.wire import WAIT_SECONDS


class Shutdown(IntEnum):
    """PostgreSQL's ways to stop, by their signals; immediate is a crash to recover from."""

    FAST = signal.SIGINT
    IMMEDIATE = signal.SIGQUIT


class Postgres:
    """A cluster that runs."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.dsn = stack.enter_context(embedded_postgres(folder))

    def stop(self, shutdown: Shutdown) -> None:
        """Stop it; on return it is gone."""
        pid_file = self._folder / "postgres" / "postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), shutdown)
        deadline = time.monotonic() + WAIT_SECONDS
        while pid_file.exists():
            assert time.monotonic() < deadline, "PostgreSQL does not stop"
            time.sleep(0.005)

    def start(self) -> None:
        """Start it again; whoever wants a cluster that does not run starts it."""
        self._stack.enter_context(embedded_postgres(self._folder))

    async def until_it_answers(self) -> float:
        """The moment (`perf_counter` seconds) at which it answers a question again."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    connection = await asyncpg.connect(self.dsn, timeout=WAIT_SECONDS)
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.002)
                else:
                    moment = time.perf_counter()
                    await connection.close()
                    return moment


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A cluster in this folder, stopped after the block."""
    with ExitStack() as stack:
        yield Postgres(folder, stack)
