"""The `mcplatform` command as a process of its own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

START_SECONDS = 30
_OURS = ("MCPLATFORM_", "DATABASE_URL", "REDIS_URL", "PROMETHEUS_")


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


async def run(folder: Path, *arguments: str, **settings: str) -> Ended:
    """Run a command in `folder` with no settings of ours but these, to its end."""
    process = await started(folder, arguments, settings)
    async with asyncio.timeout(START_SECONDS):
        stdout, stderr = await process.communicate()
    return Ended(process.returncode or 0, stdout.decode(), stderr.decode())


class Serving(NamedTuple):
    """A command that serves at `url`."""

    url: str
    process: Process

    async def says(self, text: str) -> str:
        """What it prints up to and with the line that contains the text."""
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(START_SECONDS):
            while text not in said:
                line = await self.process.stdout.readline()
                assert line, f"it ended after: {said}"
                said += line.decode()
        return said

    async def leave(self, sign: signal.Signals = signal.SIGTERM) -> Ended:
        """Ask it to leave, and wait until it has."""
        self.process.send_signal(sign)
        async with asyncio.timeout(START_SECONDS):
            stdout, stderr = await self.process.communicate()
        return Ended(self.process.returncode or 0, stdout.decode(), stderr.decode())


@asynccontextmanager
async def serving(
    folder: Path, port: int, *arguments: str, **settings: str
) -> AsyncIterator[Serving]:
    """Run a command that serves on `port`, from when it is ready until the block ends."""
    process = await started(folder, (*arguments, "--port", str(port)), settings)
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
            while process.returncode is None and not await _is_ready(client, url):
                await asyncio.sleep(0.05)
        yield Serving(url, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/ready")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def started(folder: Path, arguments: tuple[str, ...], settings: dict[str, str]) -> Process:
    """A command that runs in `folder` with no settings of ours but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    root = Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app", *arguments),
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(root), **settings},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
