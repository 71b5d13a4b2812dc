"""The audit log: who changed what, written in the transaction of the change."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from app.core.enums import ActorKind
from app.core.page import Page, Place
from app.core.scope import MemberScope, OrganizationScope
from app.domain import permissions
from app.domain.permissions import Action
from app.repositories import database
from app.repositories.audit import AuditEntries, AuditEntry, AuditFilter

__all__ = ["AuditEntry", "AuditFilter", "Subject", "changes", "entries", "record"]

# They change with every write, or tell nothing besides the entry itself.
_LEFT_OUT: Final = frozenset({"updated_at", "revision", "token_hash", "password_hash"})
_OPERATOR: Final = (ActorKind.OPERATOR, "operator", "operator")
_TEXT_MAX_CHARACTERS: Final = 1000  # a whole step twice in every entry would outgrow what it is of


class Subject(NamedTuple):
    """What was changed, such as ("server", "srv_…")."""

    type: str
    id: str


async def record(
    scope: OrganizationScope,
    action: str,
    subject: Subject,
    *,
    before: object = None,
    after: object = None,
) -> None:
    """Add an entry; call it inside the transaction that makes the change.

    `action` is a noun and what happened to it, such as "server.configured". `before` and `after`
    are the subject as a dataclass or a dict, None where it did not or does not exist; what is equal
    in both is left out. A scope that is no member's belongs to whoever runs the platform.
    """
    if not database.is_in_transaction():
        message = "an audit entry belongs into the transaction of its change"
        raise RuntimeError(message)
    old, new = changes(before, after)
    kind, actor_id, actor_name = (
        (scope.actor_kind, scope.actor_id, scope.actor_name)
        if isinstance(scope, MemberScope)
        else _OPERATOR
    )
    await AuditEntries(scope).insert(
        {
            "actor_kind": kind.value,
            "actor_id": actor_id,
            "actor_name": actor_name,
            "action": action,
            "subject_type": subject.type,
            "subject_id": subject.id,
            "before": msgspec.json.encode(old).decode(),
            "after": msgspec.json.encode(new).decode(),
        }
    )


async def entries(
    scope: MemberScope,
    *,
    only: AuditFilter = AuditFilter(),  # noqa: B008 - frozen
    after: Place | None = None,
    limit: int = 50,
    is_backward: bool = False,
) -> Page[AuditEntry]:
    """The organization's audit log, newest first; backward, what stands before the place.

    Raises NotPermitted.
    """
    permissions.require(scope, Action.READ_AUDIT_LOG)
    async with database.connection(scope):
        return await AuditEntries(scope).page(
            only, after=after, limit=limit, is_backward=is_backward
        )


def changes(before: object, after: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ, as they were and as they are; long text is cut.

    Raises TypeError for what JSON cannot hold, such as a Secret.
    """
    old, new = _plain(before), _plain(after)
    names = [
        name for name in {**old, **new} if old.get(name) != new.get(name) and name not in _LEFT_OUT
    ]
    return (
        {name: _cut(old[name]) for name in names if name in old},
        {name: _cut(new[name]) for name in names if name in new},
    )


def _plain(subject: object) -> Mapping[str, Any]:
    builtin: Mapping[str, Any] = msgspec.to_builtins(subject) if subject is not None else {}
    return builtin


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _TEXT_MAX_CHARACTERS:
        return value[:_TEXT_MAX_CHARACTERS] + "…"
    return value
