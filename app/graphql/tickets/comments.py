"""Commenting on tickets."""

from typing import Annotated

import strawberry

from app.domain import looks, ticket_comments
from app.domain.ticket_desk import TicketWritten
from app.graphql.context import Info
from app.graphql.mutation import KEY_FIELD, perform
from app.graphql.tickets.payloads import TicketPayload, change_of, written

_ID = "The comment's id: that of its entry in the ticket's history."
_BODY = "The text: 1 to 10000 characters."
_REVISION = "The ticket's revision that you last read; if it has risen, nothing is changed."


@strawberry.input(description="A comment on a ticket.")
class AddTicketCommentInput:
    """The input of addTicketComment."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket's id.")
    body: str = strawberry.field(description=_BODY)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="Another text for a comment of one's own.")
class EditTicketCommentInput:
    """The input of editTicketComment."""

    id: strawberry.ID = strawberry.field(description=_ID)
    body: str = strawberry.field(description=_BODY)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A comment of one's own to take back.")
class WithdrawTicketCommentInput:
    """The input of withdrawTicketComment."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type
class TicketCommentMutations:
    """The root fields that change comments."""

    @strawberry.mutation(
        description="Comment on a ticket. Members and keys read it; the end user's agent does not."
    )
    async def add_ticket_comment(
        self,
        info: Info,
        input: Annotated[AddTicketCommentInput, strawberry.argument(description="The comment.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> TicketPayload:
        """ticket_comments.add."""
        scope = info.context.scope
        change = change_of(
            "ticket_comment.added",
            ("ticket_comment", None),
            looks.at_comment(scope),
            lambda: ticket_comments.add(
                scope,
                input.ticket_id,
                body=input.body,
                expected_revision=input.expected_revision,
            ),
            made=_comment_id,
        )
        return await perform(info, input, change, TicketPayload, written)

    @strawberry.mutation(
        description="Put another text in the place of a comment of your own. What it said before "
        "is kept nowhere; that it was edited, and when, stays visible."
    )
    async def edit_ticket_comment(
        self,
        info: Info,
        input: Annotated[EditTicketCommentInput, strawberry.argument(description="The text.")],  # noqa: A002 - as above
    ) -> TicketPayload:
        """ticket_comments.edit."""
        scope = info.context.scope
        change = change_of(
            "ticket_comment.edited",
            ("ticket_comment", input.id),
            looks.at_comment(scope),
            lambda: ticket_comments.edit(
                scope, input.id, body=input.body, expected_revision=input.expected_revision
            ),
        )
        return await perform(info, input, change, TicketPayload, written)

    @strawberry.mutation(
        description="Take back a comment of your own: its text is gone for good, and its place in "
        "the history stays, with who withdrew it and when."
    )
    async def withdraw_ticket_comment(
        self,
        info: Info,
        input: Annotated[WithdrawTicketCommentInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> TicketPayload:
        """ticket_comments.withdraw."""
        scope = info.context.scope
        change = change_of(
            "ticket_comment.withdrawn",
            ("ticket_comment", input.id),
            looks.at_comment(scope),
            lambda: ticket_comments.withdraw(
                scope, input.id, expected_revision=input.expected_revision
            ),
        )
        return await perform(info, input, change, TicketPayload, written)


def _comment_id(result: TicketWritten) -> str:
    return result.activity_id or ""
