"""Completing a step the slow way: lock the row, read all, decide in Python, write it back."""

from dataclasses import dataclass

from app.core import clock
from app.core.ids import new_id
from app.core.scope import EndUserScope
from app.repositories import database
from tests.domain.progress_oracle import first_open

_LOCK = """
SELECT * FROM progress WHERE end_user_id = $1 AND walkthrough_id = $2 FOR UPDATE
"""
_STEPS = "SELECT id FROM step WHERE walkthrough_id = $1 ORDER BY position"
_SHAPE = "SELECT shape FROM walkthrough WHERE id = $1"
_WRITE = """
UPDATE progress SET done_steps = $2, done_count = $3, counted_shape = $4, current_step_id = $5,
    presented_step_id = $5, last_activity_at = $6
WHERE id = $1
"""
_LOG = """
INSERT INTO completion (id, organization_id, end_user_id, walkthrough_id, run, step_id, server_id,
    completed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """What the slow form answers."""

    is_refused: bool
    completed_now: bool
    step: str | None
    completed: int


async def complete(scope: EndUserScope, walkthrough_id: str, step_id: str) -> Locked:
    """Complete the step if it was presented, in one transaction that nobody can come between."""
    async with database.transaction(scope):
        row = await database.fetch_row(_LOCK, scope.end_user_id, walkthrough_id)
        assert row is not None
        steps = [one["id"] for one in await database.fetch(_STEPS, walkthrough_id)]
        [shape] = await database.fetch(_SHAPE, walkthrough_id)
        done, current = list(row["done_steps"]), row["current_step_id"]
        completes = current is not None and current == step_id
        if completes:
            done.append(step_id)
        counted = (row["done_count"], row["counted_shape"])
        if current is None or completes:
            current = first_open(steps, done)
            # Only now are all steps before the current one done, which the shape stands for.
            counted = (len(set(done) & set(steps)), shape[0])
        now = clock.now()
        await database.fetch(_WRITE, row["id"], done, *counted, current, now)
        if completes:
            await database.fetch(
                _LOG, new_id("wsc"), scope.organization_id, scope.end_user_id, walkthrough_id,
                row["run"], step_id, scope.server_id, now,
            )  # fmt: skip
    return Locked(
        is_refused=step_id not in done and step_id != row["presented_step_id"],
        completed_now=completes,
        step=current,
        completed=len(set(done) & set(steps)),
    )
