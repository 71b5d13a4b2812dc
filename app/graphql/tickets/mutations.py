"""Answering tickets."""

from typing import Annotated

import strawberry

from app.core.enums import TicketPriority, TicketStatus
from app.core.errors import Invalid
from app.domain import looks, ticket_desk
from app.domain.ticket_desk import TicketPatch, TicketWritten
from app.graphql.context import Info
from app.graphql.mutation import KEY_FIELD, REVISION_FIELD, perform, settled
from app.graphql.tickets.payloads import TicketPayload, change_of, written

_ID = "The ticket's id."


@strawberry.input(description="Where a ticket stands now.")
class SetTicketStatusInput:
    """The input of setTicketStatus."""

    id: strawberry.ID = strawberry.field(description=_ID)
    status: TicketStatus = strawberry.field(
        description="The status; any may follow any, so a closed ticket can be opened again."
    )
    comment: str | None = strawberry.field(
        default=None, description="A comment to go with it: 1 to 10000 characters."
    )
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="Who sees to a ticket now.")
class AssignTicketInput:
    """The input of assignTicket."""

    id: strawberry.ID = strawberry.field(description=_ID)
    assignee_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="A member's id (that of the membership, not of the user), or null for no one. "
        "Required: it is not taken for null when it is left out."
    )
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="How urgent a ticket is now.")
class SetTicketPriorityInput:
    """The input of setTicketPriority."""

    id: strawberry.ID = strawberry.field(description=_ID)
    priority: TicketPriority = strawberry.field(description="The priority.")
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="What to change of a ticket's words; what is left out stays.")
class UpdateTicketInput:
    """The input of updateTicket."""

    id: strawberry.ID = strawberry.field(description=_ID)
    title: strawberry.Maybe[str | None] = strawberry.field(
        description="What it is about: one line, 1 to 200 characters."
    )
    context: strawberry.Maybe[str | None] = strawberry.field(
        description="What else is known: at most 1000 characters; null for nothing."
    )
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type
class TicketMutations:
    """The root fields that change tickets."""

    @strawberry.mutation(
        description="Say where a ticket stands, with a comment or without. The end user's agent is "
        "not told."
    )
    async def set_ticket_status(
        self,
        info: Info,
        input: Annotated[SetTicketStatusInput, strawberry.argument(description="The status.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> TicketPayload:
        """ticket_desk.set_status."""
        scope = info.context.scope
        change = change_of(
            "ticket.status_set",
            ("ticket", input.id),
            looks.at_ticket(scope),
            lambda: ticket_desk.set_status(
                scope,
                input.id,
                status=input.status,
                comment=input.comment,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, TicketPayload, written)

    @strawberry.mutation(
        description="Give a ticket to a member, or to no one. Members who leave leave their "
        "tickets to no one."
    )
    async def assign_ticket(
        self,
        info: Info,
        input: Annotated[AssignTicketInput, strawberry.argument(description="To whom.")],  # noqa: A002 - as above
    ) -> TicketPayload:
        """ticket_desk.assign."""
        scope = info.context.scope
        chosen = input.assignee_id

        async def work() -> TicketWritten:
            if chosen is None:
                message = "assigneeId is missing. Send a member's id, or null for no one."
                raise Invalid(message, field="assigneeId", code="required")
            return await ticket_desk.assign(
                scope,
                input.id,
                assignee_id=chosen.value,
                expected_revision=input.expected_revision,
            )

        change = change_of("ticket.assigned", ("ticket", input.id), looks.at_ticket(scope), work)
        return await perform(info, input, change, TicketPayload, written)

    @strawberry.mutation(description="Say how urgent a ticket is.")
    async def set_ticket_priority(
        self,
        info: Info,
        input: Annotated[SetTicketPriorityInput, strawberry.argument(description="The priority.")],  # noqa: A002 - as above
    ) -> TicketPayload:
        """ticket_desk.set_priority."""
        scope = info.context.scope
        change = change_of(
            "ticket.priority_set",
            ("ticket", input.id),
            looks.at_ticket(scope),
            lambda: ticket_desk.set_priority(
                scope,
                input.id,
                priority=input.priority,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, TicketPayload, written)

    @strawberry.mutation(
        description="Change a ticket's title or context. The problem and the e-mail address stay "
        "as the end user gave them. What the words were before is kept nowhere."
    )
    async def update_ticket(
        self,
        info: Info,
        input: Annotated[UpdateTicketInput, strawberry.argument(description="The changes.")],  # noqa: A002 - as above
    ) -> TicketPayload:
        """ticket_desk.edit_fields."""
        scope = info.context.scope
        edited: list[str] = []

        async def work() -> TicketWritten:
            result = await ticket_desk.edit_fields(
                scope,
                input.id,
                patch=TicketPatch(**settled(input, "context")),
                expected_revision=input.expected_revision,
            )
            edited.extend(result.edited)
            return result

        async def names_of_edited(ticket_id: str) -> object:
            # The log tells which words, and not the words: it outlives whoever wrote them.
            del ticket_id
            return {"edited": tuple(edited)} if edited else None

        change = change_of("ticket.edited", ("ticket", input.id), names_of_edited, work)
        return await perform(info, input, change, TicketPayload, written)
