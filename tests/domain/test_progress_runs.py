"""Updates, runs and the record of calls: product.md §3 and §4."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from app.domain import steps, walkthroughs
from app.domain.presentation import Presentation
from app.domain.progress import NothingActive, StepNotPresented, WalkthroughNotFound
from app.domain.steps import StepPatch
from app.repositories import database
from tests.support.authoring import step
from tests.support.walking import author, step_ids, the_row, walker
from tests.support.world import World

COMPLETIONS = "SELECT run, step_id FROM completion ORDER BY run, completed_at"


async def rewrite(world: World, step_id: str, text: str = "Do it otherwise.") -> None:
    """Change what a step says."""
    await steps.edit(author(world), step_id, patch=StepPatch(content_for_user=text))


# Updates


async def test_a_rewritten_step_is_said_to_be_updated_exactly_once(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await rewrite(world, guide.steps[2])
    seen = [
        await ann.look(),
        await ann.look(),
        await ann.complete(guide.steps[0]),
        await ann.start(guide.id),
    ]
    assert [one.was_updated for one in seen] == [True, False, False, False]


@pytest.mark.parametrize("call", ["start", "look", "complete", "go on", "retry"])
async def test_whatever_call_comes_first_says_that_the_walkthrough_was_updated(
    world: World, call: str
) -> None:
    guide = await world.guide(4)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await rewrite(world, guide.steps[1])
    calls: dict[str, Callable[[], Awaitable[Presentation]]] = {
        "start": lambda: ann.start(guide.id),
        "look": ann.look,
        "complete": lambda: ann.complete(guide.steps[1]),
        "go on": ann.go_on,
        "retry": lambda: ann.complete(guide.steps[0]),
    }
    seen = await calls[call]()
    assert seen.was_updated
    assert not (await ann.look()).was_updated


async def test_a_refusal_does_not_use_up_the_news(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await rewrite(world, guide.steps[0])
    with pytest.raises(StepNotPresented) as refusal:
        await ann.complete(guide.steps[2])
    seen = [refusal.value.presentation, await ann.look()]
    assert [one.was_updated for one in seen] == [False, True]


async def test_a_rewritten_step_that_was_done_stays_done(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await rewrite(world, guide.steps[0])
    seen = await ann.look()
    assert (step_ids(seen), seen.completed_steps) == ([guide.steps[1]], 1)


async def test_a_rewritten_step_is_presented_with_its_new_words(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await rewrite(world, guide.steps[0], "Say it anew.")
    seen = await ann.look()
    assert seen.step is not None
    assert seen.step.content["contentForUser"] == "Say it anew."


async def test_inserting_removing_moving_and_publishing_again_are_updates(world: World) -> None:
    guide = await world.guide(4)
    ann = await walker(world)
    await ann.start(guide.id)
    told = []
    await steps.insert(author(world), guide.id, details=step("New"))
    told += [await ann.look(), await ann.look()]
    await steps.delete(author(world), guide.steps[3])
    told += [await ann.look(), await ann.look()]
    await steps.move(author(world), guide.steps[2], position=1)
    told += [await ann.look(), await ann.look()]
    await walkthroughs.unpublish(author(world), guide.id)
    await walkthroughs.publish(author(world), guide.id)
    told += [await ann.look(), await ann.look()]
    assert [one.was_updated for one in told] == [True, False] * 4


async def test_edits_of_a_draft_are_told_once_when_it_is_published_again(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await walkthroughs.unpublish(author(world), guide.id)
    for step_id in guide.steps:
        await rewrite(world, step_id)
    await walkthroughs.publish(author(world), guide.id)
    told = [await ann.look(), await ann.look()]
    assert [one.was_updated for one in told] == [True, False]


async def test_a_first_start_and_a_restart_know_of_no_update(world: World) -> None:
    guide = await world.guide(3)
    await rewrite(world, guide.steps[0])
    ann = await walker(world)
    told = [await ann.start(guide.id)]
    await rewrite(world, guide.steps[0], "And again.")
    told += [await ann.start(guide.id, restart=True), await ann.look()]
    assert [one.was_updated for one in told] == [False, False, False]


async def test_two_end_users_are_each_told_of_an_update(world: World) -> None:
    guide = await world.guide(3)
    ann, bob = await walker(world), await walker(world, "bob")
    for one in (ann, bob):
        await one.start(guide.id)
    await rewrite(world, guide.steps[0])
    told = [await ann.look(), await bob.look(), await ann.look(), await bob.look()]
    assert [one.was_updated for one in told] == [True, True, False, False]


# Runs


async def test_starting_again_resumes(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    seen = [await ann.start(guide.id)]
    await ann.complete(guide.steps[0])
    seen.append(await ann.start(guide.id))
    assert step_ids(*seen) == [guide.steps[0], guide.steps[1]]
    assert [one.is_resumed for one in seen] == [False, True]
    assert await world.owner.fetchval("SELECT run FROM progress") == 1


async def test_starting_a_finished_walkthrough_says_that_it_is_completed(world: World) -> None:
    guide = await world.guide(1)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    seen = await ann.start(guide.id)
    assert (seen.step, seen.percent, seen.is_resumed) == (None, 100, True)


async def test_after_a_reset_there_is_no_progress(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    assert await ann.reset(guide.id) is None
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    assert await ann.reset(guide.id) == guide.title
    assert await ann.status(guide.id) is None
    assert await ann.reset(guide.id) is None
    for call in (ann.look(), ann.complete(guide.steps[1]), ann.complete(guide.steps[0])):
        with pytest.raises(NothingActive):
            await call
    [offered] = await ann.offered()
    assert (offered.completed_steps, offered.percent, offered.status) == (0, 0, "not_started")


async def test_after_a_reset_everything_begins_afresh(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    for step_id in guide.steps:
        await ann.complete(step_id)
    await ann.reset(guide.id)
    row = await the_row(world, "SELECT * FROM progress")
    assert (row["run"], row["done_steps"], row["first_completed_at"]) == (2, [], None)
    seen = await ann.start(guide.id)
    assert (step_ids(seen), seen.percent, seen.is_resumed, seen.is_reopened) == (
        [guide.steps[0]], 0, False, False,
    )  # fmt: skip


async def test_a_restart_opens_the_next_run_at_the_first_step(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    new = await steps.insert(author(world), guide.id, details=step("New"), position=1)
    seen = await ann.start(guide.id, restart=True)
    assert (step_ids(seen), seen.percent, seen.is_resumed) == ([new.step.id], 0, False)
    assert await world.owner.fetchval("SELECT run FROM progress") == 2


async def test_a_restart_of_what_was_never_started_or_was_reset_wastes_no_run(
    world: World,
) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id, restart=True)
    runs = [await world.owner.fetchval("SELECT run FROM progress")]
    await ann.reset(guide.id)
    await ann.start(guide.id, restart=True)
    runs.append(await world.owner.fetchval("SELECT run FROM progress"))
    assert runs == [1, 2]


async def test_a_step_done_in_an_earlier_run_has_to_be_presented_again(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await ann.complete(guide.steps[1])
    await ann.start(guide.id, restart=True)
    with pytest.raises(StepNotPresented) as refusal:
        await ann.complete(guide.steps[1])
    assert step_ids(refusal.value.presentation) == [guide.steps[0]]


async def test_completions_are_kept_run_by_run(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await ann.start(guide.id, restart=True)
    await ann.complete(guide.steps[0])
    await ann.complete(guide.steps[1])
    await ann.reset(guide.id)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    one, two = guide.steps
    rows = [tuple(row) for row in await world.owner.fetch(COMPLETIONS)]
    assert rows == [(1, one), (2, one), (2, two), (3, one)]


async def test_completions_outlive_their_steps(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await steps.delete(author(world), guide.steps[0])
    assert await world.owner.fetchval("SELECT step_id FROM completion") == guide.steps[0]


async def test_a_completion_knows_its_server_session_and_time(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    row = await the_row(world, "SELECT * FROM completion")
    progress = await the_row(world, "SELECT * FROM progress")
    assert row["id"] == progress["last_completion_id"]
    assert row["completed_at"] == progress["last_activity_at"]
    assert (row["server_id"], row["session_id"]) == (world.server_id, ann.scope.session_id)
    assert (row["organization_id"], row["end_user_id"], row["walkthrough_id"], row["run"]) == (
        world.organization_id, ann.scope.end_user_id, guide.id, 1,
    )  # fmt: skip


# The record


async def test_every_call_has_one_row_with_its_outcome(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    with pytest.raises(NothingActive):
        await ann.look()
    with pytest.raises(WalkthroughNotFound):
        await ann.start("wt_unknown")
    await ann.start(guide.id)
    with pytest.raises(StepNotPresented):
        await ann.complete(guide.steps[1])
    await ann.complete(guide.steps[0])
    await ann.complete(guide.steps[0])
    await ann.look()
    await ann.reset(guide.id)
    await ann.reset(guide.id)
    rows = await world.owner.fetch("SELECT * FROM tool_call ORDER BY created_at")
    told = [
        (row["tool"], row["outcome"], msgspec.json.decode(row["output"]).get("verdict"))
        for row in rows
    ]
    assert told == [
        ("get_next_step", "refused", "nothing_active"),
        ("start_walkthrough", "refused", "not_available"),
        ("start_walkthrough", "ok", "started"),
        ("get_next_step", "refused", "refused"),
        ("get_next_step", "ok", "completed"),
        ("get_next_step", "ok", "repeated"),
        ("get_next_step", "ok", "presented"),
        ("reset_walkthrough_progress", "ok", None),
        ("reset_walkthrough_progress", "ok", None),
    ]
    assert {row["end_user_id"] for row in rows} == {ann.scope.end_user_id}
    assert {row["server_id"] for row in rows} == {world.server_id}
    assert all(row["duration_ms"] > 0 for row in rows)


async def test_a_call_touches_its_end_user_at_most_once_a_minute(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    fresh = await world.owner.fetchval("SELECT last_seen_at FROM end_user")
    await ann.look()
    assert await world.owner.fetchval("SELECT last_seen_at FROM end_user") == fresh
    await world.owner.execute("UPDATE end_user SET last_seen_at = last_seen_at - interval '2 min'")
    await ann.look()
    assert await world.owner.fetchval("SELECT last_seen_at FROM end_user") > fresh


async def test_another_organizations_unit_sees_no_progress(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    async with database.connection(None):
        rows = await database.fetch("SELECT id FROM progress UNION ALL SELECT id FROM tool_call")
    assert rows == []
