"""What the mutations of tickets and comments tell, and how each of them is carried out."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import strawberry

from app.domain.changes import Change
from app.domain.looks import Look
from app.domain.permissions import Action
from app.domain.ticket_desk import TicketWritten
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import USER_ERRORS_FIELD
from app.graphql.tickets.types import Ticket, TicketActivity, activity_shown, ticket_shown


@strawberry.type(description="What came of a change of a ticket or of a comment on it.")
class TicketPayload:
    """The payload of all these mutations.

    It holds ids, and reads what they are of when it is asked: nothing else keeps a ticket's words.
    """

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    ticket_id: strawberry.Private[str | None] = None
    activity_id: strawberry.Private[str | None] = None

    @strawberry.field(description="The ticket as it is now; null when nothing was changed.")
    async def ticket(self, info: Info) -> Ticket | None:
        """The ticket."""
        if self.ticket_id is None:
            return None
        found = await info.context.loaders.tickets.load(self.ticket_id)
        return ticket_shown(found) if found else None

    @strawberry.field(
        description="The entry in its history that was made or, for a comment, changed; null when "
        "all was so already. With a status and a comment, it is the comment."
    )
    async def activity(self, info: Info) -> TicketActivity | None:
        """The entry."""
        if self.activity_id is None:
            return None
        found = await info.context.loaders.activities_by_id.load(self.activity_id)
        return activity_shown(info, found) if found else None


def change_of(
    event: str,
    subject: tuple[str, str | None],
    look: Look,
    work: Callable[[], Awaitable[TicketWritten]],
    *,
    made: Callable[[TicketWritten], str] | None = None,
) -> Change[TicketWritten]:
    """A change of a ticket or comment; `subject` is which of the two, and its id, if any."""
    return Change(
        action=Action.ANSWER_TICKETS,
        event=event,
        subject=subject[0],
        subject_id=subject[1],
        result_type=TicketWritten,
        look=look,
        work=work,
        made=made,
    )


def written(result: TicketWritten) -> Mapping[str, Any]:
    """What the payload is made from."""
    return {"ticket_id": result.ticket_id, "activity_id": result.activity_id}
