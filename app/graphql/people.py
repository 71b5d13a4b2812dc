"""Who belongs to the organization, its keys, and who changed what."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app.core.enums import ActorKind, KeyScope, Role
from app.core.listing import Window
from app.core.page import Place
from app.domain import api_keys, audit, members
from app.graphql.context import Info
from app.graphql.pages import After, Connection, First, page_of, window
from app.graphql.shapes import shown


@strawberry.type(description="A person in the organization.")
class Member:
    """A membership."""

    id: strawberry.ID = strawberry.field(description="The membership's id.")
    user_id: strawberry.ID = strawberry.field(description="The person's id.")
    name: str = strawberry.field(description="The person's name, or empty.")
    email: str = strawberry.field(description="The person's e-mail address.")
    role: Role = strawberry.field(description="What the person may do.")
    joined_at: datetime = strawberry.field(description="When the person joined.")


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


@strawberry.type(description="A page of members.")
class MemberConnection(Connection[Member]):
    """A page of members."""


@strawberry.type(description="A page of API keys.")
class ApiKeyConnection(Connection[ApiKey]):
    """A page of API keys."""


@strawberry.type(description="A page of the audit log.")
class AuditEntryConnection(Connection[AuditEntry]):
    """A page of the audit log."""


@strawberry.type
class PeopleQueries:
    """The root fields about people."""

    @strawberry.field(description="The organization's members, in the order in which they joined.")
    async def members(
        self, info: Info, first: First = None, after: After = None
    ) -> MemberConnection:
        """A page of members."""
        asked = window((first, None), (after, None), column="joined_at", is_descending=False)
        page = await members.page(info.context.scope, after=_place(asked), limit=asked.limit)
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(Member, it))
        return MemberConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(
        description="The organization's API keys, newest first, expired and revoked ones too. For "
        "admins who signed in."
    )
    async def api_keys(
        self, info: Info, first: First = None, after: After = None
    ) -> ApiKeyConnection:
        """A page of keys."""
        asked = _window(first, after)
        page = await api_keys.page(info.context.scope, after=_place(asked), limit=asked.limit)
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(ApiKey, it))
        return ApiKeyConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(description="Who changed what, newest first. For admins who signed in.")
    async def audit_log(
        self, info: Info, first: First = None, after: After = None
    ) -> AuditEntryConnection:
        """A page of the audit log."""
        asked = _window(first, after)
        page = await audit.entries(info.context.scope, after=_place(asked), limit=asked.limit)
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(AuditEntry, it))
        return AuditEntryConnection(edges=edges, nodes=nodes, page_info=page_info)


def _window(first: int | None, after: str | None) -> Window:
    return window((first, None), (after, None), column="created_at", is_descending=True)


def _place(asked: Window) -> Place | None:
    if asked.spot is None:
        return None
    assert isinstance(asked.spot.value, datetime)  # what the cursors of these lists hold
    return Place(at=asked.spot.value, id=asked.spot.id)
