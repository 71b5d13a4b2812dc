"""Which database the settings mean, whether it is ready, and the pool on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.core.embedded_postgres import embedded_postgres
from app.core.settings import Settings
from app.repositories import database, migrations

_SPARE_CONNECTIONS = 20  # for the listeners, for migrations, and for a person with psql


class SchemaOutOfDate(Exception):
    """The database lacks migrations, or the pool's role and grants; the message says what to do."""


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """The DSN of DATABASE_URL or, without one, of the embedded database, which runs meanwhile.

    Raises EmbeddedPostgresError.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    connections = settings.workers * (settings.pool_size + 1) + _SPARE_CONNECTIONS
    with embedded_postgres(
        settings.data_folder,
        pg_bin=settings.pg_bin,
        settings={"max_connections": str(connections)},
    ) as dsn:
        yield dsn


async def bring_up_to_date(settings: Settings, dsn: str) -> None:
    """Migrate the embedded database; of any other, make sure that somebody did.

    Raises SchemaOutOfDate, and Unavailable when the database cannot be reached.
    """
    if settings.database_url is None:
        await migrations.migrate(dsn)
        return
    state = await migrations.state(dsn)
    if state.pending:
        message = (
            f"The database lacks {len(state.pending)} migrations. Run `mcplatform migrate`, "
            "then start again."
        )
        raise SchemaOutOfDate(message)
    if not state.has_tenant:
        message = (
            "The database lacks the role that the pool works as, or its grants, as after a restore."
            " Run `mcplatform migrate`, then start again."
        )
        raise SchemaOutOfDate(message)


@asynccontextmanager
async def pool(settings: Settings, dsn: str) -> AsyncIterator[None]:
    """Hold the process's database pool open. Raises Unavailable."""
    state = await migrations.state(dsn)
    await database.start(
        dsn,
        tenant_role=migrations.tenant_role(state.owner),
        pool_size=settings.pool_size,
        acquire_timeout_seconds=settings.acquire_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        statement_cache_size=settings.statement_cache_size,
    )
    try:
        yield
    finally:
        await database.stop()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[None]:
    """The product without a web server, for commands: an up-to-date database and a pool on it."""
    with database_url(settings) as dsn:
        await bring_up_to_date(settings, dsn)
        async with pool(settings, dsn):
            yield
