"""A database that fails in the middle of a unit of work: what callers hear, and what is left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from app.core.errors import Unavailable
from app.core.scope import OrganizationScope
from app.models.engine import DB
from app.repositories import database as units
from tests.chaos.test_cancellation import assert_nothing_stays, hold, in_use, rename, worlds
from tests.chaos.wire import WAIT_SECONDS
from tests.support.databases import tenant_role_of
from tests.support.walking import author
from tests.support.world import World

__all__ = ["worlds"]  # a fixture

SLOW_TO_COMMIT = """
CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(20); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON server DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION take_long();
"""


async def terminate(owner: asyncpg.Connection) -> int:
    """End every backend of the pool, as a failing machine would; how many there were."""
    ended: int = await owner.fetchval(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'mcplatform'"
    )
    return ended


async def name_of(owner: asyncpg.Connection, world: World) -> str:
    """The organization's name."""
    name: str = await owner.fetchval(
        "SELECT name FROM organization WHERE id = $1", world.organization_id
    )
    return name


@asynccontextmanager
async def small_pool(database_url: str, **changes: float) -> AsyncIterator[None]:
    """Another pool than the fixture's: its connections are open when a test begins."""
    await DB.stop()
    role = await tenant_role_of(database_url)
    await DB.start(database_url, tenant_role=role, pool_size=2, **changes)  # type: ignore[arg-type]  # each is a float
    yield


async def test_a_transaction_whose_connection_dies_says_that_the_database_is_away(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    async def change_twice() -> None:
        async with units.transaction(author(worlds[0])):
            await rename("changed")
            assert await terminate(owner) > 0
            await rename("changed again")

    with pytest.raises(Unavailable):
        await change_twice()
    assert await name_of(owner, worlds[0]) == "acme-docs-org"
    await assert_nothing_stays(owner, worlds)


async def test_a_failure_of_the_callers_own_comes_out_as_it_is_though_the_connection_died(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    async def change_and_fail() -> None:
        async with units.transaction(author(worlds[0])):
            await rename("changed")
            await terminate(owner)
            await asyncio.sleep(0.05)
            raise KeyError

    with pytest.raises(KeyError):
        await change_and_fail()
    await assert_nothing_stays(owner, worlds)


@pytest.mark.parametrize("pause_seconds", [0, 0.05], ids=["at once", "when it is known"])
async def test_a_commit_that_finds_no_connection_is_told_as_unavailable(
    pause_seconds: float, worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    async def change() -> None:
        async with units.transaction(author(worlds[0])):
            await rename("changed")
            await terminate(owner)
            await asyncio.sleep(pause_seconds)

    with pytest.raises(Unavailable):
        await change()
    assert await name_of(owner, worlds[0]) == "acme-docs-org"
    await assert_nothing_stays(owner, worlds)


async def test_a_savepoint_whose_connection_dies_is_told_as_unavailable(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    async def change_within_a_change() -> None:
        async with units.transaction(author(worlds[0])):
            await rename("changed")
            async with units.transaction(author(worlds[0])):
                await terminate(owner)
                await rename("changed again")

    with pytest.raises(Unavailable):
        await change_within_a_change()
    await assert_nothing_stays(owner, worlds)


async def test_a_commit_that_is_killed_half_way_is_told_as_unavailable_and_undone(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    await owner.execute(SLOW_TO_COMMIT)

    async def kill_when_it_commits() -> None:
        while not await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT;' AND state = 'active'"
            " AND datname = current_database()"
        ):
            await asyncio.sleep(0.005)
        await terminate(owner)

    async with asyncio.timeout(WAIT_SECONDS), asyncio.TaskGroup() as group:
        group.create_task(kill_when_it_commits())
        with pytest.raises(Unavailable):
            async with units.transaction(author(worlds[0])):
                await rename("changed")
    assert await name_of(owner, worlds[0]) == "acme-docs-org"
    await assert_nothing_stays(owner, worlds)


async def test_a_statement_that_takes_too_long_is_ended_and_the_unit_goes_on(
    worlds: tuple[World, World], database_url: str
) -> None:
    async with small_pool(database_url, statement_timeout_seconds=0.2):
        async with units.connection(author(worlds[0])):
            with pytest.raises(Unavailable):
                await units.fetch("SELECT pg_sleep(3600)")
            assert len(await units.fetch("SELECT id FROM organization")) == 1
        assert in_use() == 0


async def test_a_pool_that_is_used_up_is_told_as_unavailable_in_time(
    worlds: tuple[World, World], database_url: str
) -> None:
    scope: OrganizationScope = author(worlds[0])
    let_go = asyncio.Event()
    async with small_pool(database_url, acquire_timeout_seconds=0.3):
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(hold(scope, let_go))
            while in_use() < 2:
                await asyncio.sleep(0.001)
            with pytest.raises(Unavailable):
                async with units.connection(scope):
                    pass
            assert in_use() == 2
            let_go.set()
        async with units.connection(scope):
            assert len(await units.fetch("SELECT id FROM organization")) == 1
        assert in_use() == 0


async def test_the_pool_serves_on_after_every_connection_of_it_died(
    worlds: tuple[World, World], owner: asyncpg.Connection
) -> None:
    for pause_seconds in (0, 0.001, 0.02):
        await assert_nothing_stays(owner, worlds)
        await terminate(owner)
        await asyncio.sleep(pause_seconds)
        for _ in range(4):
            try:
                async with units.connection(author(worlds[0])):
                    await units.fetch("SELECT 1")
            except Unavailable:
                continue
        async with units.connection(author(worlds[0])):
            assert len(await units.fetch("SELECT id FROM organization")) == 1
    await assert_nothing_stays(owner, worlds)
