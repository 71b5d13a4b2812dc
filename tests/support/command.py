"""The `mcplatform` command as a process of its own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NamedTuple

import httpx

START_SECONDS = 60
_TAIL_CHARACTERS = 4000
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
    """A command that serves at `url`, and writes its stderr into the file `log`."""

    url: str
    process: Process
    log: Path

    def logged(self) -> str:
        """What it has written to stderr so far."""
        return self.log.read_text(errors="replace")

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
            stdout, _ = await self.process.communicate()
        return Ended(self.process.returncode or 0, stdout.decode(), self.logged())


@asynccontextmanager
async def serving(
    folder: Path, port: int, *arguments: str, **settings: str
) -> AsyncIterator[Serving]:
    """Run a command that serves on `port`, from when it is ready until the block ends.

    Nobody reads along what it logs: a pipe would fill and stop it. Tests that fail show the end.
    """
    with NamedTemporaryFile() as log:
        process = await started(folder, (*arguments, "--port", str(port)), settings, stderr=log)
        server = Serving(f"http://127.0.0.1:{port}", process, Path(log.name))
        try:
            async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
                while process.returncode is None and not await _is_ready(client, server.url):
                    await asyncio.sleep(0.05)
            yield server
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
            sys.stderr.write(server.logged()[-_TAIL_CHARACTERS:])


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/ready")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def started(
    folder: Path,
    arguments: tuple[str, ...],
    settings: dict[str, str],
    *,
    stderr: int | IO[bytes] = PIPE,
) -> Process:
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
        stderr=stderr,
    )
