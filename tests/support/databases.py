"""Databases for tests: one migrated template a run, one clone of it a test."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.core.embedded_postgres import embedded_postgres
from app.core.ids import new_id
from app.repositories.migrations import migrate, tenant_role

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A DSN of the cluster to test on: DATABASE_URL's where it is set, else an embedded one."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
    else:
        with own_cluster(folder) as dsn:
            yield dsn


@contextmanager
def own_cluster(folder: Path) -> Iterator[str]:
    """A DSN of an embedded cluster, as its superuser."""
    with embedded_postgres(folder, settings=FAST) as dsn:
        yield dsn


async def is_superusers(dsn: str) -> bool:
    """Whether its user is a superuser."""
    connection = await asyncpg.connect(dsn)
    try:
        sql = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        return bool(await connection.fetchval(sql))
    finally:
        await connection.close()


def with_database(dsn: str, name: str) -> str:
    """The same cluster, another database."""
    parts = urlsplit(dsn)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


@asynccontextmanager
async def empty_database(cluster_dsn: str) -> AsyncIterator[str]:
    """A fresh database without tables, dropped afterwards."""
    async with _created(cluster_dsn, "template0") as dsn:
        yield dsn


@asynccontextmanager
async def template_database(cluster_dsn: str) -> AsyncIterator[str]:
    """The name of a migrated database to clone."""
    async with _created(cluster_dsn, "template0") as dsn:
        await migrate(dsn)
        yield urlsplit(dsn).path[1:]


@asynccontextmanager
async def cloned_database(cluster_dsn: str, template: str) -> AsyncIterator[str]:
    """A DSN of a clone of `template`, dropped afterwards."""
    async with _created(cluster_dsn, template) as dsn:
        yield dsn


@asynccontextmanager
async def _created(cluster_dsn: str, template: str) -> AsyncIterator[str]:
    name = new_id("test")
    connection = await asyncpg.connect(cluster_dsn)
    try:
        await connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LOCALE 'C.UTF-8'"
            if template == "template0"
            else f"CREATE DATABASE {name} TEMPLATE {template}"
        )
        try:
            await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
            yield with_database(cluster_dsn, name)
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def tenant_role_of(dsn: str) -> str:
    """The role that the pool works as on this database."""
    connection = await asyncpg.connect(dsn)
    try:
        return tenant_role(await connection.fetchval("SELECT current_user"))
    finally:
        await connection.close()
