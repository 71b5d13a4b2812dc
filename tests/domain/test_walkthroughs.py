"""Writing, publishing, archiving, duplicating and deleting walkthroughs."""

import asyncio
from dataclasses import replace

import pytest

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import Fault, Invalid, NotFound
from app.domain import steps, walkthroughs
from app.domain.edits import RevisionMismatch
from app.domain.walkthroughs import (
    TitleTaken,
    Walkthrough,
    WalkthroughDetails,
    WalkthroughPatch,
)
from tests.support.authoring import found, step, titles, write

pytestmark = pytest.mark.usefixtures("database")


async def test_a_walkthrough_begins_as_a_draft() -> None:
    scope = await found()
    details = WalkthroughDetails(
        title="Getting started",
        description="How to begin",
        type=WalkthroughType.QUICKSTART,
        estimated_duration_minutes=10,
        tags=("cli", "日本語"),
        metadata={"owner": {"team": "docs"}},
    )
    walkthrough = await walkthroughs.create(scope, details)
    assert walkthrough == await walkthroughs.by_id(scope, walkthrough.id)
    assert walkthrough == Walkthrough(
        title="Getting started",
        description="How to begin",
        type=WalkthroughType.QUICKSTART,
        estimated_duration_minutes=10,
        tags=("cli", "日本語"),
        metadata={"owner": {"team": "docs"}},
        file_metadata={},
        id=walkthrough.id,
        status=WalkthroughStatus.DRAFT,
        version=1,
        revision=1,
        shape=1,
        created_at=walkthrough.created_at,
        updated_at=walkthrough.created_at,
    )


async def test_every_fault_of_a_walkthrough_is_named_at_once() -> None:
    scope = await found()
    details = WalkthroughDetails(
        title="x" * 101,
        description="y" * 501,
        estimated_duration_minutes=-1,
        tags=("fine", "two\nlines"),
        metadata={"big": "z" * 20_001},
    )
    with pytest.raises(Invalid) as refused:
        await walkthroughs.create(scope, details)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("title", "too_long"),
        ("description", "too_long"),
        ("estimatedDurationMinutes", "out_of_range"),
        ("tags[1]", "invalid_character"),
        ("metadata", "too_long"),
    ]


async def test_a_title_is_unique_among_what_is_not_archived() -> None:
    scope = await found()
    first = await write(scope)
    with pytest.raises(TitleTaken) as refused:
        await write(scope)
    assert (refused.value.field, refused.value.code) == ("title", "title_taken")
    await walkthroughs.archive(scope, first.id)
    second = await write(scope)
    with pytest.raises(TitleTaken):
        await walkthroughs.unpublish(scope, first.id)
    assert (await walkthroughs.by_id(scope, first.id)).status is WalkthroughStatus.ARCHIVED
    third = await write(scope, title="Another")
    with pytest.raises(TitleTaken):
        await walkthroughs.update(scope, third.id, patch=WalkthroughPatch(title=second.title))


async def test_two_organizations_may_use_one_title() -> None:
    await write(await found())
    await write(await found("stranger"))


async def test_an_update_changes_only_what_it_names() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    patch = WalkthroughPatch(title="New", estimated_duration_minutes=5, tags=("a",))
    changed = await walkthroughs.update(scope, walkthrough.id, patch=patch, expected_revision=2)
    assert changed == await walkthroughs.by_id(scope, walkthrough.id)
    assert changed == replace(
        walkthrough,
        title="New",
        estimated_duration_minutes=5,
        tags=("a",),
        revision=3,
        updated_at=changed.updated_at,
    )
    assert changed.updated_at > walkthrough.updated_at


async def test_an_update_that_changes_nothing_writes_nothing() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", is_published=True)
    for patch in (WalkthroughPatch(), WalkthroughPatch(title=walkthrough.title, tags=())):
        assert await walkthroughs.update(scope, walkthrough.id, patch=patch) == walkthrough
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


async def test_only_what_end_users_read_makes_a_new_version() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", is_published=True)
    told = await walkthroughs.update(
        scope, walkthrough.id, patch=WalkthroughPatch(description="Better")
    )
    assert told.version == walkthrough.version + 1
    filed = await walkthroughs.update(
        scope, walkthrough.id, patch=WalkthroughPatch(tags=("cli",), metadata={"a": 1})
    )
    assert (filed.version, filed.revision) == (told.version, told.revision + 1)


async def test_publishing_names_everything_that_is_missing() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    for title in ("Two", "Three"):
        await steps.insert(scope, walkthrough.id, details=step(title, context_for_agent="x"))
    with pytest.raises(Invalid) as refused:
        await walkthroughs.publish(scope, walkthrough.id)
    assert refused.value.faults == (
        Fault(
            "steps[1].contentForUser",
            "Step 2 “Two” has no contentForUser, which publishing needs.",
            "required",
        ),
        Fault(
            "steps[2].contentForUser",
            "Step 3 “Three” has no contentForUser, which publishing needs.",
            "required",
        ),
    )
    assert (await walkthroughs.by_id(scope, walkthrough.id)).status is WalkthroughStatus.DRAFT


async def test_a_walkthrough_without_steps_is_not_published() -> None:
    scope = await found()
    walkthrough = await write(scope)
    with pytest.raises(Invalid) as refused:
        await walkthroughs.publish(scope, walkthrough.id)
    assert (refused.value.field, refused.value.code) == ("steps", "required")


async def test_each_publishing_is_a_new_version() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    for version in (2, 3):
        published = await walkthroughs.publish(scope, walkthrough.id)
        assert (published.status, published.version) == (WalkthroughStatus.PUBLISHED, version)
    back = await walkthroughs.unpublish(scope, walkthrough.id)
    assert (back.status, back.version) == (WalkthroughStatus.DRAFT, 3)
    assert await walkthroughs.unpublish(scope, walkthrough.id) == back
    archived = await walkthroughs.archive(scope, walkthrough.id)
    assert (archived.status, archived.version) == (WalkthroughStatus.ARCHIVED, 3)
    assert (await walkthroughs.publish(scope, walkthrough.id)).version == 4


async def test_a_duplicate_is_a_draft_with_the_same_steps() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two", is_published=True)
    copy = await walkthroughs.duplicate(scope, walkthrough.id)
    assert (copy.title, copy.status) == ("Copy of Getting started", WalkthroughStatus.DRAFT)
    originals = await steps.of_walkthrough(scope, walkthrough.id)
    copies = await steps.of_walkthrough(scope, copy.id)
    assert [one.content_fields for one in copies] == [one.content_fields for one in originals]
    assert not {one.id for one in copies} & {one.id for one in originals}
    assert await titles(scope, copy.id) == await titles(scope, walkthrough.id) == ["One", "Two"]
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


async def test_duplicates_find_free_titles_within_the_limit() -> None:
    scope = await found()
    walkthrough = await write(scope, title="x" * 100)
    copies = [await walkthroughs.duplicate(scope, walkthrough.id) for _ in range(3)]
    stem = f"Copy of {'x' * 87}"
    assert [copy.title for copy in copies] == [stem, f"{stem} 2", f"{stem} 3"]
    named = await walkthroughs.duplicate(scope, walkthrough.id, title="Mine")
    assert named.title == "Mine"
    with pytest.raises(TitleTaken):
        await walkthroughs.duplicate(scope, walkthrough.id, title="Mine")


async def test_a_deleted_walkthrough_is_gone_with_its_steps() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", is_published=True)
    (only,) = await steps.of_walkthrough(scope, walkthrough.id)
    await walkthroughs.delete(scope, walkthrough.id)
    with pytest.raises(NotFound):
        await walkthroughs.by_id(scope, walkthrough.id)
    with pytest.raises(NotFound):
        await steps.by_id(scope, only.id)


async def test_a_write_based_on_another_revision_is_refused() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    stale = walkthrough.revision - 1
    attempts = [
        walkthroughs.update(
            scope, walkthrough.id, patch=WalkthroughPatch(title="x"), expected_revision=stale
        ),
        walkthroughs.publish(scope, walkthrough.id, expected_revision=stale),
        walkthroughs.unpublish(scope, walkthrough.id, expected_revision=stale),
        walkthroughs.archive(scope, walkthrough.id, expected_revision=stale),
        walkthroughs.delete(scope, walkthrough.id, expected_revision=stale),
    ]
    for attempt in attempts:
        with pytest.raises(RevisionMismatch):
            await attempt
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


async def test_another_organizations_walkthrough_reads_as_absent() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    stranger = await found("stranger")
    attempts = [
        walkthroughs.by_id(stranger, walkthrough.id),
        walkthroughs.update(stranger, walkthrough.id, patch=WalkthroughPatch(title="x")),
        walkthroughs.publish(stranger, walkthrough.id),
        walkthroughs.unpublish(stranger, walkthrough.id),
        walkthroughs.archive(stranger, walkthrough.id),
        walkthroughs.duplicate(stranger, walkthrough.id),
        walkthroughs.delete(stranger, walkthrough.id),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


async def test_concurrent_publishings_count_each() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    published = await asyncio.gather(
        *(walkthroughs.publish(scope, walkthrough.id) for _ in range(20))
    )
    assert sorted(one.version for one in published) == list(range(2, 22))
    last = await walkthroughs.by_id(scope, walkthrough.id)
    assert (last.version, last.revision) == (21, walkthrough.revision + 20)


async def test_of_concurrent_writes_based_on_one_revision_one_succeeds() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    results = await asyncio.gather(
        *(
            walkthroughs.update(
                scope,
                walkthrough.id,
                patch=WalkthroughPatch(description=f"Take {number}"),
                expected_revision=walkthrough.revision,
            )
            for number in range(20)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Walkthrough) for result in results) == 1
    assert sum(isinstance(result, RevisionMismatch) for result in results) == 19


async def test_of_several_who_take_one_title_one_succeeds() -> None:
    scope = await found()
    results = await asyncio.gather(*(write(scope) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, Walkthrough) for result in results) == 1
    assert sum(isinstance(result, TitleTaken) for result in results) == 9
