"""How much of the data a piece of work may touch.

Only `app/domain/admission.py` makes these (a test says so): holding one is the proof of admission.
`owner_id` is what row-level security compares rows with: an organization's id, or a user's.
"""

from dataclasses import dataclass, field

from app.core.enums import ActorKind, KeyScope, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationScope:
    """One organization's data."""

    organization_id: str

    @property
    def owner_id(self) -> str:
        """The organization."""
        return self.organization_id


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberScope(OrganizationScope):
    """One organization's data, in the hands of someone who answers for it.

    `role` is a member's, `key_scopes` an API key's; `actor_name` is what the audit log shows.
    """

    actor_kind: ActorKind
    actor_id: str
    actor_name: str = field(repr=False)
    role: Role | None = None
    key_scopes: frozenset[KeyScope] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerScope(OrganizationScope):
    """One server of one organization."""

    server_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUserScope(ServerScope):
    """One end user of one server, in a session or visit where there is one."""

    end_user_id: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserScope:
    """A user's own data, which belongs to no organization: account, sessions, one-time tokens.

    `session_id` is empty where the user is known by something else, such as a link sent by mail.
    """

    user_id: str
    email: str = field(repr=False)
    session_id: str | None = None

    @property
    def owner_id(self) -> str:
        """The user."""
        return self.user_id


Scope = OrganizationScope | UserScope
