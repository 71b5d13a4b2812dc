"""Analytics: who used what, where people stop, and who needs help. Read-only figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.enums import Outcome, TicketStatus
from app.core.scope import MemberScope
from app.domain import permissions, servers, walkthroughs
from app.domain.analytics_span import ChartInterval, RecentSpan, Span, between, latest
from app.domain.permissions import Action
from app.repositories import database
from app.repositories.analytics import Analytics, Asked
from app.repositories.database import Row

__all__ = ["ChartInterval", "RecentSpan", "Span", "View", "between", "latest", "view"]

MOST_WALKTHROUGHS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the figures are about: a time, and one server or all of them."""

    span: Span
    server_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigures:
    """Calls and how they ended; half of them, and 95 % of them, took no longer than this."""

    calls: int
    ok: int
    refused: int
    error: int
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBucket:
    """The calls of one interval."""

    start: datetime
    figures: CallFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSeries:
    """The calls of one tool, or of all where `tool` is None, in all and by interval."""

    tool: str | None
    total: CallFigures
    buckets: tuple[CallBucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How many in one interval."""

    start: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """How many in all, and in each interval. Of different end users the sum may be more."""

    total: int
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """How many runs were presented a step and did it, and how long half of those took at most."""

    step_id: str
    title: str
    position: int
    reached: int
    completed: int
    median_seconds: float | None

    @property
    def dropped(self) -> int:
        """Runs that reached the step and have not done it, also those that are still at it."""
        return self.reached - self.completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What has become of the runs of a walkthrough that were started in a time."""

    span: Span
    started: int
    finished: int
    median_seconds: float | None
    steps: tuple[FunnelStep, ...]

    @property
    def completion_rate(self) -> float | None:
        """The share of started runs that are finished, from 0 to 1; None without any."""
        return _rate(self.finished, self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkthroughRuns:
    """How many runs of a walkthrough were started, and how many of those are finished."""

    walkthrough_id: str
    started: int
    finished: int

    @property
    def completion_rate(self) -> float | None:
        """The share of started runs that are finished, from 0 to 1; None without any."""
        return _rate(self.finished, self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFigures:
    """Tickets that were opened in a time, and what has become of them."""

    opened: Series
    by_status: Mapping[TicketStatus, int]
    median_answer_seconds: float | None
    median_resolution_seconds: float | None


async def view(scope: MemberScope, span: Span, *, server_id: str | None = None) -> View:
    """What to read figures of. Raises NotPermitted, and NotFound for an unknown server."""
    permissions.require(scope, Action.READ_ANALYTICS)
    if server_id is not None:
        await servers.by_id(scope, server_id)
    return View(span=span, server_id=server_id)


async def calls(scope: MemberScope, of: View) -> tuple[CallSeries, ...]:
    """Tool calls: first all of them, then each tool that was called, the most called first."""
    async with database.connection(scope):
        rows = await _analytics(scope, of, of.span).calls()
    found = {(row["tool"], row["start"]): _call_figures(row) for row in rows}
    tools = [row["tool"] for row in rows if row["start"] is None and row["tool"] is not None]
    none = CallFigures(calls=0, ok=0, refused=0, error=0, p50_ms=None, p95_ms=None)
    return tuple(
        CallSeries(
            tool=tool,
            total=found.get((tool, None), none),
            buckets=tuple(
                CallBucket(start=start, figures=found.get((tool, start), none))
                for start in of.span.starts
            ),
        )
        for tool in (None, *tools)
    )


async def connections(scope: MemberScope, of: View) -> Series:
    """Sessions and visits, by when they were opened."""
    async with database.connection(scope):
        rows = await _analytics(scope, of, of.span).connections()
    return _series(of.span, rows)


async def end_users(scope: MemberScope, of: View) -> Series:
    """Different end users who called a tool; each counts once in all, and once in an interval."""
    async with database.connection(scope):
        rows = await _analytics(scope, of, of.span).end_users()
    return _series(of.span, rows)


async def funnel(scope: MemberScope, of: View, walkthrough_id: str) -> Funnel:
    """The walkthrough's funnel. Raises NotFound."""
    await walkthroughs.by_id(scope, walkthrough_id)
    span = of.span.hours
    async with database.connection(scope):
        run, *steps = await _analytics(scope, of, span).funnel(walkthrough_id)
    return Funnel(
        span=span,
        started=run["begun"],
        finished=run["ended"],
        median_seconds=run["median_seconds"],
        steps=tuple(map(_funnel_step, steps)),
    )


async def walkthrough_runs(scope: MemberScope, of: View) -> tuple[WalkthroughRuns, ...]:
    """The walkthroughs of which runs were started, at most 50, the most started first."""
    async with database.connection(scope):
        rows = await _analytics(scope, of, of.span.hours).walkthroughs(MOST_WALKTHROUGHS)
    return tuple(
        WalkthroughRuns(walkthrough_id=row["id"], started=row["started"], finished=row["finished"])
        for row in rows
    )


async def tickets(
    scope: MemberScope, of: View, *, walkthrough_id: str | None = None
) -> TicketFigures:
    """Tickets, by when they were opened; of one walkthrough, those of people who were in it."""
    if walkthrough_id is not None:
        await walkthroughs.by_id(scope, walkthrough_id)
    async with database.connection(scope):
        rows = await _analytics(scope, of, of.span).tickets(walkthrough_id)
    of_status = {row["status"]: row["number"] for row in rows if row["status"] is not None}
    [total] = [row for row in rows if row["status"] is None and row["start"] is None]
    return TicketFigures(
        opened=_series(of.span, [row for row in rows if row["status"] is None]),
        by_status={status: of_status.get(status.value, 0) for status in TicketStatus},
        median_answer_seconds=total["median_answer_seconds"],
        median_resolution_seconds=total["median_resolution_seconds"],
    )


def _analytics(scope: MemberScope, of: View, span: Span) -> Analytics:
    asked = Asked(
        server_id=of.server_id,
        since=span.since,
        until=span.until,
        interval=span.interval.length,
    )
    return Analytics(scope, asked)


def _call_figures(row: Row) -> CallFigures:
    return CallFigures(
        calls=row["calls"],
        **{outcome.value: row[outcome.value] for outcome in Outcome},
        p50_ms=row["p50_ms"],
        p95_ms=row["p95_ms"],
    )


def _funnel_step(row: Row) -> FunnelStep:
    return FunnelStep(
        step_id=row["id"],
        title=row["title"],
        position=row["position"],
        # Someone whose step was removed is presented another one, which no completion tells of.
        reached=max(row["begun"], row["ended"]),
        completed=row["ended"],
        median_seconds=row["median_seconds"],
    )


def _series(span: Span, rows: Iterable[Row] | Sequence[Row]) -> Series:
    found = {row["start"]: row["number"] for row in rows}
    buckets = tuple(Bucket(start=start, count=found.get(start, 0)) for start in span.starts)
    return Series(total=found.get(None, 0), buckets=buckets)


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
