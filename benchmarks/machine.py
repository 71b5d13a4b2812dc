"""The machine: which core does what, and what a process has used of it."""

import os
import platform
from pathlib import Path
from typing import NamedTuple

import click

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_BYTES_PER_MEGABYTE = 1_000_000


class Cores(NamedTuple):
    """Who runs where: one core for the server under test, the others for everything else."""

    server: frozenset[int]
    others: frozenset[int]


class Memory(NamedTuple):
    """Resident memory of a process in megabytes: now, and at its highest."""

    resident: float
    peak: float


def split_cores() -> Cores:
    """One of this process's cores for servers and the others for the rest, this process included.

    What is started from here on runs on the others. Raises ClickException where that cannot be.
    """
    if not hasattr(os, "sched_getaffinity") or not Path("/proc/self/stat").exists():
        message = "The benchmarks pin processes to cores and read /proc: they need Linux."
        raise click.ClickException(message)
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        message = "The benchmarks need two cores: one for the server, one for the load."
        raise click.ClickException(message)
    os.sched_setaffinity(0, others)
    return Cores(frozenset({first}), frozenset(others))


def cpu_seconds(process_id: int) -> float:
    """CPU time that a process has used, in user and in kernel mode."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def memory(process_id: int) -> Memory:
    """Resident memory of a process."""
    status = Path(f"/proc/{process_id}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines())
    return Memory(_megabytes(facts["VmRSS"]), _megabytes(facts["VmHWM"]))


def description(cores: Cores, postgres: str) -> str:
    """The machine and its software on one line, and who ran where on another."""
    models = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    python = f"Python {platform.python_version()}"
    return (
        f"{', '.join(models) or platform.machine()}, {python}, {postgres}\n"
        f"server under test: core {_listed(cores.server)}; "
        f"load generator and PostgreSQL: core {_listed(cores.others)}"
    )


def _listed(cores: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(cores)))


def _megabytes(kibibytes: str) -> float:
    return int(kibibytes.strip().partition(" ")[0]) * 1024 / _BYTES_PER_MEGABYTE
