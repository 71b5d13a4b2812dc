"""Many authors at one walkthrough, and end users in it meanwhile."""

import asyncio
from contextvars import Context
from time import perf_counter

import asyncpg
import msgspec
import pytest

from app.core.errors import Invalid, NotFound
from app.core.scope import EndUserScope, OrganizationScope
from app.domain import assignments, progress, steps, walkthroughs
from app.domain.admission import Credentials, admit, end_user, server_scope
from app.domain.edits import RevisionMismatch
from app.domain.presentation import Presentation
from app.domain.server_directory import ServerDirectory
from app.domain.steps import StepPatch, StepWritten
from app.domain.walkthrough_files import export_walkthrough, import_walkthrough
from app.domain.walkthroughs import Walkthrough
from app.repositories import database as units
from app.repositories.tool_calls import Call
from tests.support.authoring import found, ids, open_server, step, titles, write

AUTHORS = 20
END_USERS = 12


async def offered(*names: str) -> tuple[OrganizationScope, Walkthrough]:
    """A published walkthrough on the server acme-docs."""
    scope = await found()
    server = await open_server(scope)
    walkthrough = await write(scope, *names, is_published=True)
    await assignments.assign(scope, server.id, walkthrough_id=walkthrough.id)
    return scope, walkthrough


async def person(tracking_id: str) -> EndUserScope:
    """An end user of the server acme-docs."""
    config = await ServerDirectory().by_slug("acme-docs")
    assert config is not None
    async with units.connection(server_scope(config)):
        return await end_user(await admit(config, Credentials(tracking_id=tracking_id)))


def call() -> Call:
    return Call(tool="get_next_step", input="{}", started=perf_counter())


AUTHORS = 20


async def test_concurrent_inserts_leave_no_gap(database: str) -> None:
    scope = await found()
    walkthrough = await write(scope, "First")
    written = await asyncio.gather(
        *(
            steps.insert(scope, walkthrough.id, details=step(f"Step {number}"), position=place)
            for number, place in zip(range(AUTHORS), [1, None] * AUTHORS, strict=False)
        )
    )
    assert len(await titles(scope, walkthrough.id)) == AUTHORS + 1
    revisions = sorted(one.walkthrough.revision for one in written)
    assert revisions == list(range(walkthrough.revision + 1, walkthrough.revision + AUTHORS + 1))
    last = await walkthroughs.by_id(scope, walkthrough.id)
    assert last.shape == walkthrough.shape + AUTHORS


async def test_concurrent_moves_leave_no_gap(database: str) -> None:
    scope = await found()
    names = [f"Step {number}" for number in range(AUTHORS)]
    walkthrough = await write(scope, *names)
    step_ids = await ids(scope, walkthrough.id)
    await asyncio.gather(
        *(
            steps.move(scope, step_id, position=AUTHORS - index)
            for index, step_id in enumerate(step_ids)
        )
    )
    assert sorted(await titles(scope, walkthrough.id)) == sorted(names)


async def test_concurrent_deletes_leave_no_gap(database: str) -> None:
    scope = await found()
    walkthrough = await write(scope, *(f"Step {number}" for number in range(AUTHORS * 2)))
    step_ids = await ids(scope, walkthrough.id)
    await asyncio.gather(*(steps.delete(scope, step_id) for step_id in step_ids[::2]))
    assert await ids(scope, walkthrough.id) == step_ids[1::2]
    assert len(await titles(scope, walkthrough.id)) == AUTHORS


async def test_one_step_deleted_by_many_is_deleted_once(database: str) -> None:
    scope = await found()
    walkthrough = await write(scope, "One", "Two")
    one, two = await ids(scope, walkthrough.id)
    results = await asyncio.gather(
        *(steps.delete(scope, one) for _ in range(AUTHORS)), return_exceptions=True
    )
    assert sum(isinstance(result, NotFound) for result in results) == AUTHORS - 1
    assert await ids(scope, walkthrough.id) == [two]
    after = await walkthroughs.by_id(scope, walkthrough.id)
    assert after.revision == walkthrough.revision + 1


async def test_a_storm_of_all_writes_leaves_no_gap(database: str) -> None:
    scope = await found()
    walkthrough = await write(scope, *(f"Step {number}" for number in range(AUTHORS)))
    step_ids = await ids(scope, walkthrough.id)
    results = await asyncio.gather(
        *(steps.insert(scope, walkthrough.id, details=step("New"), position=1) for _ in step_ids),
        *(steps.move(scope, step_id, position=3) for step_id in step_ids),
        *(steps.delete(scope, step_id) for step_id in step_ids[::3]),
        steps.reorder(scope, walkthrough.id, step_ids=step_ids[::-1]),
        return_exceptions=True,
    )
    failures = {type(result) for result in results if isinstance(result, BaseException)}
    assert failures <= {NotFound, Invalid}
    assert len(await titles(scope, walkthrough.id)) == 2 * AUTHORS - len(step_ids[::3])


async def test_of_concurrent_writes_based_on_one_revision_one_succeeds(database: str) -> None:
    scope = await found()
    walkthrough = await write(scope, "One")
    results = await asyncio.gather(
        *(
            steps.insert(
                scope,
                walkthrough.id,
                details=step(f"Step {number}"),
                expected_revision=walkthrough.revision,
            )
            for number in range(AUTHORS)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, StepWritten) for result in results) == 1
    assert sum(isinstance(result, RevisionMismatch) for result in results) == AUTHORS - 1
    assert len(await titles(scope, walkthrough.id)) == 2


async def test_end_users_finish_while_authors_rearrange_everything(database: str) -> None:
    scope, walkthrough = await offered(*(f"Step {number}" for number in range(12)))

    async def walk(tracking_id: str) -> list[int]:
        someone = await person(tracking_id)
        percents: list[int] = []
        async with units.connection(someone):
            place = await progress.start(someone, call(), walkthrough_id=walkthrough.id)
            while place.step is not None and len(percents) < 200:
                await asyncio.sleep(0)
                percents.append(place.percent)
                place = await progress.advance(someone, call(), step_id=place.step.id)
        return [*percents, place.percent]

    async def author(number: int) -> None:
        for turn in range(6):
            step_ids = await ids(scope, walkthrough.id)
            try:
                await steps.move(scope, step_ids[-1], position=1)
                await steps.delete(scope, step_ids[(number + turn) % len(step_ids)])
            except NotFound:  # another author deleted it
                pass
            new = step(f"New {number} {turn}")
            await steps.insert(scope, walkthrough.id, details=new, position=2)
            await steps.edit(scope, step_ids[0], patch=StepPatch(context_for_agent=f"{turn}"))

    walked = await asyncio.gather(
        *(walk(f"user-{number}") for number in range(END_USERS)),
        *(author(number) for number in range(4)),
        return_exceptions=True,
    )
    problems = [one for one in walked if isinstance(one, BaseException)]
    assert {type(problem) for problem in problems} <= {NotFound}, problems
    for percents in walked[:END_USERS]:
        assert isinstance(percents, list)
        assert percents[-1] == 100
        assert all(0 <= percent < 100 for percent in percents[:-1])
    assert await titles(scope, walkthrough.id)


async def test_an_end_user_who_advances_to_a_step_being_deleted_makes_no_deadlock(
    database: str,
) -> None:
    scope, walkthrough = await offered("One", "Two", "Three")
    someone = await person("ann")
    async with units.connection(someone):
        await progress.start(someone, call(), walkthrough_id=walkthrough.id)
    _, two, three = await ids(scope, walkthrough.id)
    exported = await export_walkthrough(scope, walkthrough.id)
    exported["steps"] = exported["steps"][2:]
    owner = await asyncpg.connect(database)
    # The end user has the own progress row; the author goes for the steps; the end user moves on.
    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        advancing = owner.transaction()
        await advancing.start()
        await owner.execute("SELECT FROM progress FOR UPDATE")
        group.create_task(import_walkthrough(scope, msgspec.json.encode(exported)))
        await someone_waits(database)
        await owner.execute("UPDATE progress SET current_step_id = $1", two)
        await advancing.commit()
    assert await owner.fetchval("SELECT current_step_id FROM progress") is None
    await owner.close()
    assert await ids(scope, walkthrough.id) == [three]


async def someone_waits(database_url: str) -> None:
    """Return once a connection to this database waits for a lock."""
    connection = await asyncpg.connect(database_url)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while not await connection.fetchval(waiting):
        await asyncio.sleep(0.01)
    await connection.close()


async def test_deleting_steps_leaves_progress_as_it_was_but_for_the_current_step(
    database: str,
) -> None:
    scope, walkthrough = await offered("One", "Two", "Three")
    someone = await person("ann")
    one, two, three = await ids(scope, walkthrough.id)
    async with units.connection(someone):
        await progress.start(someone, call(), walkthrough_id=walkthrough.id)
        await progress.advance(someone, call(), step_id=one)
    owner = await asyncpg.connect(database)
    (before,) = map(dict, await owner.fetch("SELECT * FROM progress"))
    completions = await owner.fetch("SELECT * FROM completion")
    await steps.delete(scope, one)
    await steps.delete(scope, two)
    (after,) = map(dict, await owner.fetch("SELECT * FROM progress"))
    assert await owner.fetch("SELECT * FROM completion") == completions
    await owner.close()
    assert (before["current_step_id"], after["current_step_id"]) == (two, None)
    assert {**before, "current_step_id": None} == after
    async with units.connection(someone):
        place = await progress.advance(someone, call(), step_id=two)
    assert place.step is not None
    assert place.step.id == three


async def test_authors_at_work_make_no_one_who_starts_wait(database: str) -> None:
    scope, walkthrough = await offered("One", "Two")
    someone = await person("ann")
    async with units.transaction(scope):
        await walkthroughs.held(scope, walkthrough.id)
        # A fresh context, or the end user would be found inside the author's unit of work.
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(begin(someone, walkthrough.id), context=Context())


async def begin(someone: EndUserScope, walkthrough_id: str) -> None:
    async with units.connection(someone):
        await progress.start(someone, call(), walkthrough_id=walkthrough_id)


@pytest.mark.parametrize("is_starting", [False, True])
async def test_a_step_deleted_while_its_end_user_calls_is_followed_by_the_next(
    database: str, *, is_starting: bool
) -> None:
    scope, walkthrough = await offered("One", "Two", "Three")
    someone = await person("ann")
    one, two, _ = await ids(scope, walkthrough.id)
    await begin(someone, walkthrough.id)

    async def go_on() -> Presentation:
        async with units.connection(someone):
            if is_starting:
                return await progress.start(someone, call(), walkthrough_id=walkthrough.id)
            return await progress.advance(someone, call(), step_id=one)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group, units.transaction(scope):
        await steps.delete(scope, one)
        going_on = group.create_task(go_on(), context=Context())
        await someone_waits(database)
    place = going_on.result()
    assert place.step is not None
    assert place.step.id == two
    owner = await asyncpg.connect(database)
    assert await owner.fetchval("SELECT first_completed_at FROM progress") is None
    await owner.close()
