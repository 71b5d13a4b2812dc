"""Reading tickets."""

import re
from enum import Enum
from typing import Annotated

import strawberry

from app.core.enums import TicketPriority, TicketStatus
from app.core.errors import NotFound
from app.domain import permissions, ticket_desk, ticket_lists
from app.domain.permissions import Action
from app.domain.ticket_lists import MOST_MATCHES, SEARCHED_TICKETS, TicketFilter
from app.graphql.conditions import TEXT_MAX_CHARACTERS, check_texts
from app.graphql.context import Info
from app.graphql.pages import After, Before, First, Last, page_of, window
from app.graphql.tickets.types import Ticket, TicketConnection, ticket_shown

_LARGEST_NUMBER = 2**31 - 1  # of PostgreSQL's integer, and of GraphQL's Int
_NUMBER = re.compile(r"(#?)([0-9]{1,9})")


@strawberry.enum(description="How tickets are sorted.")
class TicketOrder(Enum):
    """The orders that people need."""

    NEWEST_FIRST = strawberry.enum_value("newest", description="The latest opened first.")
    OLDEST_FIRST = strawberry.enum_value("oldest", description="The first opened first.")
    RECENTLY_UPDATED = strawberry.enum_value("updated", description="The latest changed first.")
    MOST_URGENT = strawberry.enum_value(
        "urgent", description="By priority, CRITICAL first; equal ones by number, oldest first."
    )


_COLUMNS = {
    TicketOrder.NEWEST_FIRST: ("created_at", True),
    TicketOrder.OLDEST_FIRST: ("created_at", False),
    TicketOrder.RECENTLY_UPDATED: ("updated_at", True),
    TicketOrder.MOST_URGENT: ("urgency", False),
}


@strawberry.input(description="Which tickets to list; all conditions must hold.")
class TicketFilterInput:
    """What to list; what is left out does not matter."""

    statuses: list[TicketStatus] | None = strawberry.field(
        default=None, description="Those with one of these statuses."
    )
    priorities: list[TicketPriority] | None = strawberry.field(
        default=None, description="Those with one of these priorities."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those that this member sees to."
    )
    is_unassigned: bool | None = strawberry.field(
        default=None, description="True for those that nobody sees to, false for the others."
    )
    server_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those that came from this server."
    )
    end_user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those of this end user."
    )
    search: str | None = strawberry.field(
        default=None,
        description="`#42`: the ticket of that number. Other text, at most "
        f"{TEXT_MAX_CHARACTERS} characters: those "
        "whose title, problem or e-mail address contains it, in any case; digits alone also find "
        f"the ticket of that number. It is looked for in the newest {SEARCHED_TICKETS} tickets, "
        f"and the newest {MOST_MATCHES} that fulfil all conditions are found.",
    )

    def applied(self) -> TicketFilter:
        """The domain's filter. Raises Invalid."""
        check_texts(
            assigneeId=self.assignee_id,
            serverId=self.server_id,
            endUserId=self.end_user_id,
            search=self.search,
        )
        search = (self.search or "").strip() or None
        spelled = _NUMBER.fullmatch(search) if search else None
        return TicketFilter(
            statuses=tuple(self.statuses or ()),
            priorities=tuple(self.priorities or ()),
            assignee_id=self.assignee_id,
            is_unassigned=self.is_unassigned,
            server_id=self.server_id,
            end_user_id=self.end_user_id,
            search=None if spelled and spelled[1] else search,
            number=int(spelled[2]) if spelled else None,
        )


@strawberry.type
class TicketQueries:
    """The root fields about tickets."""

    @strawberry.field(description="The organization's tickets.")
    async def tickets(  # noqa: PLR0913, PLR0917 - Relay's four arguments
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - what clients call it
            TicketFilterInput | None,
            strawberry.argument(description="Which to list; all of them without."),
        ] = None,
        order_by: Annotated[
            TicketOrder, strawberry.argument(description="How they are sorted.")
        ] = TicketOrder.NEWEST_FIRST,
    ) -> TicketConnection:
        """A page of tickets."""
        column, is_descending = _COLUMNS[order_by]
        asked = window((first, last), (after, before), column=column, is_descending=is_descending)
        only = filter.applied() if filter else TicketFilter()
        page = await ticket_lists.page(info.context.scope, only, asked)
        edges, nodes, page_info = page_of(page, asked, ticket_shown)
        return TicketConnection(edges=edges, nodes=nodes, page_info=page_info, only=only)

    @strawberry.field(description="One ticket; null if there is none with this id.")
    async def ticket(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The ticket's id.")],  # noqa: A002 - what clients call it
    ) -> Ticket | None:
        """The ticket."""
        permissions.require(info.context.scope, Action.READ_TICKETS)
        try:
            return ticket_shown(await ticket_desk.by_id(info.context.scope, id))
        except NotFound:
            return None

    @strawberry.field(
        description="The ticket that an end user knows by this number; null if there is none."
    )
    async def ticket_by_number(
        self,
        info: Info,
        number: Annotated[int, strawberry.argument(description="The ticket's number.")],
    ) -> Ticket | None:
        """The ticket."""
        permissions.require(info.context.scope, Action.READ_TICKETS)
        if not 1 <= number <= _LARGEST_NUMBER:
            return None
        try:
            return ticket_shown(await ticket_desk.by_number(info.context.scope, number))
        except NotFound:
            return None
