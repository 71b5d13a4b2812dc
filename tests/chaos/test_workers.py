"""Several worker processes: one that is killed loses nothing, none outlives its supervisor."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.chaos.conftest import connected, make_walkable
from tests.chaos.people import load
from tests.chaos.server import ServerProcess, server_process
from tests.chaos.wire import WAIT_SECONDS, Unanswered, get
from tests.support.redis_servers import redis_server

STARTED = "Application startup complete."


def workers(server: ServerProcess) -> list[int]:
    """The process ids of all workers that were ever started, in order."""
    prefix = "Started server process ["
    return [
        int(line["event"].removeprefix(prefix).rstrip("]"))
        for line in server.log_lines()
        if line["event"].startswith(prefix)
    ]


async def until_started(server: ServerProcess, number: int) -> None:
    """Return when so many workers have started, counted from the beginning."""
    async with asyncio.timeout(WAIT_SECONDS):
        while [line["event"] for line in server.log_lines()].count(STARTED) < number:
            assert server.is_running, server.log_text()
            await asyncio.sleep(0.05)


async def until_refused(server: ServerProcess) -> None:
    """Return when nobody listens any more; TimeoutError after some seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        with suppress(Unanswered):
            while (await get(server.port, "/live")).status == 200:
                await asyncio.sleep(0.05)


async def test_a_killed_worker_loses_nothing_and_a_killed_supervisor_takes_its_workers_along(
    database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    world = await make_walkable(database_url)
    with (
        redis_server() as redis_url,
        server_process(tmp_path, DATABASE_URL=database_url, REDIS_URL=redis_url) as server,
    ):
        server.launch("--workers", "2")
        await until_started(server, 2)
        try:
            async with load(server.port, world) as ledger:
                await asyncio.sleep(0.2)
                os.kill(workers(server)[0], signal.SIGKILL)
                await asyncio.sleep(0.7)
            async with connected(database_url) as owner:
                await ledger.compare(owner)
            assert ledger.answered.total() > 0
            server.kill()
            await until_refused(server)
        finally:
            for worker in workers(server)[1:]:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
    tell(
        f"1 of 2 workers killed: {ledger.answered.total()} calls acknowledged, {ledger.cut} cut; "
        "0 lost, 0 doubled; the other leaves when the supervisor is killed"
    )
