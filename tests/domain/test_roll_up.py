"""Counts by the hour: every log row is in them once, whenever it was committed."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.background import in_background
from app.core.ids import new_id
from app.domain import analytics_roll_up
from app.domain.admission import founder
from app.repositories import database as units
from app.repositories import end_users, lookups
from piccolo_migrations import mcplatform_2026_11_22t03_11_00_roll_up as roll_up_migration
from tests.support.broken import broken
from tests.support.figures import (
    Done,
    Logged,
    analyst,
    log,
    newcomer,
    rolled_up,
    tail,
    walked,
)
from tests.support.own_loop import own_loop
from tests.support.scale import scaled
from tests.support.walking import walker
from tests.support.world import World, make_world

BEGAN = datetime(2026, 10, 5, 9, 59, tzinfo=UTC)

# How many groups of figures are not the same in the log.
DIFFERENCE = """
WITH figure AS (
    SELECT organization_id, grain, start, server_id, tool, outcome, bucket, sum(calls) AS number
    FROM tool_call_figure GROUP BY 1, 2, 3, 4, 5, 6, 7),
entry AS (
    SELECT organization_id, grain, start, server_id, tool, outcome, bucket, count(*) AS number
    FROM tool_call_entry GROUP BY 1, 2, 3, 4, 5, 6, 7),
run AS (
    SELECT organization_id, walkthrough_id, grain, start, server_id, step_id, measure, bucket,
        sum(runs) AS number
    FROM run_figure GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),
run_logged AS (
    SELECT organization_id, walkthrough_id, grain, start, server_id, step_id, measure, bucket,
        count(*) AS number
    FROM run_entry GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),
seen AS (SELECT DISTINCT organization_id, grain, start, server_id, end_user FROM end_user_figure),
seen_logged AS (
    SELECT DISTINCT organization_id, grain, start, server_id, end_user FROM tool_call_entry
    WHERE end_user IS NOT NULL)
SELECT (SELECT count(*) FROM ((TABLE figure EXCEPT TABLE entry)
        UNION ALL (TABLE entry EXCEPT TABLE figure)) AS d)
    + (SELECT count(*) FROM ((TABLE run EXCEPT TABLE run_logged)
        UNION ALL (TABLE run_logged EXCEPT TABLE run)) AS d)
    + (SELECT count(*) FROM ((TABLE seen EXCEPT TABLE seen_logged)
        UNION ALL (TABLE seen_logged EXCEPT TABLE seen)) AS d)
"""


async def agrees(owner: asyncpg.Connection) -> bool:
    """Whether the figures and the log say the same."""
    return bool(await owner.fetchval(DIFFERENCE) == 0)


async def calls(owner: asyncpg.Connection) -> int:
    """How many calls the figures tell of."""
    sql = "SELECT coalesce(sum(calls), 0) FROM tool_call_figure WHERE grain = 'hour'"
    return int(await owner.fetchval(sql))


def some(number: int, *, at: datetime = BEGAN) -> list[Logged]:
    """Calls a minute apart."""
    return [Logged(at + timedelta(minutes=minute)) for minute in range(number)]


async def test_calls_are_counted_before_and_after_they_are_rolled_up(world: World) -> None:
    await log(world.owner, world, *some(5))
    assert await calls(world.owner) == 5
    await rolled_up(world.owner)
    await log(world.owner, world, *some(2))
    assert await world.rows("SELECT grain, start, calls FROM counted_call ORDER BY 1, 2") == [
        ("day", datetime(2026, 10, 5, tzinfo=UTC), 5),
        ("hour", datetime(2026, 10, 5, 9, tzinfo=UTC), 1),
        ("hour", datetime(2026, 10, 5, 10, tzinfo=UTC), 4),
    ]
    assert await calls(world.owner) == 7
    await rolled_up(world.owner)
    assert await calls(world.owner) == 7
    assert await agrees(world.owner)


async def test_a_call_that_is_committed_after_a_later_one_was_rolled_up_is_counted_once(
    world: World, database_url: str
) -> None:
    late = await asyncpg.connect(database_url)
    try:
        async with late.transaction():
            await log(late, world, *some(1))
            await log(world.owner, world, *some(3))
            await analytics_roll_up.roll_up()
            assert await calls(world.owner) == 3
        assert await calls(world.owner) == 4
        await rolled_up(world.owner)
        assert await calls(world.owner) == 4
        assert await agrees(world.owner)
    finally:
        await late.close()


async def test_a_roll_up_that_is_cut_off_leaves_everything_to_the_next(world: World) -> None:
    await log(world.owner, world, *some(30))
    transaction = world.owner.transaction()
    await transaction.start()
    await world.owner.execute("SELECT roll_up(1000)")
    await transaction.rollback()
    assert await world.rows("SELECT count(*) FROM counted_call") == [(0,)]
    await rolled_up(world.owner)
    assert await calls(world.owner) == 30


async def test_one_at_a_time_rolls_up_and_the_others_do_not_wait(
    world: World, database_url: str
) -> None:
    await log(world.owner, world, *some(3))
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT FROM roll_up_place FOR UPDATE")
            assert not await lookups.roll_up(batch=1)
    finally:
        await other.close()
    assert await tail(world.owner) == 3


async def test_many_that_roll_up_while_calls_come_in_count_each_once(world: World) -> None:
    number = scaled(20, 200)

    async def write() -> None:
        async with units.transaction(founder(world.organization_id)):
            for one in some(3):
                await log(units.current().connection, world, one)

    async def roll() -> None:
        for _ in range(5):
            await lookups.roll_up(batch=2)

    await asyncio.gather(*(work() for _ in range(number) for work in (write, roll)))
    await rolled_up(world.owner, batch=5)
    assert await calls(world.owner) == 3 * number
    assert await agrees(world.owner)


async def test_batches_are_bounded_but_for_one_transaction(world: World) -> None:
    await log(world.owner, world, *some(50))
    for one in some(10):
        await log(world.owner, world, one)
    async with asyncio.timeout(20):
        while not await world.rows("SELECT FROM counted_call"):
            await lookups.roll_up(batch=4)
    taken = await world.rows("SELECT sum(calls)::integer FROM counted_call WHERE grain = 'day'")
    assert taken == [(50,)]
    await rolled_up(world.owner, batch=4)
    assert await calls(world.owner) == 60


async def test_what_was_restored_into_a_younger_cluster_is_counted_on(world: World) -> None:
    await log(world.owner, world, *some(5))
    await rolled_up(world.owner)
    await log(world.owner, world, *some(2))
    for table, column in (
        ("tool_call", "log_position"),
        ("completion", "log_position"),
        ("roll_up_place", "rolled_before"),
    ):
        await world.owner.execute(f"UPDATE {table} SET {column} = {column} + 1000000000000")
    assert await calls(world.owner) == 7
    await rolled_up(world.owner)
    await log(world.owner, world, *some(4))
    assert await calls(world.owner) == 11
    await rolled_up(world.owner)
    assert await calls(world.owner) == 11
    assert await agrees(world.owner)


async def test_figures_stay_when_the_log_and_what_it_names_are_gone(world: World) -> None:
    guide = await world.guide(2)
    done = Done(guide.steps[0], BEGAN + timedelta(minutes=1), guide.steps[1])
    await walked(world, guide, done, at=BEGAN)
    await rolled_up(world.owner)
    before = await world.rows("SELECT * FROM run_figure ORDER BY step_id, measure")
    assert len(before) == 8
    await world.owner.execute("DELETE FROM end_user")
    await world.owner.execute("DELETE FROM server")
    assert await world.rows("SELECT * FROM run_figure ORDER BY step_id, measure") == before
    assert await calls(world.owner) == 1


@pytest.mark.parametrize("is_rolled_up", [True, False])
async def test_someone_who_becomes_known_is_one_end_user(world: World, is_rolled_up: bool) -> None:  # noqa: FBT001 - a parameter
    anonymous, person = await newcomer(world), await newcomer(world)
    hours = [BEGAN, BEGAN + timedelta(hours=1)]
    told = [Logged(at, end_user_id=who) for at in hours for who in (anonymous, person)]
    await log(world.owner, world, *told[:3])
    if is_rolled_up:
        await rolled_up(world.owner)
    scope = await analyst(world)
    async with units.transaction(scope):
        await end_users.merge(scope, anonymous, person)
    assert await agrees(world.owner)
    await rolled_up(world.owner)
    assert await world.rows(
        "SELECT start, end_user = hashtextextended($1, 0) FROM end_user_figure"
        " WHERE grain = 'hour' ORDER BY start",
        person,
    ) == [(at.replace(minute=0), True) for at in hours]


async def test_a_tenant_sees_its_own_figures_only(world: World, owner: asyncpg.Connection) -> None:
    other = await make_world(owner, slug="other-docs")
    guide = await world.guide(2)
    await walked(world, guide, at=BEGAN)
    await rolled_up(owner)
    await walked(world, guide, at=BEGAN)
    for view, number in (("tool_call_figure", 4), ("end_user_figure", 4), ("run_figure", 8)):
        for one, expected in ((world, number), (other, 0)):
            async with units.connection(founder(one.organization_id)):
                assert len(await units.fetch(f"SELECT * FROM {view}")) == expected
    async with units.connection(founder(world.organization_id)):
        assert await units.fetch("SELECT * FROM roll_up_place") == []


async def test_counting_begins_at_once_and_goes_on(world: World) -> None:
    async with in_background(analytics_roll_up.keep_counting(pause_seconds=0.01)):
        for _ in range(2):
            await log(world.owner, world, *some(3))
            async with asyncio.timeout(20):
                while await tail(world.owner):
                    await asyncio.sleep(0.01)
    assert await world.rows("SELECT sum(calls)::integer FROM counted_call WHERE grain = 'day'") == [
        (6,)
    ]


async def test_counting_goes_on_after_a_failure_that_nobody_foresaw(world: World) -> None:
    await log(world.owner, world, *some(3))
    async with (
        in_background(analytics_roll_up.keep_counting(pause_seconds=0.01)),
        asyncio.timeout(20),
    ):
        async with broken(world.owner, "roll_up_place", "UPDATE"):
            assert await tail(world.owner) == 3
        while await tail(world.owner):
            await asyncio.sleep(0.01)


async def test_completions_of_before_are_given_what_they_did_not_note(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await ann.start(guide.id, restart=True)
    for step_id in guide.steps:
        await ann.complete(step_id)
    noted = (
        "SELECT run, step_id, next_step_id, finished_run, run_started_at FROM completion"
        " ORDER BY run, completed_at"
    )
    before = await world.rows(noted)
    [first_done] = await world.rows("SELECT completed_at FROM completion WHERE run = 1")
    await world.owner.execute(
        "UPDATE completion SET run_started_at = NULL, next_step_id = NULL, finished_run = false"
    )
    await world.owner.execute(roll_up_migration.EARLIER)
    # Of an earlier run nothing else is known than what was done in it, and when.
    first = (1, guide.steps[0], None, False, *first_done)
    assert await world.rows(noted) == [first, *before[1:]]


WRITERS = 3
WRITING = st.tuples(
    st.just("write"), st.integers(0, WRITERS - 1), st.integers(1, 4), st.integers(0, 90)
)
ENDING = st.tuples(st.sampled_from(["commit", "rollback"]), st.integers(0, WRITERS - 1))
ROLLING = st.tuples(st.just("roll up"), st.integers(1, 5))


@pytest.fixture
def database_of_own_loop(database_url: str) -> str:
    """The database, for a loop that the test starts itself."""
    return database_url


@settings(
    max_examples=scaled(25, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(script=st.lists(st.one_of(WRITING, ENDING, ROLLING), min_size=3, max_size=30))
def test_figures_and_log_agree_whatever_is_open_committed_or_rolled_back(
    database_of_own_loop: str, script: list[tuple[str, ...]]
) -> None:
    with own_loop(database_of_own_loop) as loop:
        loop.run(played(database_of_own_loop, script))


async def played(url: str, script: list[tuple[str, ...]]) -> None:
    """Writers that come and go while someone rolls up; figures and log agree after each move."""
    owner = await asyncpg.connect(url)
    writers = [await asyncpg.connect(url) for _ in range(WRITERS)]
    try:
        world = await make_world(owner, slug=new_id("docs").replace("_", "-"))
        open_now: dict[int, asyncpg.transaction.Transaction] = {}
        for name, *rest in script:
            which, *amounts = map(int, rest)
            if name == "roll up":
                await lookups.roll_up(batch=which)
            elif name == "write":
                if which not in open_now:
                    open_now[which] = writers[which].transaction()
                    await open_now[which].start()
                at = BEGAN + timedelta(minutes=amounts[1])
                await log(writers[which], world, *some(amounts[0], at=at))
            elif which in open_now:
                transaction = open_now.pop(which)
                await (transaction.commit() if name == "commit" else transaction.rollback())
            assert await agrees(owner)
        for transaction in open_now.values():
            await transaction.commit()
        await rolled_up(owner, batch=3)
        assert await agrees(owner)
    finally:
        for connection in (owner, *writers):
            await connection.close()
