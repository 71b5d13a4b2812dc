"""The server as operators run it: a process of its own, which can be killed and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from tests.chaos.wire import Unanswered, get
from tests.support.redis_servers import free_port

PROJECT = Path(__file__).parents[2]
READY_SECONDS = 60
LEAVE_SECONDS = 40  # longer than the grace that calls under way are given


class ServerProcess:
    """`mcplatform serve` on a port of its own; settings by their environment variables."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._log = folder / f"server-{self.port}.log"
        self._environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "PYTHONPATH": str(PROJECT),
            "MCPLATFORM_ADDRESS_CALLS_PER_MINUTE": "1000000",
            "MCPLATFORM_CALLS_PER_MINUTE": "1000000",
            "MCPLATFORM_LOG_FORMAT": "json",
            **variables,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def launch(self, *arguments: str) -> None:
        """Begin to start the process."""
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port), *arguments]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,  # where no .env lies
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start(self) -> None:
        """Start the process; on return it is ready to serve."""
        self.launch()
        await self.ready()

    async def ready(self) -> None:
        """Wait until it is ready to serve."""
        async with asyncio.timeout(READY_SECONDS):
            while not await self._is_ready():
                assert self.is_running, self.log_text()
                await asyncio.sleep(0.02)

    async def _is_ready(self) -> bool:
        with suppress(Unanswered):
            return (await get(self.port, "/ready")).status == 200
        return False

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill -9: it gets no chance to do anything."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def ask_to_leave(self) -> None:
        """Send SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    async def exit_code(self) -> int:
        """The exit code, once the process has ended."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, LEAVE_SECONDS)

    def resident_bytes(self) -> int:
        """The memory that the process occupies."""
        told = subprocess.check_output(["ps", "-o", "rss=", "-p", str(self.pid)])
        return int(told) * 1024

    def open_files(self) -> int:
        """How many files and sockets the process has open; 0 where the system does not tell."""
        folder = Path(f"/proc/{self.pid}/fd")
        return len(list(folder.iterdir())) if folder.exists() else 0

    def log_text(self) -> str:
        """Everything that the process logged."""
        return self._log.read_text(errors="replace")

    def log_lines(self) -> list[dict[str, Any]]:
        """The events that the process logged; what is none reads as an error."""
        lines = []
        for line in self.log_text().splitlines():
            try:
                lines.append(msgspec.json.decode(line))
            except msgspec.DecodeError:
                lines.append({"level": "error", "event": line})
        return lines

    def logged_errors(self) -> list[dict[str, Any]]:
        """What was logged at level error, and whatever is no event at all, such as a trace."""
        return [line for line in self.log_lines() if line["level"] in {"error", "critical"}]


@contextmanager
def server_process(folder: Path, **variables: str) -> Iterator[ServerProcess]:
    """A server that is not started yet, and that does not outlive the block."""
    process = ServerProcess(folder, **variables)
    try:
        yield process
    finally:
        if process.is_running:
            process.kill()
