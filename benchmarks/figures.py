"""What was measured, and how it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, Self


class Sample(NamedTuple):
    """Calls that were made in one go; `latencies_ms` in ascending order."""

    latencies_ms: list[float]
    wall_seconds: float
    cpu_seconds: float

    @property
    def calls(self) -> int:
        """How many calls."""
        return len(self.latencies_ms)


class Figures(NamedTuple):
    """What a call costs the server, and what whoever makes it sees.

    `core_share` is how much of the server's core the server kept busy, 0–1.
    """

    cpu_us: float
    core_share: float
    calls_per_second: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """The figures of one sample."""
        return cls(
            sample.cpu_seconds / sample.calls * 1e6,
            sample.cpu_seconds / sample.wall_seconds,
            sample.calls / sample.wall_seconds,
            percentile(sample.latencies_ms, 50),
            percentile(sample.latencies_ms, 99),
        )

    @classmethod
    def medians(cls, samples: Sequence[Sample]) -> Self:
        """Of each figure its median over the samples."""
        return cls(*(median(column) for column in zip(*map(cls.of, samples), strict=True)))


@dataclass(frozen=True, slots=True)
class Check:
    """A target, and whether it was met."""

    target: str
    measured: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one benchmark."""

    title: str
    body: str
    checks: tuple[Check, ...] = ()

    @property
    def text(self) -> str:
        """The report for people."""
        verdicts = [
            f"{'met   ' if check.is_met else 'MISSED'}  {check.target}: {check.measured}"
            for check in self.checks
        ]
        return "\n".join((f"\n{self.title}\n", self.body, "", *verdicts))


def percentile(ascending: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` of the values do not exceed."""
    rank = -(-len(ascending) * percent // 100)
    return ascending[max(rank, 1) - 1]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they must be; the first one flush left, figures flush right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, *rows)
    )
