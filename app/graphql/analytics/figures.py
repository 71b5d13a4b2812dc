"""Charts as clients see them: series, funnels, figures of tickets."""

from datetime import datetime

import strawberry

from app.core.enums import TicketStatus
from app.domain.analytics_span import MOST_INTERVALS, RecentSpan
from app.graphql.context import Info
from app.graphql.limits import LIST_SIZE
from app.graphql.walkthroughs.types import Walkthrough, walkthrough_shown

_IN_EACH = {LIST_SIZE: MOST_INTERVALS}
_RATE = "How many of the started ones are finished, from 0 to 1; null if none was started."


@strawberry.input(description="Which time: either last, or since and perhaps until.")
class AnalyticsRangeInput:
    """A time for charts."""

    last: RecentSpan | None = strawberry.field(
        default=None, description="The time up to now; instead of since and until."
    )
    since: datetime | None = strawberry.field(
        default=None, description="From this moment; without an offset it is UTC."
    )
    until: datetime | None = strawberry.field(
        default=None, description="Up to this moment, at most 366 days later; now without."
    )


@strawberry.type(description="Tool calls: how many, how they ended, how long they took.")
class CallFigures:
    """Calls of some time, of one tool or of all."""

    calls: int = strawberry.field(description="How many calls were answered.")
    ok: int = strawberry.field(description="How many did what was asked.")
    refused: int = strawberry.field(
        description="How many were refused for a reason that the agent was told."
    )
    error: int = strawberry.field(description="How many failed for a reason of the platform.")
    p50_ms: float | None = strawberry.field(
        description="Milliseconds that half of the calls did not exceed, within 5 %; null without."
    )
    p95_ms: float | None = strawberry.field(
        description="Milliseconds that 95 % of the calls did not exceed, within 5 %; null without."
    )


@strawberry.type(description="The tool calls of one interval.")
class CallBucket:
    """One point of a chart of calls."""

    start: datetime = strawberry.field(description="When the interval begins.")
    figures: CallFigures = strawberry.field(description="Its calls.")


@strawberry.type(description="The calls of one tool over time.")
class ToolSeries:
    """A tool's part of the chart."""

    tool: str = strawberry.field(description="The tool's name.")
    total: CallFigures = strawberry.field(description="Its calls in the whole time.")
    buckets: list[CallBucket] = strawberry.field(
        description="Every interval in order, also those without calls.", metadata=_IN_EACH
    )


@strawberry.type(description="The calls of all tools over time.")
class CallAnalytics:
    """The chart of calls."""

    total: CallFigures = strawberry.field(description="All calls in the whole time.")
    buckets: list[CallBucket] = strawberry.field(
        description="Every interval in order, also those without calls.", metadata=_IN_EACH
    )
    tools: list[ToolSeries] = strawberry.field(
        description="Each tool that was called, the one with the most calls first."
    )


@strawberry.type(description="How many in one interval.")
class CountBucket:
    """One point of a chart."""

    start: datetime = strawberry.field(description="When the interval begins.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How many over time.")
class CountSeries:
    """A chart of one line."""

    total: int = strawberry.field(
        description="How many in the whole time. Of end users each counts once, so that this may "
        "be less than the intervals together."
    )
    buckets: list[CountBucket] = strawberry.field(
        description="Every interval in order, also empty ones.", metadata=_IN_EACH
    )


@strawberry.type(description="A step of a walkthrough and the runs that came to it.")
class FunnelStep:
    """One bar of the funnel."""

    step_id: strawberry.ID = strawberry.field(description="The step's id.")
    title: str = strawberry.field(description="The step's title.")
    position: int = strawberry.field(description="Where it stands in the walkthrough, from 1.")
    reached: int = strawberry.field(description="Runs in which the step was presented.")
    completed: int = strawberry.field(description="Runs in which it was done.")
    dropped: int = strawberry.field(
        description="Runs in which it was presented and is not done so far, also while somebody is "
        "still at it: reached less completed. With serverId, a run in which it was done on another "
        "server counts too."
    )
    median_seconds: float | None = strawberry.field(
        description="Seconds from its presentation to its completion that half of the runs did not "
        "exceed, within 5 %; null if no one has done it."
    )


@strawberry.type(
    description="What has become, up to now, of the runs of a walkthrough that were started in the "
    "time. A run is one go of an end user; a restart begins another. The steps are those that the "
    "walkthrough has now: removed ones do not show, and an inserted one was reached only by runs "
    "that were presented it. With serverId, a start counts where the run was started, and a step "
    "where it was presented or done."
)
class Funnel:
    """A walkthrough's funnel."""

    since: datetime = strawberry.field(
        description="From when on runs were started: the time asked for, from a full hour."
    )
    until: datetime = strawberry.field(
        description="Up to when runs were started: the time asked for, to a full hour."
    )
    started: int = strawberry.field(description="Runs that were started.")
    finished: int = strawberry.field(
        description="Runs in which everything was done, whether or not steps were added later."
    )
    completion_rate: float | None = strawberry.field(description=_RATE)
    median_seconds: float | None = strawberry.field(
        description="Seconds from start to finish that half of the finished runs did not exceed, "
        "within 5 %; null if none is finished."
    )
    steps: list[FunnelStep] = strawberry.field(description="The walkthrough's steps in order.")


@strawberry.type(description="A walkthrough and its runs that were started in the time.")
class WalkthroughRuns:
    """One line of the overview."""

    walkthrough_id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    started: int = strawberry.field(description="Runs that were started.")
    finished: int = strawberry.field(description="Those of them in which everything was done.")
    completion_rate: float | None = strawberry.field(description=_RATE)

    @strawberry.field(description="The walkthrough; null if it was deleted at this very moment.")
    async def walkthrough(self, info: Info) -> Walkthrough | None:
        """Its walkthrough."""
        found = await info.context.loaders.walkthroughs.load(self.walkthrough_id)
        return walkthrough_shown(found) if found else None


@strawberry.type(description="How many tickets have a status.")
class TicketStatusCount:
    """One part of the tickets."""

    status: TicketStatus = strawberry.field(description="The status that they have now.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="The tickets that were opened in the time, and what became of them.")
class TicketAnalytics:
    """Figures of tickets."""

    opened: CountSeries = strawberry.field(description="Tickets by when they were opened.")
    by_status: list[TicketStatusCount] = strawberry.field(
        description="The same tickets by their present status, each status once."
    )
    median_answer_seconds: float | None = strawberry.field(
        description="Seconds until a member's first comment that half of the answered ones did not "
        "exceed; null if none is answered."
    )
    median_resolution_seconds: float | None = strawberry.field(
        description="Seconds until a ticket was first resolved or closed that half of those did "
        "not exceed; null if there is none."
    )
