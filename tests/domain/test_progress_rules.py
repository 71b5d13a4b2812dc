"""What counts as done, what comes next, and what percentage that is: product.md §3."""

import msgspec
import pytest

from app.core.enums import ProgressStatus
from app.domain import steps, walkthrough_files, walkthroughs
from app.domain.progress import StepNotPresented
from tests.support.authoring import step
from tests.support.walking import Walker, author, step_ids, walker
from tests.support.world import Guide, World, make_world


async def insert(world: World, guide: Guide, position: int) -> str:
    """The id of a new step at this position."""
    written = await steps.insert(
        author(world), guide.id, details=step("Inserted"), position=position
    )
    return written.step.id


async def walked(world: World, guide: Guide, done: int) -> Walker:
    """Ann, with so many steps done."""
    ann = await walker(world)
    await ann.start(guide.id)
    for step_id in guide.steps[:done]:
        await ann.complete(step_id)
    return ann


# The next step


async def test_steps_come_in_order_and_the_last_one_completes_the_walkthrough(
    world: World,
) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    seen = [await ann.start(guide.id)]
    seen += [await ann.complete(step_id) for step_id in guide.steps]
    assert step_ids(*seen) == [*guide.steps, None]
    assert [one.completed_now for one in seen] == [False, True, True, True]
    assert [one.completed_steps for one in seen] == [0, 1, 2, 3]
    assert [one.percent for one in seen] == [0, 33, 67, 100]


async def test_a_step_inserted_before_the_current_one_is_offered_next(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 1)
    new = await insert(world, guide, 1)
    seen = [
        await ann.look(),
        await ann.complete(guide.steps[1]),
        await ann.complete(new),
        await ann.complete(guide.steps[2]),
    ]
    assert step_ids(*seen) == [guide.steps[1], new, guide.steps[2], None]
    assert [one.completed_steps for one in seen] == [1, 2, 3, 4]


async def test_a_step_inserted_after_the_current_one_is_offered_in_its_turn(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 0)
    new = await insert(world, guide, 3)
    seen = [await ann.complete(step_id) for step_id in (*guide.steps[:2], new, guide.steps[2])]
    assert step_ids(*seen) == [guide.steps[1], new, guide.steps[2], None]


async def test_a_step_inserted_right_after_the_current_one_is_next(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 1)
    new = await insert(world, guide, 3)
    assert step_ids(await ann.complete(guide.steps[1])) == [new]


async def test_steps_inserted_between_done_ones_are_offered_by_position(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 3)
    second = await insert(world, guide, 2)
    first = await insert(world, guide, 1)
    seen = [await ann.complete(one) for one in (guide.steps[3], first, second)]
    assert step_ids(*seen) == [first, second, None]


async def test_a_removed_done_step_counts_for_nothing(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 2)
    await steps.delete(author(world), guide.steps[0])
    seen = await ann.look()
    assert step_ids(seen) == [guide.steps[2]]
    assert (seen.completed_steps, seen.total_steps, seen.percent) == (1, 3, 33)
    assert seen.step is not None
    assert seen.step.number == 2


async def test_a_step_removed_ahead_is_passed_over(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 0)
    await steps.delete(author(world), guide.steps[1])
    seen = await ann.complete(guide.steps[0])
    assert step_ids(seen) == [guide.steps[2]]
    assert (seen.completed_steps, seen.total_steps, seen.percent) == (1, 2, 50)


async def test_a_done_step_that_moves_ahead_is_not_offered_again(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 2)
    await steps.move(author(world), guide.steps[0], position=4)
    seen = [await ann.complete(guide.steps[2]), await ann.complete(guide.steps[3])]
    assert step_ids(*seen) == [guide.steps[3], None]
    assert seen[-1].percent == 100


async def test_the_current_step_stays_current_wherever_it_moves(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 1)
    await steps.move(author(world), guide.steps[1], position=4)
    seen = [
        await ann.look(),
        await ann.complete(guide.steps[1]),
        await ann.complete(guide.steps[2]),
        await ann.complete(guide.steps[3]),
    ]
    assert step_ids(*seen) == [guide.steps[1], guide.steps[2], guide.steps[3], None]
    assert seen[0].step is not None
    assert seen[0].step.number == 4


async def test_an_open_step_that_moves_behind_the_current_one_is_not_forgotten(
    world: World,
) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 2)
    await steps.move(author(world), guide.steps[3], position=1)
    seen = [await ann.complete(guide.steps[2]), await ann.complete(guide.steps[3])]
    assert step_ids(*seen) == [guide.steps[3], None]


async def test_a_reversed_walkthrough_is_walked_from_its_new_beginning(world: World) -> None:
    guide = await world.guide(5)
    ann = await walked(world, guide, 1)
    await steps.reorder(author(world), guide.id, step_ids=guide.steps[::-1])
    seen = [await ann.complete(one) for one in (guide.steps[1], *guide.steps[:1:-1])]
    assert step_ids(*seen) == [*guide.steps[:1:-1], None]


async def test_an_import_that_replaces_all_steps_but_one_keeps_that_one_done(
    world: World,
) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 2)
    file = await walkthrough_files.export_walkthrough(author(world), guide.id)
    new = {"title": "New", "contentFields": {"contentForUser": "New."}}
    file["steps"] = [{**new, "title": f"New {number}"} for number in (1, 2)] + [file["steps"][0]]
    await walkthrough_files.import_walkthrough(author(world), msgspec.json.encode(file))
    first, second, kept = await steps.of_walkthrough(author(world), guide.id)
    assert kept.id == guide.steps[0]
    seen = [await ann.look(), await ann.complete(first.id), await ann.complete(second.id)]
    assert step_ids(*seen) == [first.id, second.id, None]
    assert [one.percent for one in seen] == [33, 67, 100]


# Percent and status


@pytest.mark.parametrize(
    ("done", "total", "percent"),
    [
        (0, 3, 0),
        (1, 3, 33),
        (2, 3, 67),
        (1, 8, 13),
        (3, 8, 38),
        (1, 200, 1),
        (3, 200, 2),
        (198, 200, 99),
        (199, 200, 99),
        (200, 200, 100),
    ],
)
async def test_percent_rounds_half_up_and_is_at_most_99_while_anything_is_left(
    world: World, done: int, total: int, percent: int
) -> None:
    guide = await world.guide(total)
    ann = await walker(world)
    await ann.start(guide.id)
    await world.owner.execute(
        "UPDATE progress SET done_steps = $1, counted_shape = 0, current_step_id = $2,"
        " presented_step_id = $2",
        guide.steps[:done], guide.steps[done] if done < total else None,
    )  # fmt: skip
    seen = await ann.look()
    assert (seen.completed_steps, seen.total_steps, seen.percent) == (done, total, percent)
    assert (seen.step is None) == (done == total)


async def test_status_and_percent_are_the_same_wherever_they_are_read(world: World) -> None:
    guide = await world.guide(7)
    ann = await walked(world, guide, 3)
    await steps.delete(author(world), guide.steps[1])
    await insert(world, guide, 1)
    presented, report, [offered] = (
        await ann.look(),
        await ann.status(guide.id),
        await ann.offered(),
    )
    assert report is not None
    counts = {
        (one.completed_steps, one.total_steps, one.percent) for one in (presented, report, offered)
    }
    assert counts == {(2, 7, 29)}
    assert report.status is offered.status is ProgressStatus.IN_PROGRESS


async def test_what_was_never_started_is_not_started(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    [offered] = await ann.offered()
    assert (offered.status, offered.completed_steps, offered.total_steps, offered.percent) == (
        ProgressStatus.NOT_STARTED, 0, 2, 0,
    )  # fmt: skip
    assert await ann.status(guide.id) is None


async def test_the_status_tells_of_every_step(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 1)
    new = await insert(world, guide, 1)
    report = await ann.status(guide.id)
    assert report is not None
    assert [(one.id, one.is_done, one.is_current) for one in report.steps] == [
        (new, False, False),
        (guide.steps[0], True, False),
        (guide.steps[1], False, True),
        (guide.steps[2], False, False),
    ]
    assert report.next_step == report.steps[2]


async def test_without_a_current_step_the_status_names_the_first_open_one(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 1)
    await steps.delete(author(world), guide.steps[1])
    report = await ann.status(guide.id)
    assert report is not None
    assert report.next_step is not None
    assert report.next_step.id == guide.steps[2]


async def test_removing_the_last_open_steps_completes_a_walkthrough(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 2)
    for step_id in guide.steps[2:]:
        await steps.delete(author(world), step_id)
    report = await ann.status(guide.id)
    assert report is not None
    assert (report.status, report.percent, report.next_step) == (
        ProgressStatus.COMPLETED, 100, None,
    )  # fmt: skip
    seen = await ann.complete(guide.steps[2])
    assert (seen.step, seen.percent, seen.completed_steps, seen.total_steps) == (None, 100, 2, 2)
    assert await world.owner.fetchval("SELECT first_completed_at FROM progress") is not None


async def test_a_finished_walkthrough_that_gets_a_step_is_open_again_and_says_so(
    world: World,
) -> None:
    guide = await world.guide(2)
    ann = await walked(world, guide, 2)
    first_completed = await world.owner.fetchval("SELECT first_completed_at FROM progress")
    new = await insert(world, guide, 1)
    report = await ann.status(guide.id)
    assert report is not None
    assert (report.status, report.percent) == (ProgressStatus.IN_PROGRESS, 67)
    seen = await ann.start(guide.id)
    assert step_ids(seen) == [new]
    assert (seen.is_reopened, seen.was_updated, seen.is_resumed) == (True, True, True)
    finished = await ann.complete(new)
    assert (finished.step, finished.percent) == (None, 100)
    kept = await world.owner.fetchval("SELECT first_completed_at FROM progress")
    assert kept == first_completed


async def test_a_retry_of_the_last_step_presents_a_step_that_was_added_since(
    world: World,
) -> None:
    guide = await world.guide(2)
    ann = await walked(world, guide, 2)
    new = await insert(world, guide, 3)
    seen = await ann.complete(guide.steps[1])
    assert (step_ids(seen), seen.completed_now, seen.is_reopened) == ([new], False, True)


# Completing


async def test_a_retry_changes_nothing_and_presents_the_present_state(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 0)
    first = await ann.complete(guide.steps[0])
    again = await ann.complete(guide.steps[0])
    assert (first.completed_now, again.completed_now) == (True, False)
    assert (again.step, again.completed_steps) == (first.step, 1)
    assert await world.owner.fetchval("SELECT count(*) FROM completion") == 1


async def test_a_late_retry_of_an_early_step_presents_the_present_state(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 3)
    assert step_ids(await ann.complete(guide.steps[0])) == [guide.steps[3]]


async def test_a_presented_step_that_was_removed_is_answered_with_the_present_step(
    world: World,
) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 1)
    await steps.delete(author(world), guide.steps[1])
    seen = await ann.complete(guide.steps[1])
    assert step_ids(seen) == [guide.steps[2]]
    assert (seen.completed_now, seen.completed_steps, seen.total_steps) == (False, 1, 3)
    runs = await world.owner.fetch("SELECT step_id FROM completion")
    assert [row["step_id"] for row in runs] == [guide.steps[0]]


async def test_later_retries_of_a_removed_steps_id_are_answered_too(world: World) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 1)
    await steps.delete(author(world), guide.steps[1])
    await ann.look()
    await ann.complete(guide.steps[2])
    assert step_ids(await ann.complete(guide.steps[1])) == [guide.steps[3]]
    await steps.delete(author(world), guide.steps[0])
    assert step_ids(await ann.complete(guide.steps[0])) == [guide.steps[3]]


async def test_a_removed_steps_id_is_answered_after_the_walkthrough_was_resumed(
    world: World,
) -> None:
    guide = await world.guide(4)
    ann = await walked(world, guide, 1)
    await steps.delete(author(world), guide.steps[1])
    await ann.start(guide.id)
    assert step_ids(await ann.complete(guide.steps[1])) == [guide.steps[2]]


async def test_every_step_presented_and_removed_in_a_row_is_answered(world: World) -> None:
    guide = await world.guide(5)
    ann = await walked(world, guide, 0)
    for number, step_id in enumerate(guide.steps[:4]):
        await steps.delete(author(world), step_id)
        assert step_ids(await ann.complete(step_id)) == [guide.steps[number + 1]]
    for step_id in guide.steps[:4]:
        assert step_ids(await ann.complete(step_id)) == [guide.steps[4]]


@pytest.mark.parametrize(
    "kind", ["ahead", "other walkthrough", "other organization", "removed", "garbage"]
)
async def test_a_step_that_was_not_presented_is_refused_and_the_row_is_untouched(
    world: World, kind: str
) -> None:
    guide = await world.guide(4)
    other = await world.guide(2, title="Another")
    stranger = await make_world(world.owner, slug="strangers")
    theirs = await stranger.guide(2)
    ann = await walked(world, guide, 1)
    await steps.delete(author(world), guide.steps[3])
    await ann.look()
    before = await world.owner.fetchrow("SELECT * FROM progress")
    given = {
        "ahead": guide.steps[2],
        "other walkthrough": other.steps[0],
        "other organization": theirs.steps[0],
        "removed": guide.steps[3],
        "garbage": "ws_' OR 1=1 --",
    }[kind]
    with pytest.raises(StepNotPresented) as refusal:
        await ann.complete(given)
    assert step_ids(refusal.value.presentation) == [guide.steps[1]]
    assert refusal.value.presentation.completed_steps == 1
    assert await world.owner.fetchrow("SELECT * FROM progress") == before
    assert await world.owner.fetchval("SELECT count(*) FROM completion") == 1


async def test_a_step_of_another_walkthrough_than_the_one_named_is_refused(world: World) -> None:
    guide = await world.guide(2)
    other = await world.guide(2, title="Another")
    ann = await walked(world, other, 0)
    await ann.start(guide.id)
    before = await world.owner.fetch("SELECT * FROM progress ORDER BY id")
    with pytest.raises(StepNotPresented) as refusal:
        await ann.complete(other.steps[0], walkthrough_id=guide.id)
    assert step_ids(refusal.value.presentation) == [guide.steps[0]]
    assert await world.owner.fetch("SELECT * FROM progress ORDER BY id") == before


async def test_a_step_presented_to_someone_else_is_refused(world: World) -> None:
    guide = await world.guide(3)
    await walked(world, guide, 1)
    bob = await walker(world, "bob")
    await bob.start(guide.id)
    with pytest.raises(StepNotPresented):
        await bob.complete(guide.steps[1])
    report = await bob.status(guide.id)
    assert report is not None
    assert report.completed_steps == 0


async def test_a_refusal_after_the_end_says_that_the_walkthrough_is_completed(
    world: World,
) -> None:
    guide = await world.guide(2)
    ann = await walked(world, guide, 2)
    with pytest.raises(StepNotPresented) as refusal:
        await ann.complete("ws_unknown")
    presentation = refusal.value.presentation
    assert (presentation.step, presentation.percent) == (None, 100)


async def test_looking_again_completes_nothing(world: World) -> None:
    guide = await world.guide(2)
    ann = await walked(world, guide, 1)
    seen = [await ann.look(), await ann.look()]
    assert step_ids(*seen) == [guide.steps[1]] * 2
    assert await world.owner.fetchval("SELECT count(*) FROM completion") == 1


async def test_going_on_without_an_id_completes_the_presented_step(world: World) -> None:
    guide = await world.guide(2)
    ann = await walked(world, guide, 0)
    seen = [await ann.go_on(), await ann.go_on(), await ann.go_on()]
    assert step_ids(*seen) == [guide.steps[1], None, None]
    assert [one.completed_now for one in seen] == [True, True, False]


async def test_going_on_without_an_id_presents_a_step_that_was_not_yet(world: World) -> None:
    guide = await world.guide(3)
    ann = await walked(world, guide, 1)
    await steps.delete(author(world), guide.steps[1])
    seen = await ann.go_on()
    assert (step_ids(seen), seen.completed_now, seen.completed_steps) == (
        [guide.steps[2]], False, 1,
    )  # fmt: skip


async def test_every_step_is_offered_once_while_the_author_turns_the_order_around(
    world: World,
) -> None:
    guide = await world.guide(40)
    ann = await walked(world, guide, 0)
    walkthrough = await walkthroughs.by_id(author(world), guide.id)
    current: str | None = guide.steps[0]
    seen_ids: list[str] = []
    percents: list[int] = []
    while current is not None:
        seen_ids.append(current)
        shown = await ann.complete(current)
        percents.append(shown.percent)
        current = shown.step.id if shown.step else None
        if len(seen_ids) in {5, 15, 25}:
            await steps.reorder(author(world), walkthrough.id, step_ids=list(reversed(guide.steps)))
            guide.steps.reverse()
    assert sorted(seen_ids) == sorted(guide.steps)
    assert percents == [(200 * n // 40 + 1) // 2 for n in range(1, 41)]
