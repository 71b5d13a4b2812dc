"""End users who turn out to be persons: product.md §5, last bullet."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.domain import admission, progress, steps, tickets
from app.domain.admission import Credentials
from app.domain.end_users import Person
from app.domain.progress import NothingActive
from app.domain.server_directory import ServerConfig, ServerDirectory
from app.domain.tickets import TicketDraft
from app.repositories import database
from tests.support.authoring import step
from tests.support.recognized import become_known
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

ANN = Person(issuer="https://id.example.com", subject="ann", email="ann@example.com")
TABLES = ("progress", "completion")
COMPLETIONS = """
SELECT run, step_id FROM completion WHERE end_user_id = $1 ORDER BY run, completed_at
"""


async def config_of(world: World) -> ServerConfig:
    """The configuration of the world's server."""
    config = await ServerDirectory().by_slug(world.slug)
    assert config is not None
    return config


async def admitted(world: World, given: Credentials) -> Walker:
    """The end user whom these credentials lead to, made at the first call."""
    config = await config_of(world)
    async with admission.unit_of_work(config):
        return Walker(await admission.end_user(await admission.admit(config, given)))


async def in_session(world: World) -> Walker:
    """Someone anonymous in a new session."""
    config = await config_of(world)
    async with admission.unit_of_work(config):
        session_id = await admission.open_session(config, client=("a", "1"), tracking_id=None)
    return await admitted(world, Credentials(session_id=session_id))


async def log_in(anonymous: Walker, person: Person = ANN) -> str:
    """The id of the person whom this anonymous caller proves to be."""
    scope = anonymous.scope
    return await become_known(
        scope, person, anonymous_id=scope.end_user_id, session_id=scope.session_id
    )


async def known(world: World, person: Person = ANN) -> Walker:
    """The person in a session of their own."""
    visitor = await in_session(world)
    await log_in(visitor, person)
    return await again(visitor, world)


async def again(one: Walker, world: World) -> Walker:
    """Whoever the same session is of now; a call would have to bring a person's token besides."""
    session_id = one.scope.session_id
    row = await the_row(world, "SELECT end_user_id FROM session WHERE id = $1", session_id)
    return Walker(replace(one.scope, end_user_id=row["end_user_id"]))


async def walk(one: Walker, guide: Guide, done: int) -> None:
    """Start, and complete so many steps."""
    await one.start(guide.id)
    for step_id in guide.steps[:done]:
        await one.complete(step_id)


async def completions(world: World, one: Walker) -> list[tuple[int, str]]:
    """Run and step of each completion."""
    rows = await world.owner.fetch(COMPLETIONS, one.scope.end_user_id)
    return [tuple(row) for row in rows]


# The person


async def test_a_person_is_one_end_user_on_all_servers_of_the_organization(world: World) -> None:
    labs = await sibling(world)
    here, there = await known(world), await known(labs)
    assert here.scope.end_user_id == there.scope.end_user_id
    row = await the_row(world, "SELECT * FROM end_user WHERE id = $1", here.scope.end_user_id)
    assert (row["issuer"], row["subject"], row["email"], row["email_verified"]) == (
        ANN.issuer, ANN.subject, "ann@example.com", True,
    )  # fmt: skip


async def test_another_subject_or_issuer_is_another_person(world: World) -> None:
    people = [
        ANN,
        Person(issuer=ANN.issuer, subject="bob"),
        Person(issuer="https://other.example.com", subject=ANN.subject),
    ]
    ids = {(await known(world, person)).scope.end_user_id for person in people}
    assert len(ids) == 3


async def test_a_later_login_tells_what_changed_and_what_nobody_vouches_for_any_more(
    world: World,
) -> None:
    ann = await known(world)
    moved = Person(issuer=ANN.issuer, subject=ANN.subject, profile={"name": "Ann"})
    await known(world, moved)
    row = await the_row(world, "SELECT * FROM end_user WHERE id = $1", ann.scope.end_user_id)
    assert (row["email"], row["email_verified"], row["profile"]) == (
        None, False, '{"name": "Ann"}',
    )  # fmt: skip


async def test_without_anything_before_there_is_nothing_to_merge(world: World) -> None:
    scope = (await in_session(world)).scope
    ids = [
        await become_known(scope, ANN, anonymous_id=None, session_id=None),
        await become_known(scope, ANN, anonymous_id="mcpu_unknown", session_id="mcps_x"),
    ]
    assert ids[0] == ids[1]


# What is merged


async def test_what_a_session_began_is_the_persons(world: World) -> None:
    guide = await world.guide(4)
    visitor = await in_session(world)
    await walk(visitor, guide, 2)
    person_id = await log_in(visitor)
    ann = await again(visitor, world)
    assert ann.scope.end_user_id == person_id != visitor.scope.end_user_id
    seen = await ann.look()
    assert (step_ids(seen), seen.completed_steps, seen.percent) == ([guide.steps[2]], 2, 50)
    assert await completions(world, ann) == [(1, guide.steps[0]), (1, guide.steps[1])]
    assert await completions(world, visitor) == []
    assert step_ids(await ann.complete(guide.steps[2])) == [guide.steps[3]]


async def test_what_a_run_began_is_the_persons_and_its_handle_is_void(world: World) -> None:
    guide = await world.guide(4)
    visitor = await admitted(world, Credentials(client=("a", "1"), is_stateless=True))
    await walk(visitor, guide, 1)
    await log_in(visitor)
    assert await world.owner.fetchval("SELECT count(*) FROM run_handle") == 0
    ann = await known(world)
    assert step_ids(await ann.look()) == [guide.steps[1]]
    visit = await the_row(world, "SELECT * FROM session WHERE kind = 'visit'")
    assert visit["end_user_id"] == ann.scope.end_user_id
    assert visit["ended_at"] == visit["last_seen_at"]


async def test_done_steps_are_united_and_the_later_place_is_kept(world: World) -> None:
    guide = await world.guide(6)
    ann = await known(world)
    await walk(ann, guide, 1)
    await steps.reorder(author(world), guide.id, step_ids=guide.steps[::-1])
    visitor = await in_session(world)
    await walk(visitor, Guide(guide.id, guide.title, guide.steps[::-1]), 2)
    await log_in(visitor)
    row = await the_row(world, "SELECT * FROM progress")
    assert row["done_steps"] == [guide.steps[0], guide.steps[5], guide.steps[4]]
    seen = await ann.look()
    assert (step_ids(seen), seen.completed_steps, seen.percent) == ([guide.steps[3]], 3, 50)
    assert sorted(await completions(world, ann)) == sorted(
        (1, guide.steps[index]) for index in (0, 4, 5)
    )


async def test_a_place_that_is_done_by_the_other_makes_way_for_one_that_is_not(
    world: World,
) -> None:
    guide = await world.guide(4)
    ann = await known(world)
    await walk(ann, guide, 2)
    visitor = await in_session(world)
    await walk(visitor, guide, 1)
    await log_in(visitor)
    seen = await ann.look()
    assert (step_ids(seen), seen.completed_steps) == ([guide.steps[2]], 2)
    assert step_ids(await ann.complete(guide.steps[2])) == [guide.steps[3]]


async def test_the_earliest_start_and_the_latest_activity_count(world: World) -> None:
    guide = await world.guide(4)
    ann = await known(world)
    await walk(ann, guide, 1)
    first = await the_row(world, "SELECT * FROM progress")
    visitor = await in_session(world)
    await walk(visitor, guide, 2)
    second = await the_row(
        world, "SELECT * FROM progress WHERE end_user_id = $1", visitor.scope.end_user_id
    )
    await log_in(visitor)
    merged = await the_row(world, "SELECT * FROM progress")
    assert (merged["started_at"], merged["last_activity_at"]) == (
        first["started_at"],
        second["last_activity_at"],
    )


@pytest.mark.parametrize("who", ["person", "visitor"])
async def test_a_finished_run_wins(world: World, who: str) -> None:
    guide = await world.guide(3)
    ann, visitor = await known(world), await in_session(world)
    await walk(ann, guide, 3 if who == "person" else 1)
    await walk(visitor, guide, 3 if who == "visitor" else 1)
    finished = await world.owner.fetchval("SELECT max(first_completed_at) FROM progress")
    await log_in(visitor)
    seen = await ann.look()
    assert (seen.step, seen.percent, seen.completed_steps) == (None, 100, 3)
    row = await the_row(world, "SELECT * FROM progress")
    assert row["first_completed_at"] == finished
    assert await completions(world, ann) == [(1, step_id) for step_id in guide.steps]


async def test_two_halves_make_a_whole(world: World) -> None:
    guide = await world.guide(4)
    ann = await known(world)
    await walk(ann, guide, 2)
    await steps.reorder(author(world), guide.id, step_ids=guide.steps[::-1])
    visitor = await in_session(world)
    await walk(visitor, Guide(guide.id, guide.title, guide.steps[::-1]), 2)
    await log_in(visitor)
    report = await ann.status(guide.id)
    assert report is not None
    assert (report.status, report.percent) == ("completed", 100)
    assert (await ann.look()).step is None


async def test_a_removed_step_that_was_presented_to_either_is_still_answered(
    world: World,
) -> None:
    guide = await world.guide(6)
    ann, visitor = await known(world), await in_session(world)
    await walk(ann, guide, 1)
    await walk(visitor, guide, 2)
    await steps.delete(author(world), guide.steps[1])
    await steps.delete(author(world), guide.steps[2])
    await log_in(visitor)
    seen = [await ann.complete(guide.steps[1]), await ann.complete(guide.steps[2])]
    assert step_ids(*seen) == [guide.steps[3]] * 2


async def test_what_was_done_twice_is_one_completion_the_earlier(world: World) -> None:
    guide = await world.guide(3)
    ann, visitor = await known(world), await in_session(world)
    await walk(visitor, guide, 1)
    earlier = await world.owner.fetchval("SELECT completed_at FROM completion")
    await walk(ann, guide, 2)
    await log_in(visitor)
    assert await completions(world, ann) == [(1, step_id) for step_id in guide.steps[:2]]
    assert await world.owner.fetchval("SELECT min(completed_at) FROM completion") == earlier


async def test_earlier_runs_of_both_are_kept_apart(world: World) -> None:
    guide = await world.guide(3)
    ann, visitor = await known(world), await in_session(world)
    first, second, third = guide.steps
    await walk(ann, guide, 1)
    await ann.start(guide.id, restart=True)
    await ann.complete(first)
    await walk(visitor, guide, 2)
    await visitor.start(guide.id, restart=True)
    await visitor.complete(first)
    await visitor.complete(second)
    await visitor.complete(third)
    await log_in(visitor)
    assert await completions(world, ann) == [
        (1, first),
        (2, first), (2, second),
        (3, first), (3, second), (3, third),
    ]  # fmt: skip
    assert await world.owner.fetchval("SELECT run FROM progress") == 3


@pytest.mark.parametrize("who", ["person", "visitor"])
async def test_a_reset_leaves_what_the_other_has(world: World, who: str) -> None:
    guide = await world.guide(3)
    ann, visitor = await known(world), await in_session(world)
    for one in (ann, visitor):
        await walk(one, guide, 2)
    await (ann if who == "person" else visitor).reset(guide.id)
    await log_in(visitor)
    seen = await ann.look()
    assert (step_ids(seen), seen.completed_steps) == ([guide.steps[2]], 2)
    done = guide.steps[:2]
    assert await completions(world, ann) == [(run, step_id) for run in (1, 2) for step_id in done]
    assert await world.owner.fetchval("SELECT run FROM progress") == 2


async def test_several_walkthroughs_are_merged_each_by_itself(world: World) -> None:
    guides = [await world.guide(3, title=f"Guide {number}") for number in range(4)]
    ann, visitor = await known(world), await in_session(world)
    for number, guide in enumerate(guides[:3]):
        await walk(ann, guide, number)
    for number, guide in enumerate(guides[1:]):
        await walk(visitor, guide, number)
    await log_in(visitor)
    counts = {one.title: one.completed_steps for one in await ann.offered()}
    assert counts == {"Guide 0": 0, "Guide 1": 1, "Guide 2": 2, "Guide 3": 2}
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 4


async def test_tickets_calls_and_sessions_follow(world: World) -> None:
    guide = await world.guide(3)
    visitor = await in_session(world)
    await walk(visitor, guide, 1)
    draft = TicketDraft(title="Help", problem="It fails.", context=None, email="a@example.com")
    async with database.connection(visitor.scope):
        await tickets.open_ticket(visitor.scope, call("get_support"), draft)
    person_id = await log_in(visitor)
    for table in ("ticket", "tool_call", "session", *TABLES):
        rows = await world.owner.fetch(f"SELECT DISTINCT end_user_id FROM {table}")
        assert [row["end_user_id"] for row in rows] == [person_id], table
    async with database.connection(visitor.scope):
        ann = await again(visitor, world)
        repeat = await tickets.open_ticket(ann.scope, call("get_support"), draft)
    assert repeat.is_repeat
    verified = await world.owner.fetchval("SELECT email FROM end_user WHERE id = $1", person_id)
    assert verified == "ann@example.com"


# What is not merged


async def test_progress_of_a_tracking_id_is_never_merged(world: World) -> None:
    guide = await world.guide(3)
    tracked = await walker(world, "customer-7")
    await walk(tracked, guide, 2)
    before = await the_row(world, "SELECT * FROM progress")
    person_id = await log_in(tracked)
    assert person_id != tracked.scope.end_user_id
    assert await the_row(world, "SELECT * FROM progress") == before


async def test_another_person_is_never_merged(world: World) -> None:
    guide = await world.guide(3)
    bob = await known(world, Person(issuer=ANN.issuer, subject="bob"))
    await walk(bob, guide, 2)
    person_id = await log_in(bob)
    assert person_id != bob.scope.end_user_id
    rows = await world.owner.fetch("SELECT end_user_id FROM progress")
    assert [row["end_user_id"] for row in rows] == [bob.scope.end_user_id]
    assert (await again(bob, world)).scope.end_user_id == bob.scope.end_user_id


async def test_a_second_login_merges_nothing_more(world: World) -> None:
    guide = await world.guide(3)
    visitor = await in_session(world)
    await walk(visitor, guide, 2)
    ids = [await log_in(visitor)]
    before = [await world.owner.fetch(f"SELECT * FROM {table}") for table in TABLES]
    ids += [await log_in(visitor), await log_in(await again(visitor, world))]
    assert len(set(ids)) == 1
    after = [await world.owner.fetch(f"SELECT * FROM {table}") for table in TABLES]
    assert after == before


# At once


async def test_two_logins_at_once_merge_once(world: World) -> None:
    guide = await world.guide(4)
    for attempt in range(10):
        person = Person(issuer=ANN.issuer, subject=f"ann-{attempt}")
        visitor = await in_session(world)
        await walk(visitor, guide, 2)
        ids = await asyncio.gather(*(log_in(visitor, person) for _ in range(8)))
        assert len(set(ids)) == 1
        ann = await again(visitor, world)
        assert step_ids(await ann.look()) == [guide.steps[2]]
        assert len(await completions(world, ann)) == 2


async def test_several_devices_logging_in_at_once_unite_what_they_did(world: World) -> None:
    guides = [await world.guide(4, title=f"Guide {number}") for number in range(3)]
    visitors = [await in_session(world) for _ in range(8)]
    for number, visitor in enumerate(visitors):
        for guide in guides if number % 2 else guides[::-1]:
            await walk(visitor, guide, number % 4)
    ids = await asyncio.gather(*(log_in(visitor) for visitor in visitors))
    assert len(set(ids)) == 1
    ann = await again(visitors[0], world)
    assert [one.completed_steps for one in await ann.offered()] == [3, 3, 3]
    assert len(await completions(world, ann)) == 9


async def raced_with_login(
    world: World, visitor: Walker, act: Callable[[], Awaitable[object]]
) -> object:
    """What a call is told that waited for the login of the same session."""
    is_merged = asyncio.Event()

    async def hold() -> None:
        async with held_back(world):
            await log_in(visitor)
            is_merged.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold())
        await is_merged.wait()
        return await act()


async def test_a_completion_that_waited_for_the_login_loses_nothing(world: World) -> None:
    guide = await world.guide(3)
    visitor = await in_session(world)
    await walk(visitor, guide, 1)
    with pytest.raises(ExceptionGroup) as failed:
        await raced_with_login(world, visitor, lambda: visitor.complete(guide.steps[1]))
    assert failed.group_contains(NothingActive)
    ann = await again(visitor, world)
    assert step_ids(await ann.complete(guide.steps[1])) == [guide.steps[2]]


async def test_a_login_that_waited_for_a_completion_has_it(world: World) -> None:
    guide = await world.guide(3)
    ann, visitor = await known(world), await in_session(world)
    await walk(ann, guide, 0)
    await walk(visitor, guide, 1)
    is_done = asyncio.Event()

    async def hold() -> None:
        async with held_back(world):
            await progress.advance(visitor.scope, call(), step_id=guide.steps[1])
            is_done.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold())
        await is_done.wait()
        await log_in(visitor)
    seen = await ann.look()
    assert (step_ids(seen), seen.completed_steps) == ([guide.steps[2]], 2)
    assert len(await completions(world, ann)) == 2


async def test_logins_racing_completions_and_edits_lose_no_completion(world: World) -> None:
    guide = await world.guide(12)
    for attempt in range(6):
        person = Person(issuer=ANN.issuer, subject=f"ann-{attempt}")
        ann, visitor = await known(world, person), await in_session(world)
        await walk(ann, guide, 1)
        await walk(visitor, guide, 1)
        accepted: set[str] = set()

        async def keep_walking(one: Walker, accepted: set[str]) -> None:
            try:
                shown = await one.look()
                while shown.step is not None:
                    finished = shown.step.id
                    shown = await one.complete(finished)
                    accepted.add(finished)
            except NothingActive:
                return

        async def edit() -> None:
            for _ in range(3):
                written = await steps.insert(author(world), guide.id, details=step(), position=1)
                await steps.delete(author(world), written.step.id)

        await asyncio.gather(
            keep_walking(ann, accepted),
            keep_walking(visitor, accepted),
            log_in(visitor, person),
            edit(),
        )
        report = await ann.status(guide.id)
        assert report is not None
        present = {one.id for one in report.steps}
        assert accepted & present <= {one.id for one in report.steps if one.is_done}
        logged = [step_id for _, step_id in await completions(world, ann)]
        assert len(logged) == len(set(logged))
        assert accepted & present <= set(logged)
