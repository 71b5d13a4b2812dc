"""Bringing the schema up to date, and the tenant role that the pool works as."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from dataclasses import dataclass

import asyncpg
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from app.core.errors import Unavailable
from app.models.engine import APP_CONFIG, DB, Unit

_LOCK = 7_203_114_508_221_436_001  # any number, the same in every process of the product
_OLDEST = 150000


def tenant_role(owner: str) -> str:
    """The role that the pool's connections work as, when `owner` is the user of DATABASE_URL.

    Roles belong to the whole cluster; one for each owner keeps installations side by side apart.
    """
    return f"{owner}_tenant"


_ROLE = """
DO $$
DECLARE
    tenant text := current_user || '_tenant';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = tenant) THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', tenant);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this owner's is migrated at the same moment
        END;
    END IF;
    BEGIN  -- a role's creator is not by itself allowed to switch to it
        EXECUTE format('SET LOCAL ROLE %I', tenant);
        RESET ROLE;
    EXCEPTION WHEN insufficient_privilege THEN
        EXECUTE format('GRANT %I TO %I', tenant, current_user);
    END;
END
$$;
"""

_GRANTS = """
DO $$
DECLARE
    tenant text := current_user || '_tenant';
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', tenant);
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', tenant);
    EXECUTE format('REVOKE ALL ON migration FROM %I', tenant);
    EXECUTE format('GRANT SELECT ON migration TO %I', tenant);
    EXECUTE 'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC';
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO %I', tenant);
END
$$;
"""

_NAMES = """
SELECT quote_ident(current_user), quote_ident(current_user || '_tenant'),
    EXISTS (SELECT FROM pg_roles WHERE rolname = current_user || '_tenant')
"""

# Of tables that are an extension's, or somebody's own, the role needs to know nothing.
_MAY_READ = """
SELECT has_schema_privilege('public', 'USAGE') AND NOT EXISTS (
    SELECT FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
        AND NOT has_table_privilege(oid, 'SELECT')
)
"""


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing, one process at a time, all or nothing; return the names applied.

    Raises Unavailable when the database cannot be reached, is older than PostgreSQL 15 or does not
    let its user do it.
    """
    async with _connected(dsn) as connection, connection.transaction():
        return await _migrate_locked(connection)


@dataclass(frozen=True, slots=True)
class State:
    """What a database is: its owner, who connects to it, and the migrations that it lacks.

    `has_tenant` tells whether the pool could work: the tenant role is there and may read the
    tables. A backup brings back neither.
    """

    owner: str
    pending: tuple[str, ...]
    has_tenant: bool


async def state(dsn: str) -> State:
    """The state of the database. Raises Unavailable as `migrate` does."""
    async with _connected(dsn) as connection:
        applied = await _applied(connection)
        owner = await connection.fetchval("SELECT current_user")
        has_tenant = await _has_tenant(connection, tenant_role(owner))
    known = BaseMigrationManager().get_migration_modules(APP_CONFIG.resolved_migrations_folder_path)
    return State(owner, tuple(sorted(known.keys() - applied)), has_tenant)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        message = f"The database cannot be reached: {error}. Check DATABASE_URL."
        raise Unavailable(message) from error
    try:
        if connection.get_server_version() < (_OLDEST // 10000, 0):
            message = "PostgreSQL 15 or newer is needed."
            raise Unavailable(message)
        yield connection
    except asyncpg.InsufficientPrivilegeError as error:
        message = (
            f"The user of DATABASE_URL may not do that: {error}. It has to own the database and "
            "all tables in it."
        )
        raise Unavailable(message) from error
    finally:
        await connection.close()


async def _migrate_locked(connection: asyncpg.Connection) -> list[str]:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    await _make_role(connection)
    token = DB.current_transaction.set(Unit(connection, ""))
    try:
        before = await _applied(connection)
        output = io.StringIO()  # Piccolo prints its progress
        with redirect_stdout(output):
            result = await ForwardsMigrationManager("mcplatform").run()
        if not result.success:
            raise RuntimeError(result.message)
        await connection.execute(_GRANTS)
        return [name for name in await _applied(connection) if name not in before]
    finally:
        DB.current_transaction.reset(token)


async def _make_role(connection: asyncpg.Connection) -> None:
    owner, tenant, is_there = await connection.fetchrow(_NAMES)
    try:
        await connection.execute(_ROLE)
    except asyncpg.InsufficientPrivilegeError as error:
        if is_there:
            message = (
                f"The user of DATABASE_URL may not work as the role {tenant}, which is there. Have "
                f"a superuser run `GRANT {tenant} TO {owner}`, then run `mcplatform migrate`."
            )
        else:
            message = (
                "The user of DATABASE_URL may not create the role that the pool works as. Have a "
                f"superuser run `ALTER ROLE {owner} CREATEROLE`, run `mcplatform migrate`, then "
                f"have `ALTER ROLE {owner} NOCREATEROLE` run."
            )
        raise Unavailable(message) from error


async def _has_tenant(connection: asyncpg.Connection, tenant: str) -> bool:
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('role', $1, true)", tenant)
            return bool(await connection.fetchval(_MAY_READ))
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError):
        return False  # there is no such role, or it is not for us


async def _applied(connection: asyncpg.Connection) -> list[str]:
    if await connection.fetchval("SELECT to_regclass('migration')") is None:
        return []
    return [
        row["name"] for row in await connection.fetch("SELECT name FROM migration ORDER BY name")
    ]
