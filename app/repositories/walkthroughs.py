"""Walkthroughs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from app.core import clock
from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import Conflict
from app.models.walkthroughs import Walkthrough as WalkthroughTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository, refused_by
from app.repositories.contention import insist_on

_IDS_BY_TITLE = """
SELECT id, title FROM walkthrough
WHERE organization_id = $1 AND status <> 'archived' AND lower(title) = lower($2)
ORDER BY title
"""

_TITLES_FROM = """
SELECT title FROM walkthrough
WHERE organization_id = $1 AND status <> 'archived' AND starts_with(title, $2)
"""

# Whoever completes a step locks the own progress row first and then, through the foreign key of the
# completion, the walkthrough. Taking the progress rows first here as well keeps the two from
# deadlocking, but for one who comes between the two statements.
_HOLD_READERS = """
SELECT id FROM progress WHERE organization_id = $1 AND walkthrough_id = $2
ORDER BY id FOR NO KEY UPDATE
"""

_DELETE = "DELETE FROM walkthrough WHERE organization_id = $1 AND id = $2"


class TitleTaken(Conflict):
    """Another walkthrough that is not archived has this title."""

    code = "title_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkthroughDetails:
    """What authors say of a walkthrough besides its steps.

    `metadata` is the walkthrough's own; `file_metadata` stood beside it in the file it came from.
    """

    title: str
    description: str = ""
    type: WalkthroughType = WalkthroughType.COURSE
    estimated_duration_minutes: int | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    file_metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walkthrough(WalkthroughDetails):
    """A guided, step-by-step piece of teaching.

    `version` rises with what its end users read, `revision` with every write, `shape` whenever
    steps are inserted, removed or moved.
    """

    id: str
    status: WalkthroughStatus
    version: int
    revision: int
    shape: int
    created_at: datetime
    updated_at: datetime


class Walkthroughs(ScopedRepository):
    """The organization's walkthroughs."""

    table = WalkthroughTable

    async def by_id(self, walkthrough_id: str, *, is_locked: bool = False) -> Walkthrough | None:
        """The walkthrough with this id."""
        row = await self._row(WalkthroughTable.id == walkthrough_id, is_locked=is_locked)
        return walkthrough_of(row) if row else None

    async def ids_by_title(self, title: str) -> dict[str, str]:
        """The ids, by title, of those not archived whose title is this one in any case."""
        rows = await database.fetch(_IDS_BY_TITLE, self.organization_id, title)
        return {row["title"]: row["id"] for row in rows}

    async def titles_from(self, beginning: str) -> set[str]:
        """The titles of those not archived that begin like this."""
        rows = await database.fetch(_TITLES_FROM, self.organization_id, beginning)
        return {row["title"] for row in rows}

    async def insert(self, details: WalkthroughDetails) -> Walkthrough:
        """The new walkthrough, a draft without steps. Raises TitleTaken."""
        now = clock.now()
        values = {**_columns(details), "created_at": now, "updated_at": now}
        with refused_by("walkthrough_title_once", error=_taken(details.title)):
            return walkthrough_of(await self._insert(values))

    async def save(self, walkthrough: Walkthrough) -> None:
        """Write what can change of a locked walkthrough. Raises TitleTaken."""
        values = {
            **_columns(walkthrough),
            "status": walkthrough.status,
            "version": walkthrough.version,
            "revision": walkthrough.revision,
            "shape": walkthrough.shape,
            "updated_at": walkthrough.updated_at,
        }
        with refused_by("walkthrough_title_once", error=_taken(walkthrough.title)):
            await self._update(values, WalkthroughTable.id == walkthrough.id)

    async def delete(self, walkthrough_id: str) -> None:
        """Remove the walkthrough with its steps, assignments and progress."""
        given = (self.organization_id, walkthrough_id)
        await insist_on((_HOLD_READERS, given), (_DELETE, given))


def _columns(details: WalkthroughDetails) -> Row:
    metadata = {"walkthrough": details.metadata, "file": details.file_metadata}
    return {
        "title": details.title,
        "description": details.description,
        "type": details.type,
        "estimated_duration_minutes": details.estimated_duration_minutes,
        "tags": list(details.tags),
        "metadata": msgspec.json.encode(metadata).decode(),
    }


def walkthrough_of(row: Row) -> Walkthrough:
    """The walkthrough that a row of its table holds."""
    kept = msgspec.json.decode(row["metadata"])
    metadata = {
        "metadata": kept.get("walkthrough", {}),
        "file_metadata": kept.get("file", {}),
    }
    return msgspec.convert({**row, **metadata}, Walkthrough)


def _taken(title: str) -> TitleTaken:
    message = f"Another walkthrough is called “{title}”. Choose another title or archive that one."
    return TitleTaken(message, field="title")
