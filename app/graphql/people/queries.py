"""Reading who belongs to the organization, who is invited, its keys, and who changed what."""

from datetime import datetime
from typing import Annotated, TypedDict

import strawberry

from app.core.errors import NotFound
from app.core.listing import Window
from app.core.page import Place
from app.domain import api_keys, audit, invitations, members
from app.domain.audit import AuditFilter
from app.graphql.conditions import check_texts, moment
from app.graphql.context import Info
from app.graphql.pages import After, Before, First, Last, page_of, window
from app.graphql.people.types import (
    ApiKey,
    ApiKeyConnection,
    AuditEntry,
    AuditEntryConnection,
    AuditLogFilter,
    Invitation,
    InvitationConnection,
    InvitationPreview,
    Member,
    MemberConnection,
)
from app.graphql.shapes import shown


class Part(TypedDict):
    """Which part of a list the domain is asked for."""

    after: Place | None
    limit: int
    is_backward: bool


@strawberry.type
class PeopleQueries:
    """The root fields about people."""

    @strawberry.field(description="The organization's members, in the order in which they joined.")
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> MemberConnection:
        """A page of members."""
        asked = window((first, last), (after, before), column="joined_at", is_descending=False)
        page = await members.page(info.context.scope, **_part(asked))
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(Member, it))
        return MemberConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(description="One member; null if there is none with this id.")
    async def member(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The membership's id.")],  # noqa: A002 - what clients call it
    ) -> Member | None:
        """The member."""
        scope = info.context.scope
        try:
            return shown(Member, await members.by_id(scope, id))
        except NotFound:
            return None

    @strawberry.field(
        description="The invitations that were not accepted, expired ones too, newest first. For "
        "admins who signed in."
    )
    async def invitations(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> InvitationConnection:
        """A page of invitations."""
        asked = _window((first, last), (after, before))
        page = await invitations.pending(info.context.scope, **_part(asked))
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(Invitation, it))
        return InvitationConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(
        description="What an invitation's link is for, also before signing in; null if it was "
        "cancelled, accepted or has expired."
    )
    async def invitation(
        self,
        token: Annotated[str, strawberry.argument(description="The token in the mailed link.")],
    ) -> InvitationPreview | None:
        """The invitation from the other side."""
        try:
            return shown(InvitationPreview, await invitations.preview(token))
        except NotFound:
            return None

    @strawberry.field(
        description="The organization's API keys, newest first, expired and revoked ones too. For "
        "admins who signed in."
    )
    async def api_keys(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ApiKeyConnection:
        """A page of keys."""
        asked = _window((first, last), (after, before))
        page = await api_keys.page(info.context.scope, **_part(asked))
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(ApiKey, it))
        return ApiKeyConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(description="Who changed what, newest first. For admins who signed in.")
    async def audit_log(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - what GraphQL APIs call it
            AuditLogFilter | None, strawberry.argument(description="Which entries; all, if absent.")
        ] = None,
    ) -> AuditEntryConnection:
        """A page of the audit log."""
        asked = _window((first, last), (after, before))
        page = await audit.entries(info.context.scope, only=_only(filter), **_part(asked))
        edges, nodes, page_info = page_of(page, asked, lambda it: shown(AuditEntry, it))
        return AuditEntryConnection(edges=edges, nodes=nodes, page_info=page_info)


def _window(sizes: tuple[int | None, int | None], cursors: tuple[str | None, str | None]) -> Window:
    return window(sizes, cursors, column="created_at", is_descending=True)


def _part(asked: Window) -> Part:
    place = None
    if asked.spot is not None:
        assert isinstance(asked.spot.value, datetime)  # what the cursors of these lists hold
        place = Place(at=asked.spot.value, id=asked.spot.id)
    return Part(after=place, limit=asked.limit, is_backward=asked.is_backward)


def _only(given: AuditLogFilter | None) -> AuditFilter:
    """The filter as the domain takes it. Raises Invalid."""
    if given is None:
        return AuditFilter()
    check_texts(
        actorId=given.actor_id,
        action=given.action,
        subjectType=given.subject_type,
        subjectId=given.subject_id,
    )
    return AuditFilter(
        actor_id=given.actor_id,
        action=given.action,
        subject_type=given.subject_type,
        subject_id=given.subject_id,
        since=moment("since", given.since),
        until=moment("until", given.until),
    )
