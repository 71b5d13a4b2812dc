"""A task may be cancelled at any await of a unit of work: nothing stays behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import count
from typing import Any

import asyncpg
import pytest

from app.core.scope import OrganizationScope
from app.models.engine import DB
from app.repositories import database as units
from tests.chaos.interruption import Interrupted, Moment
from tests.support.databases import tenant_role_of
from tests.support.walking import author
from tests.support.world import World, make_world

POOL_SIZE = 3
SETTLE_SECONDS = 5
SECOND_BLOWS = (1, 2, 3)  # suspensions after the first one, while the work is cleaning up
Work = Callable[[OrganizationScope], Coroutine[Any, Any, None]]


@pytest.fixture
async def worlds(
    owner: asyncpg.Connection, database_url: str
) -> AsyncIterator[tuple[World, World]]:
    """Two organizations, and a small pool."""
    pair = await make_world(owner), await make_world(owner, slug="other-docs")
    await DB.start(
        database_url, tenant_role=await tenant_role_of(database_url), pool_size=POOL_SIZE
    )
    try:
        yield pair
    finally:
        await DB.stop()


async def rename(name: str) -> None:
    await units.fetch("UPDATE organization SET name = $1", name)
    await units.fetch("UPDATE server SET name = $1", name)


async def in_statements(scope: OrganizationScope) -> None:
    async with units.connection(scope):
        await rename("changed")


async def in_a_transaction(scope: OrganizationScope) -> None:
    async with units.transaction(scope):
        await rename("changed")


async def in_a_nested_transaction(scope: OrganizationScope) -> None:
    async with units.transaction(scope):
        await units.fetch("UPDATE organization SET name = 'changed'")
        async with units.transaction(scope):
            await units.fetch("UPDATE server SET name = 'changed'")


async def in_a_transaction_that_fails(scope: OrganizationScope) -> None:
    async with units.transaction(scope):
        await rename("changed")
        await units.fetch("SELECT 1 / 0")


async def interrupted(work: Work, scope: OrganizationScope, moment: Moment) -> tuple[bool, int]:
    """Whether the work was cancelled, and how often it suspended; in a task of its own."""
    interruption = Interrupted(work(scope), moment)

    async def run() -> bool:
        try:
            await interruption
        except asyncio.CancelledError:
            return True
        except asyncpg.DivisionByZeroError:
            return False
        finally:
            assert DB.current_transaction.get() is None, "the unit of work outlives its block"
        return False

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
    return task.result(), interruption.suspensions


async def moments(work: Work, scope: OrganizationScope) -> AsyncIterator[Moment]:
    """Each moment at which the work was hit, after it was; ends when there is none left."""
    for late in (False, True):
        for second in (0, *SECOND_BLOWS):
            for first in count(1):
                suspensions = (first, first + second) if second else (first,)
                moment = Moment(suspensions, late)
                _, suspended = await interrupted(work, scope, moment)
                yield moment
                if suspended < first:
                    break


async def assert_nothing_stays(owner: asyncpg.Connection, worlds: tuple[World, World]) -> None:
    """Fail where a slot is held, a transaction is open, or an organization shows through."""
    # A release that was under way is shielded, and goes on.
    async with asyncio.timeout(SETTLE_SECONDS):
        while in_use() or await open_transactions(owner):
            await asyncio.sleep(0.001)
    held = asyncio.Barrier(POOL_SIZE)
    async with asyncio.TaskGroup() as group:
        for scope in (None, author(worlds[0]), author(worlds[1])):
            group.create_task(assert_sees_only(scope, held))


async def assert_sees_only(scope: OrganizationScope | None, held: asyncio.Barrier) -> None:
    """Fail if a connection shows another organization; all of the pool's are held meanwhile."""
    seen = [scope.organization_id] if scope else []
    async with units.connection(scope):
        assert [row["id"] for row in await units.fetch("SELECT id FROM organization")] == seen
        row = await units.fetch_row("SELECT current_setting('app.org') AS org")
        assert row is not None
        assert row["org"] == (scope.organization_id if scope else "")
        await held.wait()
    async with units.transaction(scope):
        assert [row["id"] for row in await units.fetch("SELECT id FROM organization")] == seen


def in_use() -> int:
    """How many of the pool's slots are held."""
    pool: Any = DB.pool
    return sum(not holder.is_idle() for holder in pool._holders)


async def open_connections(owner: asyncpg.Connection) -> int:
    """How many connections the pool has, as PostgreSQL sees it."""
    found: int = await owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'mcplatform'"
    )
    return found


async def open_transactions(owner: asyncpg.Connection) -> int:
    """How many of the pool's connections sit in a transaction, or have not ended a statement."""
    found: int = await owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'mcplatform' AND state <> 'idle'"
    )
    return found


@pytest.mark.parametrize(
    "work",
    [in_statements, in_a_transaction, in_a_nested_transaction, in_a_transaction_that_fails],
)
async def test_work_that_is_cancelled_at_any_await_even_twice_leaves_nothing_behind(
    work: Work,
    worlds: tuple[World, World],
    owner: asyncpg.Connection,
    tell: Callable[[str], None],
) -> None:
    world = worlds[0]
    blows = 0
    async for moment in moments(work, author(world)):
        blows += 1
        await assert_nothing_stays(owner, worlds)
        names = await owner.fetch(
            "SELECT name FROM organization WHERE id = $1"
            " UNION ALL SELECT name FROM server WHERE id = $2",
            world.organization_id,
            world.server_id,
        )
        if work is not in_statements:
            assert len({row["name"] == "changed" for row in names}) == 1, moment
        await owner.execute("UPDATE organization SET name = id")
        await owner.execute("UPDATE server SET name = id")
    tell(f"{blows} cancellations {work.__name__.replace('_', ' ')}: nothing left behind")


async def test_a_borrower_that_is_cancelled_while_it_waits_takes_no_slot_with_it(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    scope = author(worlds[0])
    for late in (False, True):
        for first in count(1):
            let_go = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for _ in range(POOL_SIZE):
                    group.create_task(hold(scope, let_go))
                while in_use() < POOL_SIZE:
                    await asyncio.sleep(0)
                waiting = group.create_task(
                    interrupted(in_statements, scope, Moment((first,), late))
                )
                await asyncio.sleep(0)
                let_go.set()
            await assert_nothing_stays(owner, worlds)
            if waiting.result()[1] < first:
                break


async def test_a_borrower_that_is_cancelled_while_its_connection_opens_takes_no_slot_with_it(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    scope = author(worlds[0])
    assert DB.pool is not None
    for late in (False, True):
        for first in count(1):
            await DB.pool.expire_connections()
            _, suspended = await interrupted(in_statements, scope, Moment((first,), late))
            await assert_nothing_stays(owner, worlds)
            if suspended < first:
                break
    async with asyncio.timeout(SETTLE_SECONDS):
        while await open_connections(owner) > POOL_SIZE:
            await asyncio.sleep(0.01)


async def hold(scope: OrganizationScope, let_go: asyncio.Event) -> None:
    """Keep a connection until told to let go."""
    async with units.connection(scope):
        await units.fetch("SELECT 1")
        await let_go.wait()
