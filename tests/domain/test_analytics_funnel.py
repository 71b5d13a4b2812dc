"""Where runs stop: hand-made histories, and what the product itself logs."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from app.core import clock
from app.domain import analytics, steps
from app.domain.analytics import Funnel
from app.domain.analytics_span import RecentSpan, between, latest
from tests.support.authoring import step
from tests.support.figures import Done, analyst, newcomer, rolled_up, walked
from tests.support.walking import author, sibling, walker
from tests.support.world import Guide, World

BEGAN = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def funnel(
    world: World,
    guide: Guide,
    since: datetime = BEGAN,
    until: datetime = BEGAN + DAY,
    *,
    server_id: str | None = None,
) -> Funnel:
    """The guide's funnel of runs that were started in this time, before and after a roll-up."""
    scope = await analyst(world)
    view = await analytics.view(scope, between(since, until), server_id=server_id)
    fresh = await analytics.funnel(scope, view, guide.id)
    await rolled_up(world.owner)
    settled = await analytics.funnel(scope, view, guide.id)
    assert settled == fresh
    return settled


def bars(found: Funnel) -> list[tuple[int, int, int]]:
    """Reached, completed and dropped of each step."""
    return [(one.reached, one.completed, one.dropped) for one in found.steps]


def all_done(guide: Guide, *minutes: int, at: datetime = BEGAN) -> list[Done]:
    """The first steps, done one after the other in so many minutes each."""
    done = []
    for number, length in enumerate(minutes):
        at += length * MINUTE
        then = guide.steps[number + 1] if number + 1 < len(guide.steps) else None
        done.append(Done(guide.steps[number], at, then))
    return done


async def test_a_funnel_tells_how_many_came_to_each_step_and_how_many_did_it(world: World) -> None:
    guide = await world.guide(3)
    for minutes in ((), (1,), (2, 4), (3, 6, 9), (5, 8, 11)):
        await walked(world, guide, *all_done(guide, *minutes), at=BEGAN)
    found = await funnel(world, guide)
    assert (found.started, found.finished, found.completion_rate) == (5, 2, 0.4)
    assert bars(found) == [(5, 4, 1), (4, 3, 1), (3, 2, 1)]
    assert [one.title for one in found.steps] == ["Step 1", "Step 2", "Step 3"]
    medians = [one.median_seconds for one in found.steps]
    assert medians == [pytest.approx(number * 60, rel=0.05) for number in (2, 6, 9)]
    assert found.median_seconds == pytest.approx(18 * 60, rel=0.05)


async def test_without_runs_a_funnel_is_empty_and_has_no_rate(world: World) -> None:
    guide = await world.guide(2)
    found = await funnel(world, guide)
    assert (found.started, found.finished, found.completion_rate) == (0, 0, None)
    assert bars(found) == [(0, 0, 0), (0, 0, 0)]
    assert {one.median_seconds for one in found.steps} == {None}


async def test_runs_belong_to_the_time_they_were_started_in(world: World) -> None:
    guide = await world.guide(2)
    for at in (BEGAN - MINUTE, BEGAN, BEGAN + DAY - MINUTE, BEGAN + DAY):
        await walked(world, guide, *all_done(guide, 60 * 24 * 9, 1, at=at), at=at)
    found = await funnel(world, guide)
    assert (found.started, found.finished) == (2, 2)
    assert bars(found) == [(2, 2, 0), (2, 2, 0)]


async def test_a_short_time_is_widened_to_whole_hours(world: World) -> None:
    guide = await world.guide(1)
    await walked(world, guide, at=BEGAN + 5 * MINUTE)
    found = await funnel(world, guide, BEGAN + 10 * MINUTE, BEGAN + 20 * MINUTE)
    assert (found.span.since, found.span.until) == (BEGAN, BEGAN + 60 * MINUTE)
    assert found.started == 1


async def test_every_run_of_an_end_user_counts(world: World) -> None:
    guide = await world.guide(2)
    ann = await newcomer(world)
    await walked(world, guide, *all_done(guide, 1), at=BEGAN, who=ann)
    again = BEGAN + 60 * MINUTE
    await walked(world, guide, *all_done(guide, 1, 1, at=again), at=again, run=2, who=ann)
    found = await funnel(world, guide)
    assert (found.started, found.finished) == (2, 1)
    assert bars(found) == [(2, 2, 0), (2, 1, 1)]


async def test_a_removed_step_does_not_show(world: World) -> None:
    guide = await world.guide(3)
    await walked(world, guide, *all_done(guide, 1, 1, 1), at=BEGAN)
    await steps.delete(author(world), guide.steps[1])
    found = await funnel(world, guide)
    assert [(one.title, one.position) for one in found.steps] == [("Step 1", 1), ("Step 3", 2)]
    assert bars(found) == [(1, 1, 0), (1, 1, 0)]


async def told_now(world: World, guide: Guide, *, server_id: str | None = None) -> Funnel:
    """The funnel of what was done just now, before and after a roll-up."""
    span = latest(RecentSpan.WEEK, clock.now())
    return await funnel(world, guide, span.since, span.until, server_id=server_id)


async def test_what_end_users_do_is_what_the_funnel_tells(world: World) -> None:
    guide = await world.guide(3)
    ann, ben = await walker(world, "ann"), await walker(world, "ben")
    await walker(world, "cleo")
    for one in (ann, ben):
        await one.start(guide.id)
        await one.start(guide.id)
        await one.look()
        await one.complete(guide.steps[0])
        await one.complete(guide.steps[0])
    for number in (1, 2):
        await ann.complete(guide.steps[number])
    found = await told_now(world, guide)
    assert (found.started, found.finished) == (2, 1)
    assert bars(found) == [(2, 2, 0), (2, 1, 1), (1, 1, 0)]


async def test_whoever_is_still_at_a_step_counts_as_dropped_there(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    assert bars(await told_now(world, guide)) == [(1, 0, 1), (0, 0, 0)]
    await ann.complete(guide.steps[0])
    assert bars(await told_now(world, guide)) == [(1, 1, 0), (1, 0, 1)]


async def test_a_restart_and_a_reset_leave_the_run_where_it_stopped(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await ann.start(guide.id, restart=True)
    await ann.reset(guide.id)
    await ann.start(guide.id)
    found = await told_now(world, guide)
    assert (found.started, found.finished) == (3, 0)
    assert bars(found) == [(3, 1, 2), (1, 0, 1)]


async def test_an_inserted_step_was_reached_by_those_it_was_presented_to(world: World) -> None:
    guide = await world.guide(2)
    ann, ben = await walker(world, "ann"), await walker(world, "ben")
    for one in (ann, ben):
        await one.start(guide.id)
    await ann.complete(guide.steps[0])
    await ann.complete(guide.steps[1])
    await steps.insert(author(world), guide.id, details=step("Step 1½"), position=2)
    await ben.complete(guide.steps[0])
    found = await told_now(world, guide)
    assert [one.title for one in found.steps] == ["Step 1", "Step 1½", "Step 2"]
    assert bars(found) == [(2, 2, 0), (1, 0, 1), (1, 1, 0)]
    assert (found.started, found.finished) == (2, 1)


async def test_a_run_that_is_reopened_by_a_new_step_is_finished_once(world: World) -> None:
    guide = await world.guide(1)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    written = await steps.insert(author(world), guide.id, details=step("One more"))
    await ann.start(guide.id)
    await ann.complete(written.step.id)
    found = await told_now(world, guide)
    assert (found.started, found.finished, found.completion_rate) == (1, 1, 1.0)
    assert bars(found) == [(1, 1, 0), (1, 1, 0)]


async def test_whoever_stood_at_a_removed_step_has_reached_the_one_they_do_instead(
    world: World,
) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await steps.delete(author(world), guide.steps[0])
    await ann.look()
    await ann.complete(guide.steps[1])
    found = await told_now(world, guide)
    assert bars(found) == [(1, 1, 0)]
    assert (found.started, found.finished) == (1, 1)


async def test_a_server_tells_of_what_was_started_and_done_on_it(world: World) -> None:
    guide = await world.guide(2)
    labs = await sibling(world)
    await labs.assign(guide)
    here, there = await walker(world), await walker(labs)
    await here.start(guide.id)
    await there.complete(guide.steps[0])
    found = await told_now(world, guide, server_id=world.server_id)
    assert (found.started, bars(found)) == (1, [(1, 0, 1), (0, 0, 0)])
    found = await told_now(world, guide, server_id=labs.server_id)
    assert (found.started, bars(found)) == (0, [(1, 1, 0), (1, 0, 1)])
    assert bars(await told_now(world, guide)) == [(1, 1, 0), (1, 0, 1)]


async def test_the_overview_names_the_walkthroughs_that_were_started(world: World) -> None:
    few = await world.guide(1, title="Few")
    many = await world.guide(1, title="Many")
    await world.guide(1, title="None")
    await walked(world, few, *all_done(few, 1), at=BEGAN)
    await walked(world, many, *all_done(many, 1), at=BEGAN)
    await rolled_up(world.owner)
    await walked(world, many, at=BEGAN)
    scope = await analyst(world)
    view = await analytics.view(scope, between(BEGAN, BEGAN + DAY))
    found = await analytics.walkthrough_runs(scope, view)
    assert [(one.walkthrough_id, one.started, one.finished, one.completion_rate)
            for one in found] == [(many.id, 2, 1, 0.5), (few.id, 1, 1, 1.0)]  # fmt: skip


async def test_earlier_completions_without_notes_are_told_by_their_own_time(
    world: World, owner: asyncpg.Connection
) -> None:
    guide = await world.guide(2)
    await walked(world, guide, *all_done(guide, 1, 1), at=BEGAN)
    await owner.execute(
        "UPDATE completion SET run_started_at = NULL, next_step_id = NULL, finished_run = false"
    )
    found = await funnel(world, guide)
    assert bars(found) == [(1, 1, 0), (1, 1, 0)]
