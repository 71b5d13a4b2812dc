"""Reading analytics."""

from typing import Annotated

import strawberry

from app.core import clock
from app.core.errors import Invalid, NotFound
from app.domain import analytics
from app.domain.analytics_span import Span, between, latest
from app.graphql.analytics.figures import AnalyticsRangeInput
from app.graphql.analytics.types import Analytics
from app.graphql.context import Info


@strawberry.type
class AnalyticsQueries:
    """The root field of the charts."""

    @strawberry.field(
        description="Figures for charts, of one server or of all; null if no server has this id. "
        "Ask for the charts that you show: each one is a query of the database."
    )
    async def analytics(
        self,
        info: Info,
        range: Annotated[AnalyticsRangeInput, strawberry.argument(description="Which time.")],  # noqa: A002 - what clients call it
        server_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Of this server only; of all without."),
        ] = None,
    ) -> Analytics | None:
        """The charts' common part."""
        scope, span = info.context.scope, _span(range)
        try:
            view = await analytics.view(scope, span, server_id=server_id)
        except NotFound:
            return None
        return Analytics(view=view, since=span.since, until=span.until, interval=span.interval)


def _span(asked: AnalyticsRangeInput) -> Span:
    """The time that is asked for. Raises Invalid."""
    if (asked.last is None) == (asked.since is None) or (asked.last and asked.until):
        message = "Ask for last, or for since and perhaps until."
        raise Invalid(message, field="range", code="invalid")
    if asked.last is not None:
        return latest(asked.last, clock.now())
    assert asked.since is not None
    return between(asked.since, clock.now() if asked.until is None else asked.until)
