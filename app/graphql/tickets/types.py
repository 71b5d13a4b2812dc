"""Tickets and their histories as clients see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from app.core.enums import ActivityType, ActorKind, TicketPriority, TicketStatus
from app.domain import ticket_comments, ticket_desk, ticket_lists
from app.domain.ticket_lists import TicketFilter
from app.graphql.context import Info
from app.graphql.pages import After, Before, Connection, First, Last, page_of, window
from app.graphql.people.types import Member
from app.graphql.servers.types import Server, server_shown
from app.graphql.shapes import shown
from app.graphql.walkthroughs.types import Step, Walkthrough, step_shown, walkthrough_shown

if TYPE_CHECKING:
    from app.graphql.end_users.types import EndUser

LazyEndUser = Annotated["EndUser", strawberry.lazy("app.graphql.end_users.types")]

# What these fields hold are values of enums, which are told as GraphQL spells them.
_OF_ENUMS = frozenset({"status", "priority"})


@strawberry.type(description="Whoever made an entry in a ticket's history.")
class ActivityAuthor:
    """A member or a key, as they were then."""

    kind: ActorKind = strawberry.field(description="A person, a key or the operator.")
    id: strawberry.ID = strawberry.field(description="The user's or the key's id.")
    name: str = strawberry.field(description="The e-mail address or the key's name then.")


@strawberry.type(description="One field of a ticket that was changed.")
class TicketFieldChange:
    """A field, before and after."""

    field: str = strawberry.field(
        description="Which: `status`, `assignee`, `priority`, `title` or `context`."
    )
    before: str | None = strawberry.field(
        description="What it was: an enum's value, or the assignee's name then (null for no one). "
        "Null for title and context, whose words are kept on the ticket alone."
    )
    after: str | None = strawberry.field(description="What it became; as `before`.")


@strawberry.type(
    description="An entry in a ticket's history. Nothing but one's own comments ever changes."
)
class TicketActivity:
    """An activity."""

    id: strawberry.ID = strawberry.field(description="The entry's id.")
    ticket_id: strawberry.ID = strawberry.field(description="The ticket's id.")
    type: ActivityType = strawberry.field(description="What it records.")
    author: ActivityAuthor | None = strawberry.field(
        description="Who made it; null for what the platform did."
    )
    body: str | None = strawberry.field(
        description="A comment's text; null once it was withdrawn, and for all other entries."
    )
    changes: list[TicketFieldChange] = strawberry.field(
        description="What was changed; empty for comments."
    )
    event: str | None = strawberry.field(
        description="What the platform did, such as `opened`; null for all other entries."
    )
    is_own: bool = strawberry.field(
        description="Whether you made it; your own comments you can edit and withdraw."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    edited_at: datetime | None = strawberry.field(
        description="When the comment was last edited; null if never."
    )
    withdrawn_at: datetime | None = strawberry.field(
        description="When the comment was withdrawn, and its text lost; null if it was not."
    )


@strawberry.type(description="A page of a ticket's history.")
class TicketActivityConnection(Connection[TicketActivity]):
    """A page of activities."""


@strawberry.type(description="A request for help that an end user sent through an agent.")
class Ticket:
    """A ticket."""

    id: strawberry.ID = strawberry.field(description="The ticket's id.")
    number: int = strawberry.field(
        description="1, 2, 3 … in the organization: what the end user was told."
    )
    title: str = strawberry.field(description="What it is about, in one line.")
    problem: str = strawberry.field(description="The problem as it was told; never changed.")
    context: str | None = strawberry.field(description="What else the agent told, if anything.")
    email: str = strawberry.field(
        description="Where to answer. It is proven only if the end user's own is. Empty where the "
        "end user logged in with a provider that told no address."
    )
    status: TicketStatus = strawberry.field(description="Where it stands.")
    priority: TicketPriority = strawberry.field(description="How urgent it is.")
    assignee_id: strawberry.ID | None = strawberry.field(
        description="The id of the member who sees to it; null if nobody does."
    )
    server_id: strawberry.ID | None = strawberry.field(
        description="The id of the server that it came from; null once that is deleted."
    )
    end_user_id: strawberry.ID | None = strawberry.field(
        description="The id of the end user; null if unknown, or forgotten."
    )
    walkthrough_id: strawberry.ID | None = strawberry.field(
        description="The id of the walkthrough that the end user was in; null if in none, or it "
        "was deleted."
    )
    step_id: strawberry.ID | None = strawberry.field(
        description="The id of the step that the end user was at; null if at none, or it was "
        "deleted."
    )
    revision: int = strawberry.field(
        description="Rises with every write of it or its comments; send it as expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was opened.")
    updated_at: datetime = strawberry.field(
        description="When it or its comments were last changed."
    )

    @strawberry.field(description="The member who sees to it; null if nobody does.")
    async def assignee(self, info: Info) -> Member | None:
        """Its assignee."""
        if self.assignee_id is None:
            return None
        found = await info.context.loaders.members.load(self.assignee_id)
        return shown(Member, found) if found else None

    @strawberry.field(
        description="The server that it came from; null once that is deleted. A key needs the "
        "scope READ or WRITE for it."
    )
    async def server(self, info: Info) -> Server | None:
        """Its server."""
        if self.server_id is None:
            return None
        found = await info.context.loaders.servers.load(self.server_id)
        return server_shown(found) if found else None

    @strawberry.field(description="Who asks; null if unknown, or forgotten.")
    async def end_user(self, info: Info) -> LazyEndUser | None:
        """Its end user."""
        if self.end_user_id is None:
            return None
        # The domain's has every field that the type reads; the type itself imports this module.
        return cast("EndUser | None", await info.context.loaders.end_users.load(self.end_user_id))

    @strawberry.field(
        description="The walkthrough that the end user was in; null if in none, or it was deleted. "
        "A key needs the scope READ or WRITE for it."
    )
    async def walkthrough(self, info: Info) -> Walkthrough | None:
        """Its walkthrough."""
        if self.walkthrough_id is None:
            return None
        found = await info.context.loaders.walkthroughs.load(self.walkthrough_id)
        return walkthrough_shown(found) if found else None

    @strawberry.field(
        description="The step that the end user was at; null if at none, or it was deleted. A key "
        "needs the scope READ or WRITE for it."
    )
    async def step(self, info: Info) -> Step | None:
        """Its step."""
        if self.step_id is None:
            return None
        found = await info.context.loaders.steps_by_id.load(self.step_id)
        return step_shown(found) if found else None

    @strawberry.field(description="How many comments it has; those withdrawn do not count.")
    async def comment_count(self, info: Info) -> int:
        """The number of its comments."""
        return await info.context.loaders.comment_counts.load(self.id)

    @strawberry.field(description="What happened to it, oldest first: at most 1000 entries.")
    async def activities(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> TicketActivityConnection:
        """A page of its history."""
        asked = window((first, last), (after, before), column="created_at", is_descending=False)
        page = await info.context.loaders.activities_of_ticket.load((self.id, asked))
        edges, nodes, page_info = page_of(page, asked, lambda one: activity_shown(info, one))
        return TicketActivityConnection(edges=edges, nodes=nodes, page_info=page_info)


@strawberry.type(description="A page of tickets.")
class TicketConnection(Connection[Ticket]):
    """A page of tickets."""

    only: strawberry.Private[TicketFilter]

    @strawberry.field(
        description="How many tickets the filter lets through, on all pages; at most "
        f"{ticket_lists.MOST_MATCHES} of a search."
    )
    async def total_count(self, info: Info) -> int:
        """The number of all tickets that the filter lets through."""
        return await ticket_lists.count(info.context.scope, self.only)


def ticket_shown(ticket: ticket_desk.Ticket) -> Ticket:
    """A ticket of the domain as GraphQL's type."""
    return shown(Ticket, ticket)


def activity_shown(info: Info, activity: ticket_desk.Activity) -> TicketActivity:
    """An entry of the domain as GraphQL's type, in the eyes of whoever asks."""
    author = None
    if activity.author_kind is not None:
        author = ActivityAuthor(
            kind=activity.author_kind,
            id=strawberry.ID(activity.author_id or ""),
            name=activity.author_name or "",
        )
    return shown(
        TicketActivity,
        activity,
        author=author,
        changes=[_change(one) for one in activity.detail.get("changes", [])],
        event=activity.detail.get("event"),
        is_own=ticket_comments.is_own(info.context.scope, activity),
    )


def _change(told: Mapping[str, Any]) -> TicketFieldChange:
    field, *values = told["field"], told.get("before"), told.get("after")
    if field in _OF_ENUMS:
        values = [cast("str", value).upper() for value in values]
    return TicketFieldChange(field=field, before=values[0], after=values[1])
