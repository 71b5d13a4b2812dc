"""The one way in which members and their scripts change things: allowed, once, and on record."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.core.scope import MemberScope
from app.domain import audit, idempotency, permissions
from app.domain.audit import Subject
from app.domain.permissions import Action
from app.repositories import database

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[Result]):
    """A change that someone asks for.

    `event` is what the audit log calls it. `look` gives what the log compares, or None where there
    is nothing; it runs before and after `work` in the same transaction, with the subject's id, and
    before holds what it looks at. `subject_id` is None for what `work` makes; `made` then tells the
    id from the result.
    """

    action: Action
    event: str
    subject: str
    result_type: type[Result]
    look: Callable[[str], Awaitable[object]]
    work: Callable[[], Awaitable[Result]]
    subject_id: str | None = None
    made: Callable[[Result], str] | None = None


async def carry_out(
    scope: MemberScope,
    change: Change[Result],
    *,
    request: list[Any],
    idempotency_key: str | None = None,
) -> Result:
    """The result of the change, which is committed with its audit entry or not at all.

    With a key, the same request of the same actor is carried out once and its result told again.
    Raises NotPermitted, KeyReused, and whatever the change raises.
    """
    permissions.require(scope, change.action)

    async def on_record() -> Result:
        async with database.transaction(scope):
            before = await change.look(change.subject_id) if change.subject_id else None
            result = await change.work()
            subject_id = change.made(result) if change.made else change.subject_id or ""
            after = await change.look(subject_id)
            subject = Subject(change.subject, subject_id)
            await audit.record(scope, change.event, subject, before=before, after=after)
            return result

    return await idempotency.once(
        scope,
        idempotency_key,
        request=request,
        result_type=change.result_type,
        work=on_record,
    )
