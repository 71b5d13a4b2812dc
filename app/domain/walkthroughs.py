"""Walkthroughs: writing them, publishing them, taking them back."""

from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET, UnsetType

from app.core import clock
from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.scope import OrganizationScope
from app.domain import walkthrough_rules
from app.domain.edits import given, require_revision
from app.domain.faults import Faults
from app.repositories import database
from app.repositories.servers import Servers
from app.repositories.steps import Steps
from app.repositories.walkthroughs import (
    TitleTaken,
    Walkthrough,
    WalkthroughDetails,
    Walkthroughs,
)

__all__ = [
    "TitleTaken",
    "Walkthrough",
    "WalkthroughDetails",
    "WalkthroughPatch",
    "archive",
    "by_id",
    "create",
    "delete",
    "duplicate",
    "edited",
    "held",
    "is_told_otherwise",
    "publish",
    "unpublish",
    "update",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkthroughPatch:
    """What to change; what is UNSET stays."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    type: WalkthroughType | UnsetType = UNSET
    estimated_duration_minutes: int | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


async def by_id(scope: OrganizationScope, walkthrough_id: str) -> Walkthrough:
    """The walkthrough. Raises NotFound."""
    async with database.connection(scope):
        return _existing(await Walkthroughs(scope).by_id(walkthrough_id))


async def create(scope: OrganizationScope, details: WalkthroughDetails) -> Walkthrough:
    """Begin a walkthrough: a draft without steps. Raises Invalid and TitleTaken."""
    faults = Faults()
    walkthrough_rules.check_details(faults, details)
    faults.refuse()
    async with database.transaction(scope):
        return await Walkthroughs(scope).insert(details)


async def update(
    scope: OrganizationScope,
    walkthrough_id: str,
    *,
    patch: WalkthroughPatch,
    expected_revision: int | None = None,
) -> Walkthrough:
    """Change what is said of a walkthrough.

    Raises NotFound, Invalid, TitleTaken and RevisionMismatch.
    """
    async with database.transaction(scope):
        walkthrough = await held(scope, walkthrough_id, expected_revision=expected_revision)
        changed = replace(walkthrough, **given(patch))
        if changed == walkthrough:
            return walkthrough
        faults = Faults()
        walkthrough_rules.check_details(faults, changed)
        faults.refuse()
        return await edited(scope, changed, is_content=is_told_otherwise(walkthrough, changed))


async def publish(
    scope: OrganizationScope, walkthrough_id: str, *, expected_revision: int | None = None
) -> Walkthrough:
    """Offer the walkthrough, as a new version, on the servers that it is assigned to.

    Raises NotFound, RevisionMismatch, TitleTaken when it comes from the archive, and Invalid while
    it is incomplete, with a fault such as `steps[3].contentForUser` for each thing missing.
    """
    async with database.transaction(scope):
        walkthrough = await held(scope, walkthrough_id, expected_revision=expected_revision)
        steps = await Steps(scope).of_walkthrough(walkthrough_id)
        faults = Faults()
        walkthrough_rules.check_complete(
            faults, [(f"steps[{step.position - 1}]", step) for step in steps]
        )
        faults.refuse()
        published = replace(walkthrough, status=WalkthroughStatus.PUBLISHED)
        return await edited(scope, published, is_content=True)


async def unpublish(
    scope: OrganizationScope, walkthrough_id: str, *, expected_revision: int | None = None
) -> Walkthrough:
    """Make the walkthrough a draft again, out of the archive too; progress is kept.

    Raises NotFound, RevisionMismatch, and TitleTaken when it comes from the archive.
    """
    return await _put(
        scope, walkthrough_id, WalkthroughStatus.DRAFT, expected_revision=expected_revision
    )


async def archive(
    scope: OrganizationScope, walkthrough_id: str, *, expected_revision: int | None = None
) -> Walkthrough:
    """Put the walkthrough away; its title is free again, its progress kept.

    Raises NotFound and RevisionMismatch.
    """
    return await _put(
        scope, walkthrough_id, WalkthroughStatus.ARCHIVED, expected_revision=expected_revision
    )


async def duplicate(
    scope: OrganizationScope, walkthrough_id: str, *, title: str | None = None
) -> Walkthrough:
    """A draft with the same steps, on no server, called `title` or else “Copy of …”.

    Raises NotFound, Invalid and TitleTaken.
    """
    async with database.transaction(scope):
        original = await held(scope, walkthrough_id)
        copy = await create(
            scope,
            WalkthroughDetails(
                title=await _copy_title(scope, original.title) if title is None else title,
                description=original.description,
                type=original.type,
                estimated_duration_minutes=original.estimated_duration_minutes,
                tags=original.tags,
                metadata=original.metadata,
                file_metadata=original.file_metadata,
            ),
        )
        now = clock.now()
        steps = await Steps(scope).of_walkthrough(walkthrough_id)
        await Steps(scope).insert(
            copy.id, [replace(step, id=new_id("ws"), updated_at=now) for step in steps]
        )
        return copy


async def delete(
    scope: OrganizationScope, walkthrough_id: str, *, expected_revision: int | None = None
) -> None:
    """Delete the walkthrough with its steps, its assignments and everybody's progress in it.

    Raises NotFound and RevisionMismatch.
    """
    async with database.transaction(scope):
        await held(scope, walkthrough_id, expected_revision=expected_revision)
        await Servers(scope).note_loss_of(walkthrough_id)
        await Walkthroughs(scope).delete(walkthrough_id)


async def held(
    scope: OrganizationScope, walkthrough_id: str, *, expected_revision: int | None = None
) -> Walkthrough:
    """The walkthrough, it and its steps held against other authors until the transaction ends.

    Raises NotFound and RevisionMismatch.
    """
    walkthrough = _existing(await Walkthroughs(scope).by_id(walkthrough_id, is_locked=True))
    require_revision(walkthrough.revision, expected_revision)
    return walkthrough


async def edited(
    scope: OrganizationScope,
    walkthrough: Walkthrough,
    *,
    is_content: bool = False,
    is_shape: bool = False,
) -> Walkthrough:
    """Save one write to a held walkthrough or its steps, counted where it counts.

    `is_content`: end users read something else now. `is_shape`: steps came, went or moved.
    """
    is_new_version = is_content and walkthrough.status is WalkthroughStatus.PUBLISHED
    saved = replace(
        walkthrough,
        revision=walkthrough.revision + 1,
        version=walkthrough.version + is_new_version,
        shape=walkthrough.shape + is_shape,
        updated_at=clock.now(),
    )
    await Walkthroughs(scope).save(saved)
    return saved


def is_told_otherwise(before: WalkthroughDetails, after: WalkthroughDetails) -> bool:
    """Whether end users read something else of the walkthrough itself."""
    return (before.title, before.description) != (after.title, after.description)


async def _put(
    scope: OrganizationScope,
    walkthrough_id: str,
    status: WalkthroughStatus,
    *,
    expected_revision: int | None,
) -> Walkthrough:
    async with database.transaction(scope):
        walkthrough = await held(scope, walkthrough_id, expected_revision=expected_revision)
        if walkthrough.status is status:
            return walkthrough
        return await edited(scope, replace(walkthrough, status=status))


async def _copy_title(scope: OrganizationScope, title: str) -> str:
    longest = walkthrough_rules.TITLE_MAX_CHARACTERS - len(" 9999")
    copy = f"Copy of {title}"[:longest]
    taken = await Walkthroughs(scope).titles_from(copy)
    number = 2
    free = copy
    while free in taken:
        free = f"{copy} {number}"
        number += 1
    return free


def _existing(walkthrough: Walkthrough | None) -> Walkthrough:
    if walkthrough is None:
        message = "There is no such walkthrough."
        raise NotFound(message)
    return walkthrough
