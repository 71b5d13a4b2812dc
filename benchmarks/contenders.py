"""The servers under test, each a process of its own on the server core."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import Cores
from benchmarks.world import World

POOL_SIZE = 10  # the product's default
_START_SECONDS = 60
_STOP_SECONDS = 10
_LOG_END_CHARACTERS = 2000
_PROJECT = Path(__file__).parents[1]
_CALLS_PER_MINUTE = "1000000"  # the highest that the settings take: the limiter counts, and lets go


class CannotServe(Exception):
    """A server under test did not start; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that takes part, and the command that starts it but for `--port`."""

    name: str
    command: tuple[str, ...]


OURS = Contender("mcplatform", ("-m", "app", "serve"))
FASTMCP = Contender("FastMCP", ("-m", "benchmarks.peers.fastmcp_server"))
BARE = Contender("bare ASGI", ("-m", "benchmarks.peers.bare"))


class Server(NamedTuple):
    """A server that runs."""

    process_id: int
    port: int


@asynccontextmanager
async def serving(contender: Contender, world: World, cores: Cores) -> AsyncIterator[Server]:
    """Run the contender on the server core until the block ends.

    Raises CannotServe.
    """
    port = _free_port()
    log_path = world.folder / f"{contender.name.replace(' ', '-')}-{port}.log"
    async with AsyncExitStack() as stack:
        log = stack.enter_context(log_path.open("wb"))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *contender.command,
            f"--port={port}",
            cwd=world.folder,  # no .env here
            env=_environment(world, port),
            stdout=log,
            stderr=log,
        )
        stack.push_async_callback(_stop, process)
        os.sched_setaffinity(process.pid, cores.server)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await _listening(process, port)
        except (TimeoutError, ChildProcessError) as error:
            said = log_path.read_text(errors="replace")[-_LOG_END_CHARACTERS:]
            message = f"{contender.name} does not start:\n{said}"
            raise CannotServe(message) from error
        yield Server(process.pid, port)


def _environment(world: World, port: int) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(_PROJECT),
        "DATABASE_URL": world.dsn,
        "MCPLATFORM_BASE_URL": f"http://localhost:{port}",
        "MCPLATFORM_POOL_SIZE": str(POOL_SIZE),
        "MCPLATFORM_CALLS_PER_MINUTE": _CALLS_PER_MINUTE,
        "MCPLATFORM_ADDRESS_CALLS_PER_MINUTE": _CALLS_PER_MINUTE,
    }


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise ChildProcessError


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
