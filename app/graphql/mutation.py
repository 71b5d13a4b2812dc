"""Every mutation goes through here: allowed, carried out once, on record, its mistakes as data."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeVar

import strawberry
from strawberry.types.maybe import Some
from strawberry.utils.str_converters import to_camel_case

from app.core.errors import Invalid
from app.domain import changes
from app.domain.changes import Change
from app.domain.faults import Faults
from app.graphql.context import Info
from app.graphql.errors import USER_ERRORS, UserError, user_errors

Result = TypeVar("Result")
Payload = TypeVar("Payload")

USER_ERRORS_FIELD = "What was wrong with the input; empty when the change was made."
KEY_FIELD = (
    "A text of your choice, at most 255 characters. Within 24 hours the same request with the same "
    "key changes nothing more and gets the first answer again."
)
REVISION_FIELD = "The revision that you last read; if it has risen since, nothing is changed."


class Input(Protocol):
    """What all mutations' inputs have."""

    idempotency_key: str | None


@strawberry.type(description="What came of a deletion.")
class DeletePayload:
    """The payload of mutations that leave nothing to show."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is gone; null when nothing was deleted."
    )


async def perform(
    info: Info,
    given: Input,
    change: Change[Result],
    payload: type[Payload],
    show: Callable[[Result], Mapping[str, Any]],
) -> Payload:
    """The mutation's payload: what `show` makes of the result, or the user's errors."""
    scope = info.context.scope
    kind: Any = payload
    try:
        result = await changes.carry_out(
            scope,
            change,
            request=[info.field_name, plain(given, without="idempotency_key")],
            idempotency_key=given.idempotency_key,
        )
    except USER_ERRORS as error:
        return refused(payload, error)
    info.context.forget()
    made: Payload = kind(**show(result), user_errors=[])
    return made


def refused(payload: type[Payload], error: Any) -> Payload:
    """A payload that tells nothing but what was wrong."""
    kind: Any = payload
    made: Payload = kind(user_errors=user_errors(error))
    return made


def settled(given: object, *nullable: str) -> dict[str, Any]:
    """The fields that an input sets, for a patch: Maybe's absent ones are left out.

    Raises Invalid for a null where it is none of these `nullable` fields. Call it, like
    `given_object`, within a change's work, whose errors are told as the user's.
    """
    found, faults = {}, Faults()
    for field in fields(given):  # type: ignore[arg-type]  # inputs are dataclasses
        value = getattr(given, field.name)
        if isinstance(value, Some):
            found[field.name] = value.value
            if value.value is None and field.name not in nullable:
                name = to_camel_case(field.name)
                faults.add(name, f"{name} cannot be null. Leave it out to keep it.", "required")
    faults.refuse()
    return found


def given_object(value: object) -> dict[str, Any]:
    """A JSON scalar that must be an object, or is absent. Raises Invalid."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = "metadata must be an object."
        raise Invalid(message, field="metadata", code="wrong_type")
    return value


def plain(value: Any, *, without: str = "") -> Any:
    """An input as plain data, what is absent left out, to tell requests apart by."""
    if isinstance(value, Some):
        return ["some", plain(value.value)]
    if is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: plain(one) for name, one in pairs if one is not None and name != without}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value
