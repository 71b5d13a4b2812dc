"""Members, invitations, keys and the audit log as clients see them."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app.core.enums import ActorKind, KeyScope, Role
from app.graphql.pages import Connection


@strawberry.type(description="A person in the organization.")
class Member:
    """A membership."""

    id: strawberry.ID = strawberry.field(description="The membership's id.")
    user_id: strawberry.ID = strawberry.field(description="The person's id.")
    name: str = strawberry.field(description="The person's name, or empty.")
    email: str = strawberry.field(description="The person's e-mail address.")
    role: Role = strawberry.field(description="What the person may do.")
    joined_at: datetime = strawberry.field(description="When the person joined.")


@strawberry.type(description="An address that was asked to join the organization.")
class Invitation:
    """An invitation that was not accepted yet."""

    id: strawberry.ID = strawberry.field(description="The invitation's id.")
    email: str = strawberry.field(description="The address; only its holder can accept.")
    role: Role = strawberry.field(description="What whoever accepts may do.")
    invited_by_name: str = strawberry.field(description="Who invited them.")
    created_at: datetime = strawberry.field(description="When they were first invited.")
    sent_at: datetime = strawberry.field(description="When the last mail went out.")
    expires_at: datetime = strawberry.field(
        description="Until when its link is good, which may be past: then resend it."
    )


@strawberry.type(description="What the holder of an invitation's link is invited to.")
class InvitationPreview:
    """An invitation from the other side."""

    organization_name: str = strawberry.field(description="The organization's name.")
    email: str = strawberry.field(description="The address to sign up or sign in with.")
    role: Role = strawberry.field(description="What you may do there.")
    invited_by_name: str = strawberry.field(description="Who invites.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted.")


@strawberry.type(description="A key for scripts. Its token was shown once, when it was made.")
class ApiKey:
    """A key."""

    id: strawberry.ID = strawberry.field(description="The key's id.")
    name: str = strawberry.field(description="What members know it by.")
    scopes: list[KeyScope] = strawberry.field(description="What it was made for.")
    hint: str = strawberry.field(description="The end of its token, to tell keys apart.")
    created_by_name: str = strawberry.field(description="Who made it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Until when it is good.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to the minute; null if never."
    )
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, if it was.")


@strawberry.type(description="One change, as the audit log keeps it.")
class AuditEntry:
    """An entry of the audit log."""

    id: strawberry.ID = strawberry.field(description="The entry's id.")
    actor_kind: ActorKind = strawberry.field(description="A person, a key or the operator.")
    actor_id: strawberry.ID = strawberry.field(description="The user's or the key's id.")
    actor_name: str = strawberry.field(description="The e-mail address or the key's name then.")
    action: str = strawberry.field(description="What was done, such as `server.configured`.")
    subject_type: str = strawberry.field(description="What kind of thing was changed.")
    subject_id: strawberry.ID = strawberry.field(description="The id of what was changed.")
    before: JSON = strawberry.field(description="The fields that differ, as they were.")
    after: JSON = strawberry.field(description="The fields that differ, as they are.")
    created_at: datetime = strawberry.field(description="When it was done.")


@strawberry.input(description="Which entries of the audit log to read; all that is given counts.")
class AuditLogFilter:
    """The filter of auditLog."""

    actor_id: strawberry.ID | None = strawberry.field(
        default=None, description="Changes by this user (by user id) or key."
    )
    action: str | None = strawberry.field(
        default=None, description="Changes of this kind, such as `server.configured`."
    )
    subject_type: str | None = strawberry.field(
        default=None, description="Changes of this kind of thing, such as `server`."
    )
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="Changes of the thing with this id."
    )
    since: datetime | None = strawberry.field(
        default=None, description="Changes from this moment on; without an offset it is UTC."
    )
    until: datetime | None = strawberry.field(
        default=None, description="Changes before this moment."
    )


@strawberry.type(description="A page of members.")
class MemberConnection(Connection[Member]):
    """A page of members."""


@strawberry.type(description="A page of invitations.")
class InvitationConnection(Connection[Invitation]):
    """A page of invitations."""


@strawberry.type(description="A page of API keys.")
class ApiKeyConnection(Connection[ApiKey]):
    """A page of API keys."""


@strawberry.type(description="A page of the audit log.")
class AuditEntryConnection(Connection[AuditEntry]):
    """A page of the audit log."""
