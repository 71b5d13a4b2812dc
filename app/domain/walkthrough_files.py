"""Walkthroughs as files (product specification §6): importing, trying an import, exporting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from app.core import clock
from app.core.enums import WalkthroughStatus
from app.core.errors import Conflict
from app.core.scope import OrganizationScope
from app.domain import walkthrough_document, walkthroughs
from app.domain.file_object import Findings, Note
from app.domain.import_plan import StepPlan, planned
from app.domain.step_pairing import PairedBy
from app.domain.walkthrough_document import FORMAT_VERSION, Document
from app.domain.walkthroughs import Walkthrough
from app.repositories import database
from app.repositories.steps import Step, Steps
from app.repositories.walkthroughs import Walkthroughs

__all__ = [
    "AmbiguousTitle",
    "ImportReport",
    "ImportedStep",
    "Note",
    "PairedBy",
    "RemovedStep",
    "export_walkthrough",
    "import_walkthrough",
]


class AmbiguousTitle(Conflict):
    """Several walkthroughs have the file's title in another case, and none in this one."""

    code = "ambiguous_title"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedStep:
    """A step as it is after the import; `id` is None for what a dry run would add.

    `is_changed`: it is new or says something else. `previous_position` is None for a new one.
    """

    position: int
    previous_position: int | None
    title: str
    id: str | None
    paired_by: PairedBy
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedStep:
    """A step that is not in the file, and not in the walkthrough any more."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or in a dry run would do.

    `walkthrough_id` is None for a walkthrough that a dry run would add.
    """

    walkthrough_id: str | None
    title: str
    status: WalkthroughStatus
    is_new: bool
    is_changed: bool
    is_dry_run: bool
    steps: tuple[ImportedStep, ...]
    removed: tuple[RemovedStep, ...]
    notes: tuple[Note, ...]


class _TakenBack(Exception):
    """Ends a dry run's transaction."""


async def import_walkthrough(
    scope: OrganizationScope,
    content: bytes | str,
    *,
    title: str | None = None,
    status: WalkthroughStatus | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Bring in a file's walkthrough: a new one, or over the one that it is a version of.

    `title` is needed for a bare array of steps and else replaces the file's. A new walkthrough
    takes the file's status and an existing one keeps its own, unless `status` is given. A dry run
    is the import itself, taken back. Raises Invalid with every fault at its path in the file,
    TitleTaken and AmbiguousTitle.
    """
    findings = Findings()
    document = walkthrough_document.read(content, findings, title=title)
    if findings.found and (status or document.status) is WalkthroughStatus.PUBLISHED:
        walkthrough_document.check_complete(findings, document)
    findings.refuse()
    async with _transaction(scope, is_kept=not dry_run):
        report = await _carried_out(scope, document, status)
    return _as_dry_run(report) if dry_run else report


async def export_walkthrough(scope: OrganizationScope, walkthrough_id: str) -> dict[str, Any]:
    """The walkthrough as a file's content, keys in the format's order. Raises NotFound."""
    async with database.transaction(scope):
        # Held, so that an author at work meanwhile is in the file with all of a write or nothing.
        walkthrough = await walkthroughs.held(scope, walkthrough_id)
        steps = await Steps(scope).of_walkthrough(walkthrough_id)
    return {
        "version": FORMAT_VERSION,
        "exportedAt": clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "walkthrough": {
            "title": walkthrough.title,
            "description": walkthrough.description,
            "type": walkthrough.type.value,
            "status": walkthrough.status.value,
            "createdAt": _milliseconds(walkthrough.created_at),
            "updatedAt": _milliseconds(walkthrough.updated_at),
            "estimatedDurationMinutes": walkthrough.estimated_duration_minutes,
            "tags": list(walkthrough.tags),
            "metadata": walkthrough.metadata,
        },
        "steps": [_exported(step, is_last=step is steps[-1]) for step in steps],
        "metadata": {**walkthrough.file_metadata, "originalId": walkthrough.id},
    }


def _exported(step: Step, *, is_last: bool) -> dict[str, Any]:
    section = {} if step.section_title is None else {"sectionTitle": step.section_title}
    return {
        "title": step.title,
        **section,
        "contentFields": msgspec.to_builtins(step.content_fields),
        "displayOrder": step.position,
        "createdAt": _milliseconds(step.created_at),
        "updatedAt": _milliseconds(step.updated_at),
        "metadata": {**step.metadata, "stepId": step.id},
        "nextStepReference": None if is_last else step.position,  # an index counts from 0
    }


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@asynccontextmanager
async def _transaction(scope: OrganizationScope, *, is_kept: bool) -> AsyncIterator[None]:
    with suppress(_TakenBack):
        async with database.transaction(scope):
            yield
            if not is_kept:
                raise _TakenBack


async def _carried_out(
    scope: OrganizationScope, document: Document, status: WalkthroughStatus | None
) -> ImportReport:
    present = await _present(scope, document)
    before = present or await Walkthroughs(scope).insert(document.details)
    after = replace(
        before,
        **document.stated,
        status=status or (present or document).status or WalkthroughStatus.DRAFT,
    )
    if after.status is WalkthroughStatus.PUBLISHED:
        findings = Findings()
        walkthrough_document.check_complete(findings, document)
        findings.refuse()
    plan = planned(document.steps, await Steps(scope).of_walkthrough(before.id), before.id)
    await _write_steps(scope, before.id, plan)
    is_changed = after != before or bool(plan.rewritten()) or plan.is_shape()
    if is_changed:
        is_publishing = after.status is not before.status
        is_told_otherwise = walkthroughs.is_told_otherwise(before, after)
        await walkthroughs.edited(
            scope,
            after,
            is_content=plan.is_content() or is_told_otherwise or is_publishing,
            is_shape=plan.is_shape(),
        )
    return _report(document, after, plan, is_new=present is None, is_changed=is_changed)


async def _present(scope: OrganizationScope, document: Document) -> Walkthrough | None:
    """The walkthrough that the file is a version of, held."""
    repository = Walkthroughs(scope)
    if document.original_id is not None:
        original = await repository.by_id(document.original_id, is_locked=True)
        if original is not None:
            return original
    title = document.details.title
    ids = await repository.ids_by_title(title)
    if len(ids) > 1 and title not in ids:
        message = f"Several walkthroughs are called {', '.join(f'“{one}”' for one in ids)}."
        raise AmbiguousTitle(message, field="title")
    walkthrough_id = ids.get(title) or next(iter(ids.values()), None)
    return await walkthroughs.held(scope, walkthrough_id) if walkthrough_id else None


async def _write_steps(scope: OrganizationScope, walkthrough_id: str, plan: StepPlan) -> None:
    """Remove, rewrite, insert: in this order no two steps are ever at one position."""
    repository = Steps(scope)
    removed = [step.id for step in plan.removed()]
    if removed:
        await repository.delete(walkthrough_id, removed)
    await repository.save(walkthrough_id, plan.rewritten())
    await repository.insert(walkthrough_id, plan.inserted())


def _report(
    document: Document, walkthrough: Walkthrough, plan: StepPlan, *, is_new: bool, is_changed: bool
) -> ImportReport:
    return ImportReport(
        walkthrough_id=walkthrough.id,
        title=walkthrough.title,
        status=walkthrough.status,
        is_new=is_new,
        is_changed=is_changed or is_new,
        is_dry_run=False,
        steps=tuple(
            _imported(step, plan.before.get(step.id), pair.by)
            for step, pair in zip(plan.after, plan.pairs, strict=True)
        ),
        removed=tuple(RemovedStep(id=step.id, title=step.title) for step in plan.removed()),
        notes=document.notes,
    )


def _imported(step: Step, before: Step | None, paired_by: PairedBy) -> ImportedStep:
    return ImportedStep(
        position=step.position,
        previous_position=before.position if before else None,
        title=step.title,
        id=step.id,
        paired_by=paired_by,
        is_changed=before is None or step != replace(before, position=step.position),
    )


def _as_dry_run(report: ImportReport) -> ImportReport:
    """The report without the ids that are gone again."""
    steps = tuple(
        replace(step, id=None) if step.paired_by is PairedBy.NEW else step for step in report.steps
    )
    walkthrough_id = None if report.is_new else report.walkthrough_id
    return replace(report, walkthrough_id=walkthrough_id, steps=steps, is_dry_run=True)
