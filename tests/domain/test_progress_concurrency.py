"""Many calls at once, of one end user and of many: product.md §3."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest

from app.domain.presentation import Presentation
from app.domain.progress import NothingActive, StepNotPresented
from app.models.engine import DB
from tests.support import databases
from tests.support.scale import scaled
from tests.support.walking import Walker, step_ids, the_row, walker
from tests.support.world import World, make_world

CONNECTIONS = 40
PATIENCE_SECONDS = scaled(300)

pytestmark = pytest.mark.timeout(PATIENCE_SECONDS)


@pytest.fixture
async def world(database_url: str, owner: asyncpg.Connection) -> AsyncIterator[World]:
    """A world on a wide pool, where everybody waits for a connection as long as it takes."""
    await DB.start(
        database_url,
        tenant_role=await databases.tenant_role_of(database_url),
        pool_size=CONNECTIONS,
        acquire_timeout_seconds=PATIENCE_SECONDS,
        statement_timeout_seconds=PATIENCE_SECONDS,
    )
    try:
        yield await make_world(owner)
    finally:
        await DB.stop()


async def outcome(call: Awaitable[Presentation]) -> Presentation | StepNotPresented:
    """What comes of a call, a refusal included."""
    try:
        return await call
    except StepNotPresented as refusal:
        return refusal


async def walk_to_the_end(one: Walker) -> list[str]:
    """The steps that were still to do, each presented once."""
    seen: list[str] = []
    shown = await one.look()
    while shown.step is not None:
        assert shown.step.id not in seen
        seen.append(shown.step.id)
        shown = await one.complete(shown.step.id)
    assert shown.percent == 100
    return seen


async def test_ten_thousand_duplicates_of_one_completion_leave_exactly_one(world: World) -> None:
    duplicates = scaled(10_000, 50_000)
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    shown = await asyncio.gather(*(ann.complete(guide.steps[0]) for _ in range(duplicates)))
    assert Counter(one.completed_now for one in shown) == {True: 1, False: duplicates - 1}
    assert set(step_ids(*shown)) == {guide.steps[1]}
    assert {(one.completed_steps, one.percent) for one in shown} == {(1, 33)}
    row = await the_row(world, "SELECT done_steps, done_count FROM progress")
    assert (row["done_steps"], row["done_count"]) == ([guide.steps[0]], 1)
    assert await world.owner.fetchval("SELECT count(*) FROM completion") == 1
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == duplicates + 1


async def test_a_hundred_end_users_completing_at_once_each_keep_theirs(world: World) -> None:
    guide = await world.guide(5)
    everybody = [await walker(world, f"user-{number}") for number in range(scaled(100, 1000))]
    await asyncio.gather(*(one.start(guide.id) for one in everybody))
    for number, step_id in enumerate(guide.steps, start=1):
        shown = await asyncio.gather(*(one.complete(step_id) for one in everybody))
        assert {(one.completed_now, one.completed_steps) for one in shown} == {(True, number)}
    rows = await world.owner.fetch("SELECT done_steps FROM progress")
    assert [row["done_steps"] for row in rows] == [guide.steps] * len(everybody)
    per_user = await world.owner.fetch("SELECT count(*) FROM completion GROUP BY end_user_id")
    assert [row["count"] for row in per_user] == [len(guide.steps)] * len(everybody)


async def test_of_several_ids_at_once_the_presented_count_and_the_others_are_refused(
    world: World,
) -> None:
    guide = await world.guide(12)
    ann = await walker(world)
    for attempt in range(scaled(40)):
        await ann.start(guide.id, restart=attempt > 0)
        given = guide.steps * 2
        random.Random(attempt).shuffle(given)
        told = await asyncio.gather(*(outcome(ann.complete(step_id)) for step_id in given))
        counted = [
            step_id
            for step_id, one in zip(given, told, strict=True)
            if isinstance(one, Presentation) and one.completed_now
        ]
        refused = {
            step_id
            for step_id, one in zip(given, told, strict=True)
            if isinstance(one, StepNotPresented)
        }
        # Steps are presented in order, so those that counted are the first ones, each once.
        assert sorted(counted) == sorted(guide.steps[: len(counted)])
        assert set(guide.steps[len(counted) :]) <= refused
        done = await world.owner.fetchval("SELECT done_steps FROM progress")
        assert done == guide.steps[: len(counted)]
        assert await walk_to_the_end(ann) == guide.steps[len(counted) :]


async def test_calls_without_an_id_at_once_each_complete_one_step(world: World) -> None:
    guide = await world.guide(30)
    ann = await walker(world)
    await ann.start(guide.id)
    shown = await asyncio.gather(*(ann.go_on() for _ in range(20)))
    assert sorted(one.completed_steps for one in shown) == list(range(1, 21))
    done = await world.owner.fetchval("SELECT done_steps FROM progress")
    assert done == guide.steps[:20]


async def test_two_walkthroughs_of_one_end_user_advance_at_once(world: World) -> None:
    guides = [await world.guide(10, title=title) for title in ("One", "Two")]
    ann = await walker(world)
    for guide in guides:
        await ann.start(guide.id)

    async def walk(steps: list[str]) -> list[bool]:
        return [(await ann.complete(step_id)).completed_now for step_id in steps]

    walked = await asyncio.gather(*(walk(guide.steps) for guide in guides))
    assert walked == [[True] * 10] * 2


async def test_starting_at_once_makes_one_row_and_one_run(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    shown = await asyncio.gather(*(ann.start(guide.id) for _ in range(100)))
    assert set(step_ids(*shown)) == {guide.steps[0]}
    assert Counter(one.is_resumed for one in shown) == {False: 1, True: 99}
    rows = await world.owner.fetch("SELECT run, done_steps FROM progress")
    assert [tuple(row) for row in rows] == [(1, [])]


@pytest.mark.parametrize("way", ["restart", "reset"])
async def test_beginning_again_while_advancing_leaves_a_run_in_order(
    world: World, way: str
) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    end: dict[str, Callable[[], Awaitable[object]]] = {
        "restart": lambda: ann.start(guide.id, restart=True),
        "reset": lambda: ann.reset(guide.id),
    }

    async def tried(call: Awaitable[object]) -> None:
        with suppress(StepNotPresented, NothingActive):
            await call

    for _ in range(scaled(30)):
        await ann.start(guide.id)
        await asyncio.gather(
            *(tried(ann.complete(step_id)) for step_id in guide.steps * 3),
            *(tried(ann.go_on()) for _ in range(3)),
            tried(end[way]()),
        )
        row = await the_row(world, "SELECT * FROM progress")
        done = await world.owner.fetch(
            "SELECT step_id FROM completion WHERE run = $1 ORDER BY completed_at", row["run"]
        )
        assert {one["step_id"] for one in done} == set(row["done_steps"])
        assert row["done_steps"] == guide.steps[: len(row["done_steps"])]
        if row["started_at"] is None:
            assert (row["done_steps"], row["current_step_id"], row["presented_step_id"]) == (
                [], None, None,
            )  # fmt: skip
    doubles = await world.owner.fetch(
        "SELECT FROM completion GROUP BY run, step_id HAVING count(*) > 1"
    )
    assert doubles == []


async def test_restarts_at_once_each_open_a_run(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    shown = await asyncio.gather(*(ann.start(guide.id, restart=True) for _ in range(20)))
    assert set(step_ids(*shown)) == {guide.steps[0]}
    assert await world.owner.fetchval("SELECT run FROM progress") == 21


async def test_of_resets_at_once_one_finds_progress(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    titles = await asyncio.gather(*(ann.reset(guide.id) for _ in range(20)))
    assert Counter(titles) == {guide.title: 1, None: 19}
    assert await world.owner.fetchval("SELECT run FROM progress") == 2
