"""End users in the middle of a call while an author, or they themselves, change what it stands on.

Every race is staged: one side's transaction holds its locks until the other side waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from app.core.errors import NotFound, Unavailable
from app.domain import progress, servers, steps, walkthrough_files, walkthroughs
from app.domain.presentation import Presentation
from app.domain.progress import NothingActive
from tests.support.authoring import step
from tests.support.scale import scaled
from tests.support.walking import (
    Walker,
    author,
    call,
    held_back,
    sibling,
    step_ids,
    the_row,
    walker,
)
from tests.support.world import Guide, World

Edit = Callable[[], Awaitable[object]]

pytestmark = pytest.mark.timeout(scaled(300))

NEXT_STEPS = """
SELECT s.id FROM progress p JOIN step c ON c.id = p.current_step_id
JOIN step s ON s.walkthrough_id = p.walkthrough_id AND s.position = c.position + 1
ORDER BY s.position DESC LIMIT 3
"""


async def raced(
    world: World, edit: Edit, act: Callable[[], Awaitable[Presentation]]
) -> Presentation:
    """What a call is told that began before the edit was committed and had to wait for it."""
    is_edited = asyncio.Event()

    async def hold() -> None:
        async with held_back(world):
            await edit()
            is_edited.set()

    async with asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(hold())
        await is_edited.wait()
        answer = await act()
        await holding
    return answer


CALLS = pytest.mark.parametrize("way", ["look", "start", "complete", "go on"])


def made(
    ann: Walker, guide: Guide, way: str, step_id: str
) -> Callable[[], Awaitable[Presentation]]:
    """A call of this kind."""
    return {
        "look": ann.look,
        "start": lambda: ann.start(guide.id),
        "complete": lambda: ann.complete(step_id),
        "go on": ann.go_on,
    }[way]


@CALLS
async def test_a_current_step_removed_under_a_call_is_replaced_by_the_next(
    world: World, way: str
) -> None:
    guide = await world.guide(4)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    shown = await raced(
        world,
        lambda: steps.delete(author(world), guide.steps[1]),
        made(ann, guide, way, guide.steps[1]),
    )
    assert (step_ids(shown), shown.completed_steps, shown.total_steps, shown.percent) == (
        [guide.steps[2]], 1, 3, 33,
    )  # fmt: skip
    assert await world.owner.fetchval("SELECT first_completed_at FROM progress") is None


@CALLS
async def test_the_last_open_step_removed_under_a_call_completes_the_walkthrough(
    world: World, way: str
) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    shown = await raced(
        world,
        lambda: steps.delete(author(world), guide.steps[1]),
        made(ann, guide, way, guide.steps[1]),
    )
    assert (shown.step, shown.completed_steps, shown.total_steps, shown.percent) == (
        None, 1, 1, 100,
    )  # fmt: skip


@pytest.mark.parametrize("way", ["complete", "go on"])
async def test_a_next_step_removed_under_a_completion_is_passed_over(
    world: World, way: str
) -> None:
    guide = await world.guide(4)
    ann = await walker(world)
    await ann.start(guide.id)
    shown = await raced(
        world,
        lambda: steps.delete(author(world), guide.steps[1]),
        made(ann, guide, way, guide.steps[0]),
    )
    assert (step_ids(shown), shown.completed_now, shown.completed_steps, shown.total_steps) == (
        [guide.steps[2]], True, 1, 3,
    )  # fmt: skip
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == 2


async def test_a_first_step_removed_under_a_first_start_is_passed_over(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    shown = await raced(
        world,
        lambda: steps.delete(author(world), guide.steps[0]),
        lambda: ann.start(guide.id),
    )
    assert (step_ids(shown), shown.total_steps) == ([guide.steps[1]], 2)


@CALLS
async def test_a_call_older_than_what_another_call_was_presented_is_told_the_same(
    world: World, way: str
) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)

    async def insert_and_advance() -> None:
        await steps.insert(author(world), guide.id, details=step("New"), position=2)
        await progress.advance(ann.scope, call(), step_id=guide.steps[0])

    shown = await raced(world, insert_and_advance, made(ann, guide, way, guide.steps[0]))
    present = await steps.of_walkthrough(author(world), guide.id)
    expected = present[2] if way == "go on" else present[1]
    assert step_ids(shown) == [expected.id]
    assert (shown.completed_steps, shown.total_steps) == (2 if way == "go on" else 1, 4)


async def test_a_call_that_waited_for_a_reset_finds_nothing_active(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    with pytest.raises(ExceptionGroup) as failed:
        await raced(
            world,
            lambda: progress.reset(ann.scope, call(), walkthrough_id=guide.id),
            lambda: ann.complete(guide.steps[0]),
        )
    assert failed.group_contains(NothingActive)
    row = await the_row(world, "SELECT * FROM progress")
    assert (row["run"], row["started_at"], row["current_step_id"], row["done_steps"]) == (
        2, None, None, [],
    )  # fmt: skip
    outcomes = await world.owner.fetch("SELECT outcome FROM tool_call ORDER BY created_at")
    assert [one["outcome"] for one in outcomes] == ["ok", "ok", "refused"]


async def test_a_call_that_waited_for_a_reset_goes_on_with_another_walkthrough(
    world: World,
) -> None:
    other = await world.guide(3, title="Another")
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(other.id)
    await ann.start(guide.id)
    shown = await raced(
        world, lambda: progress.reset(ann.scope, call(), walkthrough_id=guide.id), ann.look
    )
    assert step_ids(shown) == [other.steps[0]]


async def test_a_completion_that_waited_for_a_restart_counts_in_the_new_run(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    shown = await raced(
        world,
        lambda: progress.start(ann.scope, call(), walkthrough_id=guide.id, restart=True),
        lambda: ann.complete(guide.steps[0]),
    )
    assert (step_ids(shown), shown.completed_steps) == ([guide.steps[1]], 1)
    rows = await world.owner.fetch("SELECT run, step_id FROM completion")
    assert [tuple(row) for row in rows] == [(2, guide.steps[0])]


async def test_a_call_that_waited_for_the_walkthroughs_deletion_finds_nothing_active(
    world: World,
) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    with pytest.raises(ExceptionGroup) as failed:
        await raced(
            world,
            lambda: walkthroughs.delete(author(world), guide.id),
            lambda: ann.complete(guide.steps[0]),
        )
    assert failed.group_contains(NothingActive)


# Storms


async def crowd(world: World, guide: Guide, people: int) -> list[Walker]:
    """So many end users, all at the first step."""
    everybody = [await walker(world, f"user-{number}") for number in range(people)]
    for one in everybody:
        await one.start(guide.id)
    return everybody


async def walk_until(is_over: asyncio.Event, one: Walker) -> set[str]:
    """Complete what is presented until the authors are done and nothing is left.

    Every answer keeps the promise; the ids of the completed steps are returned.
    """
    done: set[str] = set()
    while True:
        is_last = is_over.is_set()
        shown = await one.look()
        while shown.step is not None:
            assert 0 <= shown.percent < 100
            assert shown.step.id not in done, "a finished step is presented again"
            finished = shown.step.id
            shown = await one.complete(finished)
            if shown.completed_now:
                done.add(finished)
        assert shown.percent == 100
        if is_last:
            return done
        await asyncio.sleep(0.01)


async def storm(world: World, guide: Guide, edits: Callable[[], Awaitable[None]]) -> None:
    """Ten end users walk while authors edit: no error, no one stuck, nothing done is lost."""
    everybody = await crowd(world, guide, 10)
    is_over = asyncio.Event()

    async def edit() -> None:
        try:
            await edits()
        finally:
            is_over.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(edit())
        walks = [tasks.create_task(walk_until(is_over, one)) for one in everybody]
    present = {one.id for one in await steps.of_walkthrough(author(world), guide.id)}
    for one, walk in zip(everybody, walks, strict=True):
        report = await one.status(guide.id)
        assert report is not None
        assert (report.percent, report.completed_steps) == (100, len(present))
        assert present <= walk.result()
    logged = await world.owner.fetchval("SELECT count(*) FROM completion")
    assert logged == sum(len(walk.result()) for walk in walks)


async def test_authors_delete_the_very_next_step_of_whoever_walks(world: World) -> None:
    guide = await world.guide(scaled(120, 600))

    async def edits() -> None:
        while True:
            places = await world.owner.fetch(NEXT_STEPS)
            if len(await steps.of_walkthrough(author(world), guide.id)) <= 20 or not places:
                return
            for place in places:
                try:
                    await steps.delete(author(world), place["id"])
                except NotFound:
                    continue

    await storm(world, guide, edits)


async def test_authors_insert_remove_move_and_reorder_while_people_walk(world: World) -> None:
    guide = await world.guide(20)

    async def insert() -> None:
        for number in range(scaled(20)):
            await steps.insert(
                author(world), guide.id, details=step("New"), position=number % 3 + 1
            )

    async def remove() -> None:
        for step_id in guide.steps[::2]:
            await steps.delete(author(world), step_id)

    async def move() -> None:
        for step_id in guide.steps[1::2] * scaled(2):
            await steps.move(author(world), step_id, position=1)

    async def edits() -> None:
        await asyncio.gather(insert(), remove(), move())

    await storm(world, guide, edits)


async def test_imports_replace_most_steps_while_people_walk(world: World) -> None:
    guide = await world.guide(20)
    file = await walkthrough_files.export_walkthrough(author(world), guide.id)
    kept = file["steps"][::5]

    async def edits() -> None:
        for edition in range(scaled(15)):
            fresh = [
                {"title": f"{edition}.{number}", "contentFields": {"contentForUser": "New."}}
                for number in range(15)
            ]
            file["steps"] = [*fresh[:7], *kept[:: 1 if edition % 2 else -1], *fresh[7:]]
            for order, one in enumerate(file["steps"]):
                one.pop("nextStepReference", None)
                one["displayOrder"] = order
            await walkthrough_files.import_walkthrough(author(world), msgspec.json.encode(file))

    await storm(world, guide, edits)


async def walk_all(one: Walker, guides: list[Guide]) -> None:
    """Walk through what there is; what is not there any more is refused, and nothing worse."""
    for guide in guides:
        try:
            await one.start(guide.id)
            for step_id in guide.steps:
                await one.complete(step_id)
        except (NotFound, Unavailable):
            continue


async def until_someone_walks(world: World, guide: Guide) -> None:
    """Return when a step of the walkthrough is completed; TimeoutError after 30 seconds."""
    async with asyncio.timeout(30):
        while not await world.owner.fetchval(
            "SELECT EXISTS (SELECT FROM completion WHERE walkthrough_id = $1)", guide.id
        ):
            await asyncio.sleep(0.002)


async def test_walkthroughs_are_deleted_while_people_walk(world: World) -> None:
    guides = [await world.guide(30, title=f"Guide {number}") for number in range(scaled(8))]
    everybody = [await walker(world, f"user-{number}") for number in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for one in everybody:
            tasks.create_task(walk_all(one, guides))
        for guide in guides:
            await until_someone_walks(world, guide)
            await walkthroughs.delete(author(world), guide.id)
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 0


async def test_servers_are_closed_while_people_walk(world: World) -> None:
    guides = []
    for number in range(scaled(6)):
        branch = await sibling(world, f"branch-{number}")
        guides.append(await branch.guide(30, title=f"Guide {number}"))
        everybody = [await walker(branch, f"user-{number}") for number in range(8)]
        async with asyncio.TaskGroup() as tasks:
            for one in everybody:
                tasks.create_task(walk_all(one, guides[-1:] * 20))
            await until_someone_walks(world, guides[-1])
            await servers.close(author(world), branch.server_id)
    kept = await world.owner.fetchval("SELECT count(*) FROM progress WHERE server_id IS NULL")
    assert kept == await world.owner.fetchval("SELECT count(*) FROM progress") > 0
