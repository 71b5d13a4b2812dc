"""Tickets in pages, and what belongs to them for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from app.core.enums import TicketPriority, TicketStatus
from app.core.listing import Window
from app.core.page import Page
from app.core.scope import OrganizationScope
from app.repositories import database, windows
from app.repositories.members import Member
from app.repositories.steps import Step, step_of
from app.repositories.ticket_desk import Activity, Ticket, activity_of, ticket_of
from app.repositories.windows import Conditions

# Reading a hundred thousand texts takes about a tenth of a second.
SEARCHED_TICKETS: Final = 100_000
MOST_MATCHES: Final = 1_000

_MATCHES = f"""
t.id = ANY (ARRAY(SELECT t.id FROM ticket t WHERE {{conditions}}
    AND t.created_at >= coalesce((SELECT t.created_at FROM ticket t WHERE t.organization_id = $1
        ORDER BY t.created_at DESC, t.id DESC OFFSET {SEARCHED_TICKETS - 1} LIMIT 1), '-infinity')
    AND {{search}}
    ORDER BY t.created_at DESC, t.id DESC LIMIT {MOST_MATCHES}))
"""

_TICKETS = "SELECT * FROM ticket WHERE organization_id = $1 AND id = ANY ($2)"

_STEPS = "SELECT * FROM step WHERE organization_id = $1 AND id = ANY ($2)"

_MEMBERS = "SELECT * FROM colleagues() WHERE id = ANY ($1)"

_COMMENT_COUNTS = """
SELECT ticket_id, count(*) AS number FROM activity
WHERE organization_id = $1 AND ticket_id = ANY ($2) AND type = 'comment' AND withdrawn_at IS NULL
GROUP BY ticket_id
"""

_ACTIVITIES_BY_ID = "SELECT * FROM activity WHERE organization_id = $1 AND id = ANY ($2)"

_ACTIVITIES = """
SELECT a.* FROM unnest($2::text[]) AS wanted(ticket_id) CROSS JOIN LATERAL (
    SELECT * FROM activity t
    WHERE t.organization_id = $1 AND t.ticket_id = wanted.ticket_id {place}
    ORDER BY t.created_at {way}, t.id {way} LIMIT {limit:d}) AS a
ORDER BY a.created_at {way}, a.id {way}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets to list; what is None or empty does not matter.

    `search` is looked for in title, problem and address, in any case, among the newest
    SEARCHED_TICKETS; the newest MOST_MATCHES are found. `number`: also, or where there is no
    `search` only, the ticket of this number.
    """

    statuses: tuple[TicketStatus, ...] = ()
    priorities: tuple[TicketPriority, ...] = ()
    assignee_id: str | None = None
    is_unassigned: bool | None = None
    server_id: str | None = None
    end_user_id: str | None = None
    search: str | None = None
    number: int | None = None


class TicketLists:
    """The organization's tickets, and what belongs to them."""

    def __init__(self, scope: OrganizationScope) -> None:
        self._organization_id = scope.organization_id

    async def page(self, only: TicketFilter, window: Window) -> Page[Ticket]:
        """A part of the tickets that the filter lets through."""
        page = await windows.page("ticket", self._filtered(only), window)
        return Page(items=tuple(map(ticket_of, page.items)), has_more=page.has_more)

    async def count(self, only: TicketFilter) -> int:
        """How many tickets the filter lets through."""
        return await windows.count("ticket", self._filtered(only))

    async def by_id(self, ids: Sequence[str]) -> list[Ticket]:
        """Those of these tickets that exist."""
        rows = await database.fetch(_TICKETS, self._organization_id, ids)
        return list(map(ticket_of, rows))

    async def steps_by_id(self, ids: Sequence[str]) -> list[Step]:
        """Those of these steps that exist."""
        rows = await database.fetch(_STEPS, self._organization_id, ids)
        return [step_of(dict(row)) for row in rows]

    async def members_by_id(self, ids: Sequence[str]) -> list[Member]:
        """Those of these members that belong to the organization."""
        rows = await database.fetch(_MEMBERS, ids)
        return [msgspec.convert(dict(row), Member) for row in rows]

    async def comment_counts(self, ticket_ids: Sequence[str]) -> dict[str, int]:
        """How many comments these tickets have; those without any are left out."""
        rows = await database.fetch(_COMMENT_COUNTS, self._organization_id, ticket_ids)
        return {row["ticket_id"]: row["number"] for row in rows}

    async def activities_by_id(self, ids: Sequence[str]) -> list[Activity]:
        """Those of these entries that exist."""
        rows = await database.fetch(_ACTIVITIES_BY_ID, self._organization_id, ids)
        return list(map(activity_of, rows))

    async def activities(
        self, ticket_ids: Sequence[str], window: Window
    ) -> dict[str, Page[Activity]]:
        """The same part of the history of each of these tickets, by created_at."""
        is_falling = window.is_descending != window.is_backward
        args: list[object] = [self._organization_id, ticket_ids]
        place = ""
        if window.spot is not None:
            args += [window.spot.value, window.spot.id]
            place = f"AND (t.created_at, t.id) {'<' if is_falling else '>'} ($3, $4)"
        way = "DESC" if is_falling else "ASC"
        sql = _ACTIVITIES.format(place=place, way=way, limit=window.limit + 1)
        found: dict[str, list[Activity]] = {one: [] for one in ticket_ids}
        for row in await database.fetch(sql, *args):
            found[row["ticket_id"]].append(activity_of(row))
        return {
            ticket_id: Page(items=_in_order(entries, window), has_more=len(entries) > window.limit)
            for ticket_id, entries in found.items()
        }

    def _filtered(self, only: TicketFilter) -> Conditions:
        conditions = Conditions([])
        conditions.add("t.organization_id = $?", self._organization_id)
        _one_of(conditions, "status", only.statuses)
        _one_of(conditions, "priority", only.priorities)
        if only.is_unassigned is not None:
            conditions.add(f"t.assignee_id IS {'' if only.is_unassigned else 'NOT '}NULL")
        for column in ("assignee_id", "server_id", "end_user_id"):
            its_id = getattr(only, column)
            if its_id is not None:
                conditions.add(f"t.{column} = $?", its_id)
        if only.search is not None:
            _search(conditions, only.search, only.number)
        elif only.number is not None:
            conditions.add("t.number = $?", only.number)
        return conditions


def _one_of(conditions: Conditions, column: str, wanted: Sequence[str]) -> None:
    if len(wanted) == 1:  # an index may have these in the order of their age
        conditions.add(f"t.{column} = $?", wanted[0])
    elif wanted:
        conditions.add(f"t.{column} = ANY ($?)", list(wanted))


def _search(conditions: Conditions, text: str, number: int | None) -> None:
    """Restrict to the matches, which are looked for newest first and with the other conditions.

    In one go and before the page is made: in another order they would be far apart on the disk.
    """
    inner = " AND ".join(conditions.sql)
    search = "strpos(t.search_text, (SELECT lower($?))) > 0"
    matches = _MATCHES.format(conditions=inner, search=search)
    if number is None:
        conditions.add(matches, text)
    else:
        conditions.add(f"({matches} OR t.number = $?)", text, number)


def _in_order(entries: list[Activity], window: Window) -> tuple[Activity, ...]:
    part = entries[: window.limit]
    return tuple(reversed(part) if window.is_backward else part)
