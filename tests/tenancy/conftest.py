"""Fixtures of the tests that keep tenants apart."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.models.engine import DB
from tests.support import databases
from tests.support.people import reception
from tests.tenancy.stage import Stage, set_up
from tests.tenancy.tenants import Tenant, settle


@pytest.fixture
async def victim(owner: asyncpg.Connection, database: str) -> Tenant:
    """The organization that nobody else may see."""
    return await settle(owner, "victim-docs", word="Quetzal")


@pytest.fixture
async def stranger(owner: asyncpg.Connection, victim: Tenant) -> Tenant:
    """Another organization, whose people know every id of the victim's."""
    return await settle(owner, "stranger-docs", word="Okapi")


@pytest.fixture(scope="module")
async def theatre(cluster_url: str, template: str) -> AsyncIterator[Stage]:
    """A stage that a module's tests share; `stage` is what they ask for."""
    async with databases.cloned_database(cluster_url, template) as dsn:
        await DB.start(dsn, tenant_role=await databases.tenant_role_of(dsn), pool_size=20)
        owner = await asyncpg.connect(dsn)
        try:
            async with reception() as people:
                yield await set_up(owner, people)
            pool = DB.pool
            assert pool is not None
            assert pool.get_idle_size() == pool.get_size(), "a connection was not given back"
        finally:
            await owner.close()
            await DB.stop()


@pytest.fixture
async def stage(theatre: Stage) -> AsyncIterator[Stage]:
    """Two organizations and everyone who may try something, as they were before the last test."""
    yield theatre
    changed = await theatre.changes()
    if changed:
        await theatre.start.restore(changed)
