"""Forgetting end users, and telling what is held of them."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from app.core.errors import Invalid, NotFound
from app.domain import end_user_export, erasure, looks
from app.domain.changes import Change
from app.domain.permissions import Action
from app.graphql.conditions import check_texts
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import KEY_FIELD, USER_ERRORS_FIELD, perform, refused


@strawberry.input(description="An end user to forget.")
class ForgetEndUserInput:
    """The input of forgetEndUser."""

    id: strawberry.ID = strawberry.field(description="The end user's id.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="An end user of whom to tell what is held.")
class ExportEndUserInput:
    """The input of exportEndUser."""

    id: strawberry.ID = strawberry.field(description="The end user's id.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of your choice, at most 255 characters. The same request with the same "
        "key is noted in the audit log once; what is held is read anew.",
    )


@strawberry.type(description="What came of forgetting an end user.")
class ForgetEndUserPayload:
    """The payload of forgetEndUser."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    forgotten_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id that is nobody's now; null when nothing was changed.",
    )


@strawberry.type(description="What is held of an end user.")
class ExportEndUserPayload:
    """The payload of exportEndUser."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    content: JSON | None = strawberry.field(
        default=None,
        description="`{version, exportedAt, endUser, progress, sessions, logins, completions, "
        "toolCalls, tickets, ticketComments, truncated}`. Lists are newest first and hold at most "
        "10,000 entries and 4 MB each; `truncated` names those that are cut short, whose rest "
        "`toolCalls`, `sessions` and `tickets` list in pages.",
    )


@strawberry.type
class EndUserMutations:
    """The root fields that concern one end user's data."""

    @strawberry.mutation(
        description="Erase a person for good. E-mail address, tracking id, login and profile, the "
        "words of their tickets with all comments, and what their agents sent with tool calls are "
        "erased; sessions end, run handles and logins are revoked. What stays belongs to nobody: "
        "progress, completions, times, outcomes and durations of calls, numbers and statuses of "
        "tickets. Somebody who comes again, even with the same tracking id or login, is a new end "
        "user. The input of more than 20,000 tool calls, and what calls wrote that were under way, "
        "is erased within 20 minutes. Tickets opened without an end user are erased when their "
        "address is the person's."
    )
    async def forget_end_user(
        self,
        info: Info,
        input: Annotated[ForgetEndUserInput, strawberry.argument(description="Whom.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> ForgetEndUserPayload:
        """erasure.forget."""
        scope = info.context.scope
        try:
            check_texts(id=input.id)
        except Invalid as error:
            return refused(ForgetEndUserPayload, error)
        change = Change(
            action=Action.FORGET_END_USERS,
            event="end_user.forgotten",
            subject="end_user",
            subject_id=input.id,
            result_type=str,
            look=looks.at_end_user(scope),
            work=lambda: erasure.forget(scope, input.id),
        )
        return await perform(info, input, change, ForgetEndUserPayload, _forgotten)

    @strawberry.mutation(
        description="Tell everything that is held of an end user. A mutation, because the audit "
        "log keeps who asked."
    )
    async def export_end_user(
        self,
        info: Info,
        input: Annotated[ExportEndUserInput, strawberry.argument(description="Whom.")],  # noqa: A002 - as above
    ) -> ExportEndUserPayload:
        """end_user_export.export."""
        scope = info.context.scope
        try:
            check_texts(id=input.id)
        except Invalid as error:
            return refused(ExportEndUserPayload, error)
        change = Change(
            action=Action.EXPORT_END_USERS,
            event="end_user.exported",
            subject="end_user",
            subject_id=input.id,
            result_type=str,
            look=looks.at_end_user(scope),
            work=lambda: end_user_export.known(scope, input.id),
        )
        # The change's result is the id alone: nobody's data may lie about in a record of retries.
        payload = await perform(info, input, change, ExportEndUserPayload, lambda _: {})
        if not payload.user_errors:
            try:
                payload.content = JSON(await end_user_export.export(scope, input.id))
            except NotFound as error:  # forgotten meanwhile
                return refused(ExportEndUserPayload, error)
        return payload


def _forgotten(end_user_id: str) -> Mapping[str, Any]:
    return {"forgotten_id": end_user_id}
