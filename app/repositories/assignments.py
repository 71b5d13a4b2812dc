"""Assignments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core import clock
from app.models.assignments import Assignment as AssignmentTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository

_OF_SERVER = """
SELECT a.* FROM assignment a JOIN walkthrough w ON w.id = a.walkthrough_id
WHERE a.organization_id = $1 AND a.server_id = $2
ORDER BY a.display_order, w.title, a.id
"""

_ARRANGE = """
UPDATE assignment SET display_order = o.display_order
FROM unnest($3::text[]) WITH ORDINALITY AS o(walkthrough_id, display_order)
WHERE assignment.organization_id = $1 AND assignment.server_id = $2
    AND assignment.walkthrough_id = o.walkthrough_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A walkthrough on a server."""

    id: str
    server_id: str
    walkthrough_id: str
    display_order: int
    is_enabled: bool
    assigned_at: datetime


class Assignments(ScopedRepository):
    """The assignments of the organization's servers; writers hold the server's row."""

    table = AssignmentTable

    async def of_server(self, server_id: str) -> tuple[Assignment, ...]:
        """A server's assignments as they are listed: by display order, then title."""
        rows = await database.fetch(_OF_SERVER, self.organization_id, server_id)
        return tuple(assignment_of(dict(row)) for row in rows)

    async def insert(
        self, server_id: str, walkthrough_id: str, *, display_order: int
    ) -> Assignment:
        """The new assignment, enabled."""
        values = {
            "server_id": server_id,
            "walkthrough_id": walkthrough_id,
            "display_order": display_order,
            "assigned_at": clock.now(),
        }
        return assignment_of(await self._insert(values))

    async def set_enabled(self, assignment_id: str, *, is_enabled: bool) -> None:
        """Offer the walkthrough on the server, or stop offering it."""
        await self._update({"is_enabled": is_enabled}, AssignmentTable.id == assignment_id)

    async def arrange(self, server_id: str, walkthrough_ids: Sequence[str]) -> None:
        """Give these walkthroughs their display orders, from 1 on."""
        await database.fetch(_ARRANGE, self.organization_id, server_id, walkthrough_ids)

    async def delete(self, assignment_id: str) -> None:
        """Take the walkthrough off the server."""
        await self._delete(AssignmentTable.id == assignment_id)


def assignment_of(row: Row) -> Assignment:
    """The assignment that a row of its table holds."""
    return msgspec.convert(row, Assignment)
