"""Writing steps: positions 1..n, revisions, versions and shapes."""

import msgspec
import pytest

from app.core.enums import WalkthroughStatus
from app.core.errors import Fault, Invalid, NotFound
from app.domain import steps, walkthroughs
from app.domain.edits import RevisionMismatch
from app.domain.steps import ContentFields, StepDetails, StepPatch
from app.domain.walkthrough_files import import_walkthrough
from app.domain.walkthrough_rules import CONTENT_MAX_CHARACTERS, MAX_STEPS
from app.domain.walkthroughs import Walkthrough
from tests.support.authoring import found, ids, step, titles, write

pytestmark = pytest.mark.usefixtures("database")


def counters(walkthrough: Walkthrough) -> tuple[int, int, int]:
    return walkthrough.version, walkthrough.revision, walkthrough.shape


async def test_a_step_is_inserted_at_the_end_unless_told_where() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    written = await steps.insert(scope, walkthrough.id, details=step("Three"))
    assert written.step.position == 3
    assert await titles(scope, walkthrough.id) == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("position", "expected"),
    [(1, ["New", "One", "Two"]), (2, ["One", "New", "Two"]), (3, ["One", "Two", "New"])],
)
async def test_a_step_inserted_at_a_position_moves_the_later_ones_down(
    position: int, expected: list[str]
) -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    written = await steps.insert(scope, walkthrough.id, details=step("New"), position=position)
    assert written.step.position == position
    assert await titles(scope, walkthrough.id) == expected
    assert await steps.by_id(scope, written.step.id) == written.step


@pytest.mark.parametrize("position", [-1, 0, 4])
async def test_a_position_outside_the_walkthrough_is_refused(position: int) -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    with pytest.raises(Invalid) as refused:
        await steps.insert(scope, walkthrough.id, details=step("New"), position=position)
    assert (refused.value.field, refused.value.code) == ("position", "out_of_range")
    assert await titles(scope, walkthrough.id) == ["One", "Two"]
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


@pytest.mark.parametrize(
    ("moved", "position", "expected"),
    [
        (0, 3, ["Two", "Three", "One"]),
        (2, 1, ["Three", "One", "Two"]),
        (1, 3, ["One", "Three", "Two"]),
    ],
)
async def test_a_step_moves_to_a_position(moved: int, position: int, expected: list[str]) -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two", "Three")
    step_id = (await ids(scope, walkthrough.id))[moved]
    written = await steps.move(scope, step_id, position=position)
    assert written.step.position == position
    assert counters(written.walkthrough) == (1, 5, 5)
    assert await titles(scope, walkthrough.id) == expected


async def test_moving_a_step_to_where_it_is_writes_nothing() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    step_id = (await ids(scope, walkthrough.id))[1]
    written = await steps.move(scope, step_id, position=2)
    assert written.walkthrough == walkthrough == await walkthroughs.by_id(scope, walkthrough.id)


async def test_all_steps_are_put_in_a_new_order() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two", "Three")
    order = list(reversed(await ids(scope, walkthrough.id)))
    changed = await steps.reorder(scope, walkthrough.id, step_ids=order)
    assert await titles(scope, walkthrough.id) == ["Three", "Two", "One"]
    assert counters(changed) == (1, 5, 5)
    assert await steps.reorder(scope, walkthrough.id, step_ids=order) == changed


async def test_an_order_that_misses_or_repeats_a_step_is_refused() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    one, two = await ids(scope, walkthrough.id)
    for order in ([one], [one, two, two], [one, "ws_unknown"], []):
        with pytest.raises(Invalid) as refused:
            await steps.reorder(scope, walkthrough.id, step_ids=order)
        assert refused.value.code == "not_a_permutation"
    assert await titles(scope, walkthrough.id) == ["One", "Two"]


async def test_deleting_a_step_closes_the_gap() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two", "Three")
    _, two, _ = await ids(scope, walkthrough.id)
    changed = await steps.delete(scope, two)
    assert await titles(scope, walkthrough.id) == ["One", "Three"]
    assert counters(changed) == (1, 5, 5)
    with pytest.raises(NotFound):
        await steps.delete(scope, two)


async def test_an_edit_changes_only_what_it_names() -> None:
    scope = await found()
    walkthrough = await write(scope)
    written = await steps.insert(
        scope,
        walkthrough.id,
        details=StepDetails(
            title="Install",
            section_title="Setup",
            content_fields=ContentFields(content_for_user="Run it.", context_for_agent="Linux."),
            metadata={"kept": [1, None, {"deep": "é"}]},
        ),
    )
    edited = await steps.edit(
        scope,
        written.step.id,
        patch=StepPatch(section_title=None, operations_for_agent="Run `make`."),
    )
    present = await steps.by_id(scope, written.step.id)
    assert present == edited.step
    assert (present.title, present.section_title) == ("Install", None)
    assert present.metadata == {"kept": [1, None, {"deep": "é"}]}
    assert present.content_fields == ContentFields(
        content_for_user="Run it.",
        context_for_agent="Linux.",
        operations_for_agent="Run `make`.",
    )
    assert counters(edited.walkthrough) == (1, 3, 2)


async def test_an_edit_that_changes_nothing_writes_nothing() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", is_published=True)
    step_id = (await ids(scope, walkthrough.id))[0]
    for patch in (StepPatch(), StepPatch(title="One")):
        edited = await steps.edit(scope, step_id, patch=patch)
        assert edited.walkthrough == walkthrough == await walkthroughs.by_id(scope, walkthrough.id)


async def test_content_edits_of_a_published_walkthrough_are_new_versions() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two", is_published=True)
    assert counters(walkthrough) == (2, 4, 3)
    inserted = await steps.insert(scope, walkthrough.id, details=step("Three"))
    assert counters(inserted.walkthrough) == (3, 5, 4)
    edited = await steps.edit(scope, inserted.step.id, patch=StepPatch(title="Third"))
    assert counters(edited.walkthrough) == (4, 6, 4)
    moved = await steps.move(scope, inserted.step.id, position=1)
    assert counters(moved.walkthrough) == (5, 7, 5)
    noted = await steps.edit(scope, inserted.step.id, patch=StepPatch(metadata={"owner": "docs"}))
    assert counters(noted.walkthrough) == (5, 8, 5)
    assert counters(await steps.delete(scope, inserted.step.id)) == (6, 9, 6)


async def test_a_published_walkthrough_takes_no_step_without_text_for_the_user() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", is_published=True)
    step_id = (await ids(scope, walkthrough.id))[0]
    blank = step("Two", context_for_agent="Only for agents.")
    with pytest.raises(Invalid) as inserted:
        await steps.insert(scope, walkthrough.id, details=blank)
    with pytest.raises(Invalid) as edited:
        await steps.edit(scope, step_id, patch=StepPatch(content_for_user=" \n"))
    for refused in (inserted.value, edited.value):
        assert [(fault.field, fault.code) for fault in refused.faults] == [
            ("contentForUser", "required")
        ]
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


async def test_the_last_step_of_a_published_walkthrough_may_go() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", is_published=True)
    changed = await steps.delete(scope, (await ids(scope, walkthrough.id))[0])
    assert changed.status is WalkthroughStatus.PUBLISHED
    assert await titles(scope, walkthrough.id) == []


async def test_every_fault_of_a_step_is_named_at_once() -> None:
    scope = await found()
    walkthrough = await write(scope)
    details = StepDetails(
        title=" ",
        section_title="a\nb",
        content_fields=ContentFields(
            content_for_user="x" * (CONTENT_MAX_CHARACTERS + 1), context_for_agent="a\x00b"
        ),
        metadata={"text": "\x00"},
    )
    with pytest.raises(Invalid) as refused:
        await steps.insert(scope, walkthrough.id, details=details)
    assert refused.value.faults == (
        Fault("title", "title must not be empty.", "required"),
        Fault(
            "sectionTitle",
            "sectionTitle must be one line without control characters.",
            "invalid_character",
        ),
        Fault(
            "contextForAgent",
            "contextForAgent contains a NUL or half a surrogate pair, which cannot be kept.",
            "invalid_character",
        ),
        Fault(
            "contentForUser",
            "contentForUser has 20001 characters; at most 20000 are allowed.",
            "too_long",
        ),
        Fault(
            "metadata",
            "metadata contains a NUL character, which cannot be kept.",
            "invalid_character",
        ),
    )
    assert await titles(scope, walkthrough.id) == []


async def test_text_that_no_database_can_keep_is_refused() -> None:
    scope = await found()
    walkthrough = await write(scope)
    for title in ("half \ud800", "nul \x00", "line\u2028break", "x" * 201):
        with pytest.raises(Invalid) as refused:
            await steps.insert(scope, walkthrough.id, details=step(title))
        assert refused.value.field == "title"


async def test_any_other_text_is_kept_as_it_is() -> None:
    scope = await found()
    walkthrough = await write(scope)
    text = "tabs\t, \r\n breaks, 日本語, 🦦, \\u0000, 'quotes', {braces}, $1, %s and </tags>"
    details = StepDetails(
        title="日本語 🦦 %s {0}",
        content_fields=ContentFields(content_for_user=text),
        metadata={"\\u0000": text},
    )
    written = await steps.insert(scope, walkthrough.id, details=details)
    assert await steps.by_id(scope, written.step.id) == written.step
    assert written.step.content_fields.content_for_user == text


@pytest.mark.parametrize("offset", [-1, 1])
async def test_a_write_based_on_another_revision_is_refused(offset: int) -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    step_ids = await ids(scope, walkthrough.id)
    stale = walkthrough.revision + offset
    attempts = [
        steps.insert(scope, walkthrough.id, details=step("New"), expected_revision=stale),
        steps.edit(scope, step_ids[0], patch=StepPatch(title="New"), expected_revision=stale),
        steps.move(scope, step_ids[0], position=2, expected_revision=stale),
        steps.reorder(scope, walkthrough.id, step_ids=step_ids[::-1], expected_revision=stale),
        steps.delete(scope, step_ids[0], expected_revision=stale),
    ]
    for attempt in attempts:
        with pytest.raises(RevisionMismatch) as refused:
            await attempt
        assert refused.value.code == "revision_mismatch"
    assert await titles(scope, walkthrough.id) == ["One", "Two"]
    assert await walkthroughs.by_id(scope, walkthrough.id) == walkthrough


async def test_the_revision_that_a_write_returns_is_good_for_the_next() -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    written = await steps.insert(
        scope, walkthrough.id, details=step("Two"), expected_revision=walkthrough.revision
    )
    revision = written.walkthrough.revision
    changed = await steps.delete(scope, written.step.id, expected_revision=revision)
    assert changed.revision == walkthrough.revision + 2


async def test_another_organizations_steps_read_as_absent() -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    step_id = (await ids(scope, walkthrough.id))[0]
    stranger = await found("stranger")
    attempts = [
        steps.by_id(stranger, step_id),
        steps.of_walkthrough(stranger, walkthrough.id),
        steps.insert(stranger, walkthrough.id, details=step("New")),
        steps.edit(stranger, step_id, patch=StepPatch(title="New")),
        steps.move(stranger, step_id, position=2),
        steps.reorder(stranger, walkthrough.id, step_ids=[step_id]),
        steps.delete(stranger, step_id),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt
    assert await titles(scope, walkthrough.id) == ["One", "Two"]


async def test_a_walkthrough_has_a_limit_of_steps() -> None:
    scope = await found()
    walkthrough = await write(scope)
    file_steps = [{"title": f"Step {number}"} for number in range(MAX_STEPS)]
    content = msgspec.json.encode(file_steps)
    await import_walkthrough(scope, content, title=walkthrough.title)
    with pytest.raises(Invalid) as refused:
        await steps.insert(scope, walkthrough.id, details=step("One too many"))
    assert (refused.value.field, refused.value.code) == ("steps", "too_many")
