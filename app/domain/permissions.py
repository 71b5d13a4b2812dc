"""Who may do what: one table of roles and key scopes by action. docs/permissions.md prints it."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from app.core.enums import KeyScope, Role
from app.core.errors import NotAllowed
from app.core.scope import MemberScope


class Action(StrEnum):
    """What someone does to an organization or what belongs to it."""

    READ_ORGANIZATION = "organization.read"
    EDIT_ORGANIZATION = "organization.edit"
    READ_MEMBERS = "members.read"
    MANAGE_MEMBERS = "members.manage"
    MANAGE_OWNERS = "owners.manage"
    READ_INVITATIONS = "invitations.read"
    INVITE = "invitations.manage"
    READ_API_KEYS = "api_keys.read"
    MANAGE_API_KEYS = "api_keys.manage"
    READ_AUDIT_LOG = "audit_log.read"
    READ_SERVERS = "servers.read"
    MANAGE_SERVERS = "servers.manage"
    READ_WALKTHROUGHS = "walkthroughs.read"
    WRITE_WALKTHROUGHS = "walkthroughs.write"
    PUBLISH_WALKTHROUGHS = "walkthroughs.publish"
    READ_END_USERS = "end_users.read"
    EXPORT_END_USERS = "end_users.export"
    FORGET_END_USERS = "end_users.forget"
    READ_TICKETS = "tickets.read"
    ANSWER_TICKETS = "tickets.answer"
    READ_ANALYTICS = "analytics.read"


_OWNER: Final = frozenset({Role.OWNER})
_ADMIN: Final = frozenset({Role.OWNER, Role.ADMIN})
_MEMBER: Final = frozenset(Role)

_READ: Final = frozenset({KeyScope.READ})
_READ_OR_WRITE: Final = frozenset({KeyScope.READ, KeyScope.WRITE})  # to see what it writes
_WRITE: Final = frozenset({KeyScope.WRITE})
_TICKETS: Final = frozenset({KeyScope.TICKETS})
_END_USERS: Final = frozenset({KeyScope.END_USERS})
_NO_KEY: Final[frozenset[KeyScope]] = frozenset()

# No key reaches people, keys or the audit log: one that leaks must not be able to stay, or to hide.
TABLE: Final = {
    Action.READ_ORGANIZATION: (_MEMBER, frozenset(KeyScope)),
    Action.EDIT_ORGANIZATION: (_ADMIN, _NO_KEY),
    Action.READ_MEMBERS: (_MEMBER, _READ | _TICKETS),  # whom a ticket may be assigned to
    Action.MANAGE_MEMBERS: (_ADMIN, _NO_KEY),
    Action.MANAGE_OWNERS: (_OWNER, _NO_KEY),
    Action.READ_INVITATIONS: (_ADMIN, _NO_KEY),
    Action.INVITE: (_ADMIN, _NO_KEY),
    Action.READ_API_KEYS: (_ADMIN, _NO_KEY),
    Action.MANAGE_API_KEYS: (_ADMIN, _NO_KEY),
    Action.READ_AUDIT_LOG: (_ADMIN, _NO_KEY),
    Action.READ_SERVERS: (_MEMBER, _READ_OR_WRITE),
    Action.MANAGE_SERVERS: (_ADMIN, _WRITE),
    Action.READ_WALKTHROUGHS: (_MEMBER, _READ_OR_WRITE),
    Action.WRITE_WALKTHROUGHS: (_MEMBER, _WRITE),
    Action.PUBLISH_WALKTHROUGHS: (_MEMBER, _WRITE),
    Action.READ_END_USERS: (_MEMBER, _READ | _TICKETS | _END_USERS),
    Action.EXPORT_END_USERS: (_ADMIN, _END_USERS),
    Action.FORGET_END_USERS: (_ADMIN, _END_USERS),
    Action.READ_TICKETS: (_MEMBER, _READ | _TICKETS),
    Action.ANSWER_TICKETS: (_MEMBER, _TICKETS),
    Action.READ_ANALYTICS: (_MEMBER, _READ),
}


class NotPermitted(NotAllowed):
    """The member's role, or the key's scopes, do not reach this far."""

    code = "not_permitted"


def is_allowed(action: Action, role: Role | None, key_scopes: Collection[KeyScope] = ()) -> bool:
    """Whether a member of this role, or a key with one of these scopes, may do this."""
    roles, scopes = TABLE[action]
    return role in roles or not scopes.isdisjoint(key_scopes)


def require(scope: MemberScope, action: Action) -> None:
    """Raise NotPermitted unless whoever holds the scope may do this; says who may."""
    require_role(scope, scope.role, action)


def require_role(scope: MemberScope, role: Role | None, action: Action) -> None:
    """As `require`, for a role that was read again since the scope was made."""
    if is_allowed(action, role, scope.key_scopes):
        return
    roles, scopes = TABLE[action]
    if role is None and not scopes:
        message = f"No API key may do this ({action}). Sign in as a member."
    elif role is None:
        message = f"This API key may not do this ({action}). It needs the scope {_any(scopes)}."
    else:
        message = f"Your role may not do this ({action}). Ask someone with the role {_any(roles)}."
    raise NotPermitted(message)


def as_markdown() -> str:
    """The table as docs/permissions.md shows it."""
    columns = [*Role, *KeyScope]
    titles = [str(role) for role in Role] + [f"key: {scope}" for scope in KeyScope]
    lines = [f"| action | {' | '.join(titles)} |", "|---" * (len(columns) + 1) + "|"]
    for action, (roles, scopes) in TABLE.items():
        marks = ["✓" if column in roles | scopes else "" for column in columns]
        lines.append(f"| `{action}` | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def _any(values: Collection[Role] | Collection[KeyScope]) -> str:
    return " or ".join(sorted(str(value) for value in values))
