"""Steps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from app.models.steps import Step as StepTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository
from app.repositories.contention import insist_on

_IDS = """
SELECT id FROM step WHERE organization_id = $1 AND walkthrough_id = $2 ORDER BY position
"""

_INSERT = """
INSERT INTO step (id, organization_id, walkthrough_id, title, section_title, content_fields,
    position, metadata, created_at, updated_at)
SELECT s.id, $1, $2, s.title, s.section_title, s.content_fields, s.position, s.metadata,
    s.updated_at, s.updated_at
FROM unnest($3::text[], $4::text[], $5::text[], $6::jsonb[], $7::integer[], $8::jsonb[],
    $9::timestamptz[])
    AS s(id, title, section_title, content_fields, position, metadata, updated_at)
"""

# One statement, so that the deferrable uniqueness of positions is judged when all have moved.
_SAVE = """
UPDATE step SET title = s.title, section_title = s.section_title,
    content_fields = s.content_fields, position = s.position, metadata = s.metadata,
    updated_at = s.updated_at
FROM unnest($3::text[], $4::text[], $5::text[], $6::jsonb[], $7::integer[], $8::jsonb[],
    $9::timestamptz[])
    AS s(id, title, section_title, content_fields, position, metadata, updated_at)
WHERE step.organization_id = $1 AND step.walkthrough_id = $2 AND step.id = s.id
"""

_ARRANGE = """
UPDATE step SET position = s.position
FROM unnest($3::text[]) WITH ORDINALITY AS s(id, position)
WHERE step.organization_id = $1 AND step.walkthrough_id = $2 AND step.id = s.id
    AND step.position <> s.position
"""

# Whoever advances locks the own progress row first and then, through the foreign key, the step.
# Taking the progress rows before the steps here as well keeps the two from deadlocking, but for one
# who comes between the two statements.
_HOLD_READERS = """
SELECT id FROM progress WHERE organization_id = $1 AND current_step_id = ANY ($2)
ORDER BY id FOR NO KEY UPDATE
"""

_DELETE = "DELETE FROM step WHERE organization_id = $1 AND walkthrough_id = $2 AND id = ANY ($3)"


class ContentFields(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=False
):
    """What a step says: v1 of the stored form, always complete."""

    version: Literal["v1"] = "v1"
    introduction_for_agent: str = ""
    context_for_agent: str = ""
    content_for_user: str = ""
    operations_for_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDetails:
    """What authors write in a step."""

    title: str
    section_title: str | None = None
    content_fields: ContentFields = field(default_factory=ContentFields)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(StepDetails):
    """One step of a walkthrough; positions run 1..n."""

    id: str
    walkthrough_id: str
    position: int
    created_at: datetime
    updated_at: datetime


class Steps(ScopedRepository):
    """The steps of the organization's walkthroughs; writers hold the walkthrough's row."""

    table = StepTable

    async def by_id(self, step_id: str) -> Step | None:
        """The step with this id."""
        row = await self._row(StepTable.id == step_id)
        return step_of(row) if row else None

    async def of_walkthrough(self, walkthrough_id: str) -> tuple[Step, ...]:
        """Its steps in order."""
        rows = await self._rows(
            StepTable.walkthrough_id == walkthrough_id, order_by=(StepTable.position,)
        )
        return tuple(step_of(row) for row in rows)

    async def ids_of_walkthrough(self, walkthrough_id: str) -> list[str]:
        """The ids of its steps in order."""
        rows = await database.fetch(_IDS, self.organization_id, walkthrough_id)
        return [row["id"] for row in rows]

    async def insert(self, walkthrough_id: str, steps: Iterable[Step]) -> None:
        """Add steps at positions that are free."""
        await self._send(_INSERT, walkthrough_id, steps)

    async def save(self, walkthrough_id: str, steps: Iterable[Step]) -> None:
        """Write what can change of these steps, all positions at once."""
        await self._send(_SAVE, walkthrough_id, steps)

    async def arrange(self, walkthrough_id: str, ids: Sequence[str]) -> None:
        """Put all steps of the walkthrough in this order, from position 1 on."""
        await database.fetch(_ARRANGE, self.organization_id, walkthrough_id, ids)

    async def delete(self, walkthrough_id: str, ids: Sequence[str]) -> None:
        """Remove these steps; the positions they leave are for the caller to close."""
        await insist_on(
            (_HOLD_READERS, (self.organization_id, ids)),
            (_DELETE, (self.organization_id, walkthrough_id, ids)),
        )

    async def _send(self, sql: str, walkthrough_id: str, steps: Iterable[Step]) -> None:
        columns = list(zip(*map(_values, steps), strict=True))
        if columns:
            await database.fetch(sql, self.organization_id, walkthrough_id, *columns)


def _values(step: Step) -> tuple[object, ...]:
    return (
        step.id,
        step.title,
        step.section_title,
        msgspec.json.encode(step.content_fields).decode(),
        step.position,
        msgspec.json.encode(step.metadata).decode(),
        step.updated_at,
    )


def step_of(row: Row) -> Step:
    """The step that a row of its table holds."""
    kept = {
        "content_fields": msgspec.json.decode(row["content_fields"], type=ContentFields),
        "metadata": msgspec.json.decode(row["metadata"]),
    }
    return msgspec.convert({**row, **kept}, Step)
