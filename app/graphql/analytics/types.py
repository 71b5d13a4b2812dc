"""A dashboard's charts; each one is read when it is asked for."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.core.errors import NotFound
from app.domain import analytics
from app.domain.analytics_span import ChartInterval
from app.graphql.analytics.figures import (
    CallAnalytics,
    CallBucket,
    CallFigures,
    CountBucket,
    CountSeries,
    Funnel,
    FunnelStep,
    TicketAnalytics,
    TicketStatusCount,
    ToolSeries,
    WalkthroughRuns,
)
from app.graphql.context import Info
from app.graphql.limits import LIST_SIZE
from app.graphql.shapes import shown


@strawberry.type(
    description="Figures of one server or of all, over a time. They are exact up to this moment."
)
class Analytics:
    """The charts of a dashboard."""

    view: strawberry.Private[analytics.View]
    since: datetime = strawberry.field(
        description="When the first interval begins: what was asked for, widened to a whole one."
    )
    until: datetime = strawberry.field(
        description="When the last interval ends, which may be in the future."
    )
    interval: ChartInterval = strawberry.field(
        description="How long each interval is: five minutes up to 6 hours, an hour up to 3 days, "
        "a day up to 92 days, and a week beyond."
    )

    @strawberry.field(description="Tool calls, by tool, by how they ended, and how long they took.")
    async def calls(self, info: Info) -> CallAnalytics:
        """The chart of calls."""
        every, *tools = await analytics.calls(info.context.scope, self.view)
        return CallAnalytics(
            total=shown(CallFigures, every.total),
            buckets=_call_buckets(every),
            tools=[
                ToolSeries(
                    tool=one.tool or "",
                    total=shown(CallFigures, one.total),
                    buckets=_call_buckets(one),
                )
                for one in tools
            ],
        )

    @strawberry.field(
        description="Connections by when they were opened: sessions, and visits of clients that "
        "keep no session."
    )
    async def connections(self, info: Info) -> CountSeries:
        """The chart of connections."""
        return _count_series(await analytics.connections(info.context.scope, self.view))

    @strawberry.field(description="Different end users whose agent called a tool.")
    async def end_users(self, info: Info) -> CountSeries:
        """The chart of end users."""
        return _count_series(await analytics.end_users(info.context.scope, self.view))

    @strawberry.field(
        description="Where the runs of a walkthrough stop; null if there is none with this id."
    )
    async def funnel(
        self,
        info: Info,
        walkthrough_id: Annotated[
            strawberry.ID, strawberry.argument(description="The walkthrough's id.")
        ],
    ) -> Funnel | None:
        """The funnel."""
        try:
            found = await analytics.funnel(info.context.scope, self.view, walkthrough_id)
        except NotFound:
            return None
        steps = [shown(FunnelStep, step) for step in found.steps]
        return shown(Funnel, found, since=found.span.since, until=found.span.until, steps=steps)

    @strawberry.field(
        description="The walkthroughs of which runs were started in the time, the most started "
        "first; at most 50.",
        metadata={LIST_SIZE: analytics.MOST_WALKTHROUGHS},
    )
    async def walkthroughs(self, info: Info) -> list[WalkthroughRuns]:
        """The overview of walkthroughs."""
        found = await analytics.walkthrough_runs(info.context.scope, self.view)
        return [shown(WalkthroughRuns, one) for one in found]

    @strawberry.field(
        description="Tickets that were opened in the time; null if no walkthrough has this id."
    )
    async def tickets(
        self,
        info: Info,
        walkthrough_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only those of people who were in this walkthrough."),
        ] = None,
    ) -> TicketAnalytics | None:
        """The figures of tickets."""
        try:
            found = await analytics.tickets(
                info.context.scope, self.view, walkthrough_id=walkthrough_id
            )
        except NotFound:
            return None
        counts = [TicketStatusCount(status=one, count=n) for one, n in found.by_status.items()]
        return shown(TicketAnalytics, found, opened=_count_series(found.opened), by_status=counts)


def _call_buckets(series: analytics.CallSeries) -> list[CallBucket]:
    return [
        CallBucket(start=one.start, figures=shown(CallFigures, one.figures))
        for one in series.buckets
    ]


def _count_series(series: analytics.Series) -> CountSeries:
    return CountSeries(
        total=series.total, buckets=[shown(CountBucket, one) for one in series.buckets]
    )
