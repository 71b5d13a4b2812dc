"""Tickets and their history as members write them; whoever writes holds the ticket's row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.core import clock
from app.core.enums import ActivityType, ActorKind, TicketPriority, TicketStatus
from app.core.ids import new_id
from app.core.scope import MemberScope
from app.models.tickets import Activity as ActivityTable
from app.models.tickets import Ticket as TicketTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository
from app.repositories.contention import insist

# Entries of one ticket are never of one time, so that they stay in the order in which they were
# made, whatever the clocks of several processes say. The tickets are held: the counts are right.
_ADD = """
INSERT INTO activity (id, organization_id, ticket_id, type, author_kind, author_id, author_name,
    body, detail, created_at)
SELECT added.id, $1, added.ticket_id, $4, $5, $6, $7, $8, $9,
    greatest($10, known.latest + interval '1 microsecond')
FROM unnest($2::text[], $3::text[]) AS added(id, ticket_id) CROSS JOIN LATERAL (
    SELECT count(*) AS number, max(created_at) AS latest FROM activity
    WHERE organization_id = $1 AND ticket_id = added.ticket_id) AS known
WHERE known.number < $11
RETURNING id
"""

# UPDATE: whoever gives the member a ticket at this moment has done so before, or finds no member.
_HOLD_LEAVER = """
SELECT id FROM membership WHERE organization_id = $1 AND id = $2 FOR UPDATE
"""

_HOLD_OF_LEAVER = """
SELECT id FROM ticket WHERE organization_id = $1 AND assignee_id = $2
ORDER BY id FOR NO KEY UPDATE
"""

_RELEASE = """
UPDATE ticket SET assignee_id = NULL, revision = revision + 1, updated_at = $3
WHERE organization_id = $1 AND id = ANY ($2)
"""

# KEY SHARE: a member who is being removed at this moment is waited for, and then is none.
_HOLD_MEMBER = """
SELECT id FROM membership WHERE organization_id = $1 AND id = $2 FOR KEY SHARE
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request for help. `urgency` sorts by priority, then by number: the next to answer first."""

    id: str
    number: int
    title: str
    problem: str
    context: str | None
    email: str
    status: TicketStatus
    priority: TicketPriority
    assignee_id: str | None
    server_id: str | None
    end_user_id: str | None
    walkthrough_id: str | None
    step_id: str | None
    urgency: str
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """An entry in a ticket's history; nobody is the author of what the system did."""

    id: str
    ticket_id: str
    type: ActivityType
    author_kind: ActorKind | None
    author_id: str | None
    author_name: str | None
    body: str | None
    detail: Mapping[str, Any]
    created_at: datetime
    edited_at: datetime | None
    withdrawn_at: datetime | None


class TicketDesk(ScopedRepository):
    """The organization's tickets."""

    table = TicketTable

    async def by_id(self, ticket_id: str, *, is_locked: bool = False) -> Ticket | None:
        """The ticket with this id, if locked held against other writers."""
        row = await self._row(TicketTable.id == ticket_id, is_locked=is_locked)
        return ticket_of(row) if row else None

    async def by_number(self, number: int) -> Ticket | None:
        """The ticket with this number."""
        row = await self._row(TicketTable.number == number)
        return ticket_of(row) if row else None

    async def save(self, ticket: Ticket) -> None:
        """Write what can change of a held ticket."""
        values = {
            "title": ticket.title,
            "context": ticket.context,
            "status": ticket.status.value,
            "priority": ticket.priority.value,
            "assignee_id": ticket.assignee_id,
            "revision": ticket.revision,
            "updated_at": ticket.updated_at,
        }
        await self._update(values, TicketTable.id == ticket.id)

    async def release(self, member_id: str) -> list[str]:
        """The ids of the member's tickets, which are held, and nobody's from now on."""

        async def held() -> list[str]:
            async with database.savepoint():
                await database.fetch(_HOLD_LEAVER, self.organization_id, member_id)
                rows = await database.fetch(_HOLD_OF_LEAVER, self.organization_id, member_id)
                return [row["id"] for row in rows]

        ids = await insist(held)  # an end user who is forgotten has tickets held in another order
        if ids:
            await database.fetch(_RELEASE, self.organization_id, ids, clock.now())
        return ids

    async def hold_member(self, member_id: str) -> bool:
        """Whether there is such a member, who then stays until the transaction ends."""
        row = await database.fetch_row(_HOLD_MEMBER, self.organization_id, member_id)
        return row is not None


class Activities(ScopedRepository):
    """The histories of the organization's tickets."""

    table = ActivityTable

    async def by_id(self, activity_id: str) -> Activity | None:
        """The entry with this id."""
        row = await self._row(ActivityTable.id == activity_id)
        return activity_of(row) if row else None

    async def add(
        self,
        author: MemberScope,
        ticket_ids: Sequence[str],
        *,
        kind: ActivityType,
        body: str | None = None,
        detail: Mapping[str, Any] | None = None,
        at_most: int,
    ) -> list[str]:
        """The ids of new entries at the ends of held tickets' histories that are not full yet."""
        rows = await database.fetch(
            _ADD,
            self.organization_id,
            [new_id("sta") for _ in ticket_ids],
            ticket_ids,
            kind.value,
            author.actor_kind.value,
            author.actor_id,
            author.actor_name,
            body,
            msgspec.json.encode(detail or {}).decode(),
            clock.now(),
            at_most,
        )
        return [row["id"] for row in rows]

    async def rewrite(self, activity_id: str, body: str) -> None:
        """Put another text in the place of a comment's."""
        values = {"body": body, "edited_at": clock.now()}
        await self._update(values, ActivityTable.id == activity_id)

    async def erase(self, activity_id: str) -> None:
        """Leave of a comment only that it was there."""
        values = {"body": None, "withdrawn_at": clock.now()}
        await self._update(values, ActivityTable.id == activity_id)


def ticket_of(row: Row) -> Ticket:
    """The ticket that a row of its table holds."""
    return msgspec.convert(dict(row), Ticket)


def activity_of(row: Row) -> Activity:
    """The entry that a row of its table holds."""
    return msgspec.convert({**row, "detail": msgspec.json.decode(row["detail"])}, Activity)
