"""Steps: inserting, editing, moving and deleting them, at positions 1..n without gaps.

Every write holds the walkthrough's row first: authors at work on one walkthrough take turns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from app.core import clock
from app.core.enums import WalkthroughStatus
from app.core.errors import Invalid, NotFound
from app.core.ids import new_id
from app.core.scope import OrganizationScope
from app.domain import walkthrough_rules, walkthroughs
from app.domain.edits import given
from app.domain.faults import Faults
from app.domain.walkthroughs import Walkthrough
from app.repositories import database
from app.repositories.steps import ContentFields, Step, StepDetails, Steps

__all__ = [
    "ContentFields",
    "Step",
    "StepDetails",
    "StepPatch",
    "StepWritten",
    "by_id",
    "delete",
    "edit",
    "insert",
    "move",
    "of_walkthrough",
    "reorder",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPatch:
    """What to change, each content field by itself; what is UNSET stays."""

    title: str | UnsetType = UNSET
    section_title: str | UnsetType | None = UNSET
    introduction_for_agent: str | UnsetType = UNSET
    context_for_agent: str | UnsetType = UNSET
    content_for_user: str | UnsetType = UNSET
    operations_for_agent: str | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWritten:
    """A step after a write, and its walkthrough as of that very write."""

    step: Step
    walkthrough: Walkthrough


async def by_id(scope: OrganizationScope, step_id: str) -> Step:
    """The step. Raises NotFound."""
    async with database.connection(scope):
        return await _existing(scope, step_id)


async def of_walkthrough(scope: OrganizationScope, walkthrough_id: str) -> tuple[Step, ...]:
    """The walkthrough's steps in order. Raises NotFound."""
    async with database.connection(scope):
        await walkthroughs.by_id(scope, walkthrough_id)
        return await Steps(scope).of_walkthrough(walkthrough_id)


async def insert(
    scope: OrganizationScope,
    walkthrough_id: str,
    *,
    details: StepDetails,
    position: int | None = None,
    expected_revision: int | None = None,
) -> StepWritten:
    """Add a step at `position`, 1 to n + 1, or at the end; those from there on move down.

    Raises NotFound, Invalid and RevisionMismatch.
    """
    async with database.transaction(scope):
        walkthrough = await walkthroughs.held(
            scope, walkthrough_id, expected_revision=expected_revision
        )
        _check(walkthrough, details)
        ids = await Steps(scope).ids_of_walkthrough(walkthrough_id)
        _require_room(ids)
        now = clock.now()
        step = Step(
            title=details.title,
            section_title=details.section_title,
            content_fields=details.content_fields,
            metadata=details.metadata,
            id=new_id("ws"),
            walkthrough_id=walkthrough_id,
            position=len(ids) + 1,
            created_at=now,
            updated_at=now,
        )
        await Steps(scope).insert(walkthrough_id, [step])
        place = step.position if position is None else position
        placed = await _place(scope, step, [*ids, step.id], position=place)
        return await _written(scope, walkthrough, placed, is_content=True, is_shape=True)


async def edit(
    scope: OrganizationScope,
    step_id: str,
    *,
    patch: StepPatch,
    expected_revision: int | None = None,
) -> StepWritten:
    """Change what a step says; end users who completed it keep it completed.

    Raises NotFound, Invalid and RevisionMismatch (of the walkthrough).
    """
    async with database.transaction(scope):
        step, walkthrough = await _held(scope, step_id, expected_revision=expected_revision)
        changed = _patched(step, patch)
        if changed == step:
            return StepWritten(step=step, walkthrough=walkthrough)
        _check(walkthrough, changed)
        saved = replace(changed, updated_at=clock.now())
        await Steps(scope).save(walkthrough.id, [saved])
        is_content = changed != replace(step, metadata=changed.metadata)
        return await _written(scope, walkthrough, saved, is_content=is_content)


async def move(
    scope: OrganizationScope,
    step_id: str,
    *,
    position: int,
    expected_revision: int | None = None,
) -> StepWritten:
    """Put a step at `position`, 1 to n; those between move by one.

    Raises NotFound, Invalid and RevisionMismatch (of the walkthrough).
    """
    async with database.transaction(scope):
        step, walkthrough = await _held(scope, step_id, expected_revision=expected_revision)
        ids = await Steps(scope).ids_of_walkthrough(walkthrough.id)
        moved = await _place(scope, step, ids, position=position)
        if moved == step:
            return StepWritten(step=step, walkthrough=walkthrough)
        return await _written(scope, walkthrough, moved, is_content=True, is_shape=True)


async def reorder(
    scope: OrganizationScope,
    walkthrough_id: str,
    *,
    step_ids: Sequence[str],
    expected_revision: int | None = None,
) -> Walkthrough:
    """Put all steps of a walkthrough in this order.

    Raises NotFound, RevisionMismatch, and Invalid unless `step_ids` has each of its steps once.
    """
    async with database.transaction(scope):
        walkthrough = await walkthroughs.held(
            scope, walkthrough_id, expected_revision=expected_revision
        )
        ids = await Steps(scope).ids_of_walkthrough(walkthrough_id)
        if sorted(ids) != sorted(step_ids):
            message = "stepIds must contain each step of the walkthrough exactly once."
            raise Invalid(message, field="stepIds", code="not_a_permutation")
        if ids == list(step_ids):
            return walkthrough
        await Steps(scope).arrange(walkthrough_id, step_ids)
        return await walkthroughs.edited(scope, walkthrough, is_content=True, is_shape=True)


async def delete(
    scope: OrganizationScope, step_id: str, *, expected_revision: int | None = None
) -> Walkthrough:
    """Delete a step and close the gap; end users keep the other steps that they completed.

    Raises NotFound and RevisionMismatch (of the walkthrough).
    """
    async with database.transaction(scope):
        step, walkthrough = await _held(scope, step_id, expected_revision=expected_revision)
        ids = await Steps(scope).ids_of_walkthrough(walkthrough.id)
        ids.remove(step.id)
        await Steps(scope).delete(walkthrough.id, [step.id])
        await Steps(scope).arrange(walkthrough.id, ids)
        return await walkthroughs.edited(scope, walkthrough, is_content=True, is_shape=True)


async def _existing(scope: OrganizationScope, step_id: str) -> Step:
    step = await Steps(scope).by_id(step_id)
    if step is None:
        message = "There is no such step."
        raise NotFound(message)
    return step


async def _held(
    scope: OrganizationScope, step_id: str, *, expected_revision: int | None
) -> tuple[Step, Walkthrough]:
    """The step and its walkthrough, held; the first look at the step only leads to the lock."""
    walkthrough_id = (await _existing(scope, step_id)).walkthrough_id
    walkthrough = await walkthroughs.held(
        scope, walkthrough_id, expected_revision=expected_revision
    )
    return await _existing(scope, step_id), walkthrough


async def _place(
    scope: OrganizationScope, step: Step, ids: Sequence[str], *, position: int
) -> Step:
    if not 1 <= position <= len(ids):
        message = f"position must be between 1 and {len(ids)}."
        raise Invalid(message, field="position", code="out_of_range")
    if position == step.position:
        return step
    order = [other for other in ids if other != step.id]
    order.insert(position - 1, step.id)
    await Steps(scope).arrange(step.walkthrough_id, order)
    return replace(step, position=position)


async def _written(
    scope: OrganizationScope,
    walkthrough: Walkthrough,
    step: Step,
    *,
    is_content: bool,
    is_shape: bool = False,
) -> StepWritten:
    edited = await walkthroughs.edited(scope, walkthrough, is_content=is_content, is_shape=is_shape)
    return StepWritten(step=step, walkthrough=edited)


def _patched(step: Step, patch: StepPatch) -> Step:
    changes = given(patch)
    content = {
        name: changes.pop(name) for name in walkthrough_rules.CONTENT_NAMES if name in changes
    }
    fields = msgspec.structs.replace(step.content_fields, **content)
    return replace(step, **changes, content_fields=fields)


def _check(walkthrough: Walkthrough, details: StepDetails) -> None:
    faults = Faults()
    walkthrough_rules.check_step(faults, details)
    if walkthrough.status is WalkthroughStatus.PUBLISHED:
        walkthrough_rules.check_shown(
            faults, details.content_fields, field="contentForUser", step="The step"
        )
    faults.refuse()


def _require_room(ids: Sequence[str]) -> None:
    if len(ids) >= walkthrough_rules.MAX_STEPS:
        message = f"A walkthrough has at most {walkthrough_rules.MAX_STEPS} steps."
        raise Invalid(message, field="steps", code="too_many")
