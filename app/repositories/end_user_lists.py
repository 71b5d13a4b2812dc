"""End users as members list, find and read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.core.enums import ProgressStatus
from app.core.listing import Window
from app.core.page import Page
from app.core.scope import OrganizationScope
from app.repositories import database, nested, windows
from app.repositories.database import Row
from app.repositories.progress_sql import DONE
from app.repositories.ticket_desk import Ticket, ticket_of
from app.repositories.windows import Conditions

_END_USERS = """
SELECT * FROM end_user WHERE organization_id = $1 AND id = ANY ($2) AND forgotten_at IS NULL
"""

# The walkthrough as w is whatever it is: available or not, a finished step stays finished.
_PROGRESS = f"""
SELECT p.*, {DONE} AS completed_steps, coalesce(w.total_steps, 0) AS total_steps,
    progress_percent({DONE}, w.total_steps) AS percent,
    progress_status(p.started_at, {DONE}, w.total_steps) AS status
FROM progress p CROSS JOIN LATERAL (
    SELECT g.shape,
        (SELECT max(s.position) FROM step s WHERE s.walkthrough_id = g.id) AS total_steps
    FROM walkthrough g WHERE g.organization_id = $1 AND g.id = p.walkthrough_id) AS w
WHERE p.organization_id = $1 AND p.end_user_id = ANY ($2)
ORDER BY p.last_activity_at DESC NULLS LAST, p.id
"""

# Every text that begins with the prefix lies between it and this, by code points (collation C).
_LAST = "\U0010ffff"

_BEGINS = """(
    t.id = $? OR t.email_key >= $? AND t.email_key < $? OR t.name_key >= $? AND t.name_key < $?
    OR t.tracking_id COLLATE "C" >= $? AND t.tracking_id COLLATE "C" < $?)"""

# Plans do not know how many rows a condition lets through. A few are looked up first and named;
# among many, a walk along the list's own order soon finds a page of them.
_FEW = 1_000

_MATCHES = f"""
SELECT id FROM (
    (SELECT id FROM end_user WHERE organization_id = $1 AND id = $2)
    UNION (SELECT id FROM end_user WHERE organization_id = $1
        AND email_key >= $3 AND email_key < $4 LIMIT {_FEW + 1})
    UNION (SELECT id FROM end_user WHERE organization_id = $1
        AND name_key >= $3 AND name_key < $4 LIMIT {_FEW + 1})
    UNION (SELECT id FROM end_user WHERE organization_id = $1
        AND tracking_id COLLATE "C" >= $2 AND tracking_id COLLATE "C" < $5 LIMIT {_FEW + 1})
) AS found LIMIT {_FEW + 1}
"""

_ON_SERVER = f"""
SELECT end_user_id AS id FROM session
WHERE organization_id = $1 AND server_id = $2 AND end_user_id IS NOT NULL
ORDER BY connected_at DESC, id DESC LIMIT {_FEW + 1}
"""

_WAS_ON = """EXISTS (SELECT FROM session s WHERE s.organization_id = t.organization_id
    AND s.end_user_id = t.id AND s.server_id = $?)"""

_LOWER = "SELECT lower($1::text) AS text"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUser:
    """Somebody whose progress and tickets are kept together. `email_key` sorts by address."""

    id: str
    tracking_id: str | None
    email: str | None
    email_verified: bool
    issuer: str | None
    subject: str | None
    profile: Mapping[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime
    email_key: str | None

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing tells who this is: neither a tracking id nor a login."""
        return self.tracking_id is None and self.issuer is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUserFilter:
    """Which end users to list; what is None does not matter.

    `search`: the id, or what address, name or tracking id begin with. `server_id`: those who were
    on this server. `since` and `until`: when they were last seen.
    """

    search: str | None = None
    server_id: str | None = None
    has_email: bool | None = None
    is_anonymous: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an end user is in one walkthrough, by the steps that it has now."""

    id: str
    end_user_id: str
    walkthrough_id: str
    server_id: str | None
    run: int
    status: ProgressStatus
    percent: int
    completed_steps: int
    total_steps: int
    current_step_id: str | None
    version_seen: int
    started_at: datetime | None
    last_activity_at: datetime | None
    first_completed_at: datetime | None


class EndUserLists:
    """The organization's end users; who was forgotten is none any more."""

    def __init__(self, scope: OrganizationScope) -> None:
        self._organization_id = scope.organization_id

    async def page(self, only: EndUserFilter, window: Window) -> Page[EndUser]:
        """A part of the end users that the filter lets through."""
        conditions = await self._filtered(only)
        page = await windows.page("end_user", conditions, window)
        return Page(items=tuple(map(end_user_of, page.items)), has_more=page.has_more)

    async def count(self, only: EndUserFilter) -> int:
        """How many end users the filter lets through."""
        return await windows.count("end_user", await self._filtered(only))

    async def by_id(self, ids: Sequence[str]) -> list[EndUser]:
        """Those of these end users that exist."""
        return [end_user_of(row) for row in await self._fetch(_END_USERS, ids)]

    async def progress(self, end_user_ids: Sequence[str]) -> list[Progress]:
        """How far these end users are, each one's latest activity first."""
        rows = await self._fetch(_PROGRESS, end_user_ids)
        return [msgspec.convert(dict(row), Progress) for row in rows]

    async def tickets(self, end_user_ids: Sequence[str], window: Window) -> dict[str, Page[Ticket]]:
        """The same part of the tickets of each of these end users."""
        found = await nested.pages(
            "ticket",
            "end_user_id",
            window,
            organization_id=self._organization_id,
            ids=end_user_ids,
        )
        return {
            one: Page(items=tuple(map(ticket_of, page.items)), has_more=page.has_more)
            for one, page in found.items()
        }

    async def _fetch(self, sql: str, ids: Sequence[str]) -> Sequence[Row]:
        return await database.fetch(sql, self._organization_id, ids)

    async def _filtered(self, only: EndUserFilter) -> Conditions:
        conditions = Conditions([])
        conditions.add("t.organization_id = $? AND t.forgotten_at IS NULL", self._organization_id)
        if only.search is not None:
            await self._search(conditions, only.search)
        if only.server_id is not None and not await self._name_few(
            conditions, _ON_SERVER, only.server_id
        ):
            conditions.add(_WAS_ON, only.server_id)
        if only.has_email is not None:
            conditions.add(f"t.email_key IS {'NOT ' if only.has_email else ''}NULL")
        if only.is_anonymous is not None:
            is_known = "(t.tracking_id IS NOT NULL OR t.issuer IS NOT NULL)"
            conditions.add(f"NOT {is_known}" if only.is_anonymous else is_known)
        if only.since is not None:
            conditions.add("t.last_seen_at >= $?", only.since)
        if only.until is not None:
            conditions.add("t.last_seen_at < $?", only.until)
        return conditions

    async def _search(self, conditions: Conditions, text: str) -> None:
        """Restrict to whom the text may mean; the database lowers it as it lowered the keys."""
        row = await database.fetch_row(_LOWER, text)
        key = row["text"] if row else text
        if not await self._name_few(conditions, _MATCHES, text, key, key + _LAST, text + _LAST):
            conditions.add(_BEGINS, text, *(key, key + _LAST) * 2, text, text + _LAST)

    async def _name_few(self, conditions: Conditions, sql: str, *args: object) -> bool:
        """Whether the end users that `sql` finds are so few that the list is restricted to them."""
        rows = await database.fetch(sql, self._organization_id, *args)
        if len(rows) <= _FEW:
            conditions.add("t.id = ANY ($?)", sorted({row["id"] for row in rows}))
        return len(rows) <= _FEW


def end_user_of(row: Row) -> EndUser:
    """The end user that a row of its table holds."""
    return msgspec.convert({**row, "profile": msgspec.json.decode(row["profile"])}, EndUser)
