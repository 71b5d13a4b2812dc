"""Mutations whose domain functions keep the audit log by themselves: their mistakes as data."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import strawberry

from app.domain import idempotency, permissions
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.errors import USER_ERRORS, UserError
from app.graphql.mutation import USER_ERRORS_FIELD, Input, plain, refused

Result = TypeVar("Result")
Payload = TypeVar("Payload")


@strawberry.type(description="What came of a mutation that has nothing to show.")
class DonePayload:
    """The payload of mutations that only say whether they were done."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    is_done: bool = strawberry.field(
        default=False, description="Whether it was done; false where userErrors say why not."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChange(Generic[Result]):
    """A change of the organization or its team, and what it takes to ask for it."""

    action: Action
    result_type: type[Result]
    work: Callable[[], Awaitable[Result]]


async def answered(
    info: Info, payload: type[Payload], work: Callable[[], Awaitable[Mapping[str, Any]]]
) -> Payload:
    """The payload: the fields that `work` gives, or the user's errors."""
    kind: Any = payload
    try:
        shows = await work()
    except USER_ERRORS as error:
        return refused(payload, error)
    info.context.forget()
    made: Payload = kind(**shows, user_errors=[])
    return made


async def performed(
    info: Info,
    given: Input,
    change: TeamChange[Result],
    payload: type[Payload],
    show: Callable[[Result], Mapping[str, Any]],
) -> Payload:
    """The payload: what `show` makes of the result, or the user's errors.

    With an idempotencyKey the same request of the same member is carried out once.
    """
    scope = info.context.scope

    async def work() -> Mapping[str, Any]:
        permissions.require(scope, change.action)
        result = await idempotency.once(
            scope,
            given.idempotency_key,
            request=[info.field_name, plain(given, without="idempotency_key")],
            result_type=change.result_type,
            work=change.work,
        )
        return show(result)

    return await answered(info, payload, work)
