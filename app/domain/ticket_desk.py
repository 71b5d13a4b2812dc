"""Answering tickets: status, priority, who sees to it, and what it is called."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from msgspec import UNSET, UnsetType

from app.core import clock
from app.core.enums import ActivityType, TicketPriority, TicketStatus
from app.core.errors import Conflict, NotFound
from app.core.scope import MemberScope, OrganizationScope
from app.domain.edits import given, require_revision
from app.domain.faults import Faults
from app.repositories import database
from app.repositories.members import Member, Memberships
from app.repositories.ticket_desk import Activities, Activity, Ticket, TicketDesk

__all__ = [
    "Activity",
    "HistoryFull",
    "Ticket",
    "TicketPatch",
    "TicketWritten",
    "add_activity",
    "assign",
    "by_id",
    "by_number",
    "check_comment",
    "edit_fields",
    "held",
    "release_tickets",
    "saved",
    "set_priority",
    "set_status",
]

MOST_ACTIVITIES: Final = 1_000  # of one ticket; a script that never stops must not fill the disk
KEPT_FREE: Final = 100  # besides, for what is no comment: a ticket that is full can still be closed
COMMENT_MAX_CHARACTERS: Final = 10_000
TITLE_MAX_CHARACTERS: Final = 200
CONTEXT_MAX_CHARACTERS: Final = 1_000


class HistoryFull(Conflict):
    """The ticket's history takes no further entry."""

    code = "history_full"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPatch:
    """What to change of a ticket's words; what is UNSET stays.

    The problem stays as the end user told it, and so does the address that answers go to.
    """

    title: str | UnsetType = UNSET
    context: str | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWritten:
    """What a write came to. It holds none of the ticket's words: what keeps it, keeps ids.

    `activity_id` is the new or changed entry's, None where all was so already; `edited` names the
    words that are others now.
    """

    ticket_id: str
    activity_id: str | None = None
    edited: tuple[str, ...] = ()


async def by_id(scope: OrganizationScope, ticket_id: str) -> Ticket:
    """The ticket. Raises NotFound."""
    async with database.connection(scope):
        return _existing(await TicketDesk(scope).by_id(ticket_id))


async def by_number(scope: OrganizationScope, number: int) -> Ticket:
    """The ticket with this number. Raises NotFound."""
    async with database.connection(scope):
        return _existing(await TicketDesk(scope).by_number(number))


async def set_status(
    scope: MemberScope,
    ticket_id: str,
    *,
    status: TicketStatus,
    comment: str | None = None,
    expected_revision: int | None = None,
) -> TicketWritten:
    """Say where a ticket stands, with a comment or without; the comment stands by itself too.

    The entry told is the comment's where there is one. Raises NotFound, Invalid, RevisionMismatch
    and HistoryFull.
    """
    if comment is not None:
        check_comment("comment", comment)
    async with database.transaction(scope):
        ticket = await held(scope, ticket_id, expected_revision=expected_revision)
        if ticket.status is status and comment is None:
            return TicketWritten(ticket_id=ticket_id)
        activity_id = None
        if comment is not None:
            activity_id = await add_activity(
                scope, ticket_id, kind=ActivityType.COMMENT, body=comment
            )
        if ticket.status is not status:
            detail = _changed("status", before=ticket.status, after=status)
            changed_id = await add_activity(
                scope, ticket_id, kind=ActivityType.STATUS_CHANGE, detail=detail
            )
            activity_id = activity_id or changed_id
        await saved(scope, replace(ticket, status=status))
        return TicketWritten(ticket_id=ticket_id, activity_id=activity_id)


async def assign(
    scope: MemberScope,
    ticket_id: str,
    *,
    assignee_id: str | None,
    expected_revision: int | None = None,
) -> TicketWritten:
    """Give a ticket to a member, or to no one.

    Raises NotFound (of the member with the field assigneeId), RevisionMismatch and HistoryFull.
    """
    async with database.transaction(scope):
        ticket = await held(scope, ticket_id, expected_revision=expected_revision)
        if ticket.assignee_id == assignee_id:
            return TicketWritten(ticket_id=ticket_id)
        name = await _name_of_held(scope, assignee_id) if assignee_id else None
        # The present one is not held: who is removed waits for the ticket already.
        former = await Memberships(scope).by_id(ticket.assignee_id) if ticket.assignee_id else None
        detail = _changed("assignee", before=_name(former) if former else None, after=name)
        activity_id = await add_activity(
            scope, ticket_id, kind=ActivityType.ASSIGNMENT, detail=detail
        )
        await saved(scope, replace(ticket, assignee_id=assignee_id))
        return TicketWritten(ticket_id=ticket_id, activity_id=activity_id)


async def release_tickets(scope: MemberScope, member: Member) -> None:
    """Leave the tickets of a member who goes to no one; call it before the membership ends."""
    async with database.transaction(scope):
        ticket_ids = await TicketDesk(scope).release(member.id)
        detail = _changed("assignee", before=_name(member), after=None)
        await Activities(scope).add(
            scope,
            ticket_ids,
            kind=ActivityType.ASSIGNMENT,
            detail=detail,
            at_most=MOST_ACTIVITIES,
        )


async def set_priority(
    scope: MemberScope,
    ticket_id: str,
    *,
    priority: TicketPriority,
    expected_revision: int | None = None,
) -> TicketWritten:
    """Say how urgent a ticket is. Raises NotFound, RevisionMismatch and HistoryFull."""
    async with database.transaction(scope):
        ticket = await held(scope, ticket_id, expected_revision=expected_revision)
        if ticket.priority is priority:
            return TicketWritten(ticket_id=ticket_id)
        detail = _changed("priority", before=ticket.priority, after=priority)
        return await _updated(scope, replace(ticket, priority=priority), detail)


async def edit_fields(
    scope: MemberScope,
    ticket_id: str,
    *,
    patch: TicketPatch,
    expected_revision: int | None = None,
) -> TicketWritten:
    """Change a ticket's title and context.

    What they said before is kept nowhere: of an end user who is forgotten, only the ticket itself
    holds words. Raises NotFound, Invalid, RevisionMismatch and HistoryFull.
    """
    async with database.transaction(scope):
        ticket = await held(scope, ticket_id, expected_revision=expected_revision)
        changed = replace(ticket, **given(patch))
        names = [name for name in given(patch) if getattr(changed, name) != getattr(ticket, name)]
        if not names:
            return TicketWritten(ticket_id=ticket_id)
        faults = Faults()
        faults.line("title", changed.title, longest=TITLE_MAX_CHARACTERS, required=True)
        faults.text("context", changed.context or "", longest=CONTEXT_MAX_CHARACTERS)
        faults.refuse()
        detail = {"changes": [{"field": name} for name in names]}
        written = await _updated(scope, changed, detail)
        return replace(written, edited=tuple(names))


def check_comment(field: str, text: str) -> None:
    """Raise Invalid unless the text, given as `field`, can be a comment."""
    faults = Faults()
    faults.text(field, text, longest=COMMENT_MAX_CHARACTERS, required=True)
    faults.refuse()


async def held(
    scope: OrganizationScope, ticket_id: str, *, expected_revision: int | None = None
) -> Ticket:
    """The ticket, held against other writers until the transaction ends.

    Raises NotFound and RevisionMismatch.
    """
    ticket = _existing(await TicketDesk(scope).by_id(ticket_id, is_locked=True))
    require_revision(ticket.revision, expected_revision)
    return ticket


async def saved(scope: OrganizationScope, ticket: Ticket) -> None:
    """Write a held ticket as it is to be from its next revision on."""
    written = replace(ticket, revision=ticket.revision + 1, updated_at=clock.now())
    await TicketDesk(scope).save(written)


async def add_activity(
    scope: MemberScope,
    ticket_id: str,
    *,
    kind: ActivityType,
    body: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> str:
    """The id of a new entry in a held ticket's history. Raises HistoryFull."""
    at_most = MOST_ACTIVITIES + (0 if kind is ActivityType.COMMENT else KEPT_FREE)
    added = await Activities(scope).add(
        scope, [ticket_id], kind=kind, body=body, detail=detail, at_most=at_most
    )
    if not added:
        message = (
            f"The ticket's history has {at_most} entries, which is as many as it can have."
            " Go on in another ticket."
        )
        raise HistoryFull(message)
    return added[0]


async def _updated(scope: MemberScope, changed: Ticket, detail: Mapping[str, Any]) -> TicketWritten:
    activity_id = await add_activity(
        scope, changed.id, kind=ActivityType.FIELD_UPDATE, detail=detail
    )
    await saved(scope, changed)
    return TicketWritten(ticket_id=changed.id, activity_id=activity_id)


async def _name_of_held(scope: OrganizationScope, member_id: str) -> str:
    """What the history calls a member, who stays until the transaction ends. Raises NotFound."""
    is_there = await TicketDesk(scope).hold_member(member_id)
    member = await Memberships(scope).by_id(member_id) if is_there else None
    if member is None:
        message = "There is no such member."
        raise NotFound(message, field="assigneeId")
    return _name(member)


def _name(member: Member) -> str:
    return member.name or member.email


def _changed(field: str, *, before: str | None, after: str | None) -> Mapping[str, Any]:
    return {"changes": [{"field": field, "before": before, "after": after}]}


def _existing(ticket: Ticket | None) -> Ticket:
    if ticket is None:
        message = "There is no such ticket."
        raise NotFound(message)
    return ticket
