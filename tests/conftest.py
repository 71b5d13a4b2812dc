"""Fixtures that every test may use. DATABASE_URL, when set, is the cluster to make databases in."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

from app.models.engine import DB
from tests.support import databases
from tests.support.world import World, make_world

# Other processes may keep the machine busy: how long an example takes says nothing.
examples.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("suite")


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A DSN of the PostgreSQL cluster that this run uses."""
    with databases.cluster(tmp_path_factory.mktemp("postgres")) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def superusers_cluster(
    cluster_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The same if its user may do everything there; else one of this run's own, where it may."""
    if await databases.is_superusers(cluster_url):
        yield cluster_url
    else:
        with databases.own_cluster(tmp_path_factory.mktemp("superusers")) as dsn:
            yield dsn


@pytest.fixture(scope="session")
async def template(cluster_url: str) -> AsyncIterator[str]:
    """The name of a database that the real migrations made."""
    async with databases.template_database(cluster_url) as name:
        yield name


@pytest.fixture
async def database_url(cluster_url: str, template: str) -> AsyncIterator[str]:
    """A DSN of a migrated database of this test's own."""
    async with databases.cloned_database(cluster_url, template) as dsn:
        yield dsn


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The pool, started on this test's database; after the test no connection may be held."""
    await DB.start(
        database_url,
        tenant_role=await databases.tenant_role_of(database_url),
        pool_size=20,
        acquire_timeout_seconds=30,  # a busy machine is no fault
        statement_timeout_seconds=60,
    )
    try:
        yield database_url
        pool = DB.pool
        assert pool is not None
        assert pool.get_idle_size() == pool.get_size(), "a connection was not given back"
    finally:
        await DB.stop()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the tables, whom row-level security does not bind."""
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def world(owner: asyncpg.Connection, database: str) -> World:
    """An organization with a server, and the pool started."""
    del database
    return await make_world(owner)
