"""End users and their progress as clients see them."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app.core.enums import ProgressStatus
from app.domain import end_user_lists
from app.domain.end_user_lists import EndUserFilter
from app.graphql.context import Info
from app.graphql.pages import After, Before, Connection, First, Last, page_of, window
from app.graphql.servers.types import Server, server_shown
from app.graphql.sessions import Session, SessionConnection, session_shown
from app.graphql.shapes import shown
from app.graphql.tickets.types import Ticket, ticket_shown
from app.graphql.tool_calls import ToolCallConnection, tool_call_shown
from app.graphql.walkthroughs.types import Step, Walkthrough, step_shown, walkthrough_shown

__all__ = ["EndUser", "EndUserConnection", "Progress", "Session", "end_user_shown"]


@strawberry.type(
    description="How far an end user is in a walkthrough, reckoned by the steps that it has now, "
    "whether it is offered at present or not."
)
class Progress:
    """Progress."""

    id: strawberry.ID = strawberry.field(description="The progress' id.")
    run: int = strawberry.field(description="1, and one more for each restart and each reset.")
    status: ProgressStatus = strawberry.field(description="Where the end user stands in this run.")
    percent: int = strawberry.field(
        description="Done steps that still exist, of all that exist now: 0–100, and 100 only when "
        "none is left."
    )
    completed_steps: int = strawberry.field(description="How many of the present steps are done.")
    total_steps: int = strawberry.field(description="How many steps the walkthrough has now.")
    version_seen: int = strawberry.field(
        description="The latest version of the walkthrough that the end user has seen."
    )
    started_at: datetime | None = strawberry.field(
        description="When this run was begun; null if it was not."
    )
    last_activity_at: datetime | None = strawberry.field(
        description="When the end user last worked on it; null if never in this run."
    )
    first_completed_at: datetime | None = strawberry.field(
        description="When it was first completed in this run. It stays when steps are added, which "
        "open a finished walkthrough again."
    )
    walkthrough_id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    current_step_id: strawberry.ID | None = strawberry.field(
        description="The id of the step that was presented last and is not done; null if there is "
        "none, or it was deleted."
    )
    server_id: strawberry.ID | None = strawberry.field(
        description="The id of the server that was used last; null once that is deleted."
    )

    @strawberry.field(
        description="The walkthrough; null if it was deleted at this very moment. A key needs the "
        "scope READ or WRITE for it."
    )
    async def walkthrough(self, info: Info) -> Walkthrough | None:
        """Its walkthrough."""
        found = await info.context.loaders.walkthroughs.load(self.walkthrough_id)
        return walkthrough_shown(found) if found else None

    @strawberry.field(
        description="The step that was presented last and is not done; null if there is none, or "
        "it was deleted. A key needs the scope READ or WRITE for it."
    )
    async def current_step(self, info: Info) -> Step | None:
        """Its current step."""
        if self.current_step_id is None:
            return None
        found = await info.context.loaders.steps_by_id.load(self.current_step_id)
        return step_shown(found) if found else None

    @strawberry.field(
        description="The server that was used last; null once that is deleted. A key needs the "
        "scope READ or WRITE for it."
    )
    async def server(self, info: Info) -> Server | None:
        """Its server."""
        if self.server_id is None:
            return None
        found = await info.context.loaders.servers.load(self.server_id)
        return server_shown(found) if found else None


@strawberry.type(description="A page of an end user's tickets.")
class EndUserTicketConnection(Connection[Ticket]):
    """A page of tickets without a count, which would be one more statement for each end user."""


@strawberry.type(
    description="Somebody who uses your servers through an agent, or a caller who is not known."
)
class EndUser:
    """An end user. Its resolvers read the id alone: they serve the domain's object as well."""

    id: strawberry.ID = strawberry.field(description="The end user's id.")
    tracking_id: str | None = strawberry.field(
        description="Your own id for the end user, if one came in the address."
    )
    email: str | None = strawberry.field(description="The e-mail address, if one is known.")
    email_verified: bool = strawberry.field(
        description="Whether a login proved the address; else somebody just gave it."
    )
    issuer: str | None = strawberry.field(
        description="Who vouches for the person: the address of the identity provider; null "
        "without a login."
    )
    is_anonymous: bool = strawberry.field(
        description="Whether nothing tells who this is: neither a tracking id nor a login."
    )
    profile: JSON = strawberry.field(
        description="What the identity provider told of the person, such as `name`; else empty."
    )
    first_seen_at: datetime = strawberry.field(description="When the first call came.")
    last_seen_at: datetime = strawberry.field(description="When the last call came, to the minute.")

    @strawberry.field(description="Sessions and visits, the latest first.")
    async def sessions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SessionConnection:
        """A page of their sessions."""
        asked = window((first, last), (after, before), column="connected_at", is_descending=True)
        page = await info.context.loaders.sessions_of_end_user.load((self.id, asked))
        edges, nodes, page_info = page_of(page, asked, session_shown)
        return SessionConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(description="What their agents called, the latest first.")
    async def tool_calls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ToolCallConnection:
        """A page of their tool calls."""
        asked = window((first, last), (after, before), column="created_at", is_descending=True)
        page = await info.context.loaders.tool_calls_of_end_user.load((self.id, asked))
        edges, nodes, page_info = page_of(page, asked, tool_call_shown)
        return ToolCallConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(
        description="Their tickets, the latest first; null for a key without the scope READ or "
        "TICKETS, which is told as an error."
    )
    async def tickets(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> EndUserTicketConnection | None:
        """A page of their tickets."""
        asked = window((first, last), (after, before), column="created_at", is_descending=True)
        page = await info.context.loaders.tickets_of_end_user.load((self.id, asked))
        edges, nodes, page_info = page_of(page, asked, ticket_shown)
        return EndUserTicketConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(
        description="Their progress in every walkthrough that they began, the latest activity "
        "first."
    )
    async def progress(self, info: Info) -> list[Progress]:
        """Their progress."""
        found = await info.context.loaders.progress_of_end_user.load(self.id)
        return [shown(Progress, one) for one in found]


@strawberry.type(description="A page of end users.")
class EndUserConnection(Connection[EndUser]):
    """A page of end users."""

    only: strawberry.Private[EndUserFilter]

    @strawberry.field(description="How many end users the filter lets through, on all pages.")
    async def total_count(self, info: Info) -> int:
        """The number of all end users that the filter lets through."""
        return await end_user_lists.count(info.context.scope, self.only)


def end_user_shown(end_user: end_user_lists.EndUser) -> EndUser:
    """An end user of the domain as GraphQL's type."""
    return shown(EndUser, end_user)
