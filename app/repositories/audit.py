"""The audit log. Entries are added and read, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from piccolo.custom_types import Combinable

from app.core import clock
from app.core.enums import ActorKind
from app.core.page import Page, Place
from app.models.audit import AuditEntry as AuditEntryTable
from app.repositories.base import Row, ScopedRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change: who made it, what it was made to, and the fields that differ."""

    id: str
    actor_kind: ActorKind
    actor_id: str
    actor_name: str
    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any]
    after: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries to read; what is None does not matter."""

    actor_id: str | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditEntries(ScopedRepository):
    """The organization's audit log."""

    table = AuditEntryTable

    async def insert(self, values: Row) -> None:
        """Add an entry; it stands or falls with the transaction that it is made in."""
        await self._insert({**values, "created_at": clock.now()})

    async def page(
        self, only: AuditFilter, *, after: Place | None, limit: int, is_backward: bool = False
    ) -> Page[AuditEntry]:
        """The next entries, newest first."""
        page = await self._page(
            *_conditions(only),
            after=after,
            limit=limit,
            newest_first=True,
            is_backward=is_backward,
        )
        return Page(items=tuple(_entry(row) for row in page.items), has_more=page.has_more)


def _conditions(only: AuditFilter) -> list[Combinable]:
    equal = [
        (AuditEntryTable.actor_id, only.actor_id),
        (AuditEntryTable.action, only.action),
        (AuditEntryTable.subject_type, only.subject_type),
        (AuditEntryTable.subject_id, only.subject_id),
    ]
    conditions: list[Combinable] = [column == value for column, value in equal if value is not None]
    if only.since is not None:
        conditions.append(AuditEntryTable.created_at >= only.since)
    if only.until is not None:
        conditions.append(AuditEntryTable.created_at < only.until)
    return conditions


def _entry(row: Row) -> AuditEntry:
    decoded = {name: msgspec.json.decode(row[name]) for name in ("before", "after")}
    return msgspec.convert({**row, **decoded}, AuditEntry)
