"""The Piccolo engine and the configuration that Piccolo looks for (PICCOLO_CONF names this module).

`DB` is the one module global of the product: Piccolo's tables find their engine through it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from piccolo.conf.apps import AppConfig, AppRegistry
from piccolo.engine.postgres import PostgresEngine
from piccolo.querystring import QueryString
from typing_extensions import override

from app.models.outages import DOWN, UNSENDABLE, explain
from app.models.tables import TABLES

os.environ["PICCOLO_CONF"] = __name__  # noqa: TID251 - Piccolo reads it from nowhere else

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy


class _Connection(asyncpg.Connection):  # type: ignore[misc, unused-ignore]  # typed only by stubs
    """asyncpg's connection, but that it is given back as it is: units leave only app.org behind.

    The exception is a statement that was interrupted between its Parse and its Sync: it has opened
    a transaction that only the server knows of, and whose locks last until the next query.
    """

    _is_mid_statement = False

    @override
    async def fetch(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().fetch(*args, **options)
        except BaseException:
            self._is_mid_statement = True
            raise

    @override
    def get_reset_query(self) -> str:
        was_mid_statement, self._is_mid_statement = self._is_mid_statement, False
        return "SELECT" if was_mid_statement else ""


class Unit:
    """One borrowed connection, bound to one organization and to the task that borrowed it.

    `app.org`, which row-level security reads, outlives a connection's return to the pool, so the
    first statement of every unit overwrites it: '' where there is no scope, and then no row shows.
    """

    def __init__(self, connection: Connection, organization_id: str) -> None:
        self.connection = connection
        self.organization_id = organization_id
        self._task = asyncio.current_task()
        self._is_bound = False
        self._put_off: list[Callable[[], None]] = []

    async def bind(self) -> None:
        """Point row-level security at this unit's organization; one round trip, once."""
        if not self._is_bound:
            await self.fetch_bound("SELECT set_config('app.org', $1, false)", self.organization_id)

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """The rows that one statement returns."""
        await self.bind()
        return await self._send(sql, args)

    async def fetch_bound(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """As `fetch`, for a statement that sets app.org to this unit's organization itself."""
        rows = await self._send(sql, args)
        self._is_bound = True
        return rows

    def is_lost(self) -> bool:
        """Whether the connection has died."""
        try:
            return bool(self.connection.is_closed())
        except asyncpg.InterfaceError:  # it has, and the pool has noticed
            return True

    def go_on_with(self, connection: Connection) -> None:
        """Work on another connection from now on."""
        self.connection = connection
        self._is_bound = False

    def once_committed(self, act: Callable[[], None]) -> None:
        """Do it once the outermost transaction is committed, else never; now if there is none."""
        if self.connection.is_in_transaction():
            self._put_off.append(act)
        else:
            act()

    async def _send(self, sql: str, args: Sequence[object]) -> list[asyncpg.Record]:
        if asyncio.current_task() is not self._task:
            message = "a unit of work belongs to the task that opened it"
            raise RuntimeError(message)
        try:
            rows: list[asyncpg.Record] = await self.connection.fetch(sql, *args)
        except (*DOWN, *UNSENDABLE) as error:
            explain(error)
        return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Commit on leaving, roll back on an exception; within another one, a savepoint."""
        await self.bind()  # before BEGIN: a rollback would bring back the last borrower's app.org
        transaction = self.connection.transaction()
        put_off_before = len(self._put_off)
        try:
            await transaction.start()
        except DOWN as error:
            explain(error)
        try:
            yield
        except BaseException:
            del self._put_off[put_off_before:]
            try:
                await transaction.rollback()
            except DOWN:
                with suppress(asyncpg.InterfaceError):  # it was lost, and the pool has it back
                    self.connection.terminate()
            raise
        try:
            await transaction.commit()
        except DOWN as error:
            del self._put_off[put_off_before:]
            explain(error)
        if not self.connection.is_in_transaction():
            done, self._put_off = self._put_off, []
            for act in done:
                act()


class Engine(PostgresEngine):
    """Piccolo's engine without its import-time connection and its leaking transactions."""

    def __init__(self) -> None:  # the base class connects; nothing here may
        self.engine_type = "postgres"
        self.config = {}
        self.extensions = ()
        self.extra_nodes = {}
        self.log_queries = False
        self.log_responses = False
        self.min_version_number = 15
        self.query_id = 0
        self.pool = None
        self.acquire_timeout_seconds = 5.0
        self.current_transaction: ContextVar[Unit | None] = ContextVar(  # type: ignore[assignment]  # Piccolo asks only whether there is one
            "unit", default=None
        )

    async def start(
        self,
        dsn: str,
        *,
        tenant_role: str,
        pool_size: int = 10,
        acquire_timeout_seconds: float = 5.0,
        statement_timeout_seconds: float = 10.0,
        statement_cache_size: int = 256,
    ) -> Self:
        """Open the pool; each of its connections works as `tenant_role` and never as the owner.

        Raises Unavailable when the database cannot be reached.
        """

        async def become_tenant(connection: asyncpg.Connection) -> None:
            quoted = tenant_role.replace('"', '""')
            await connection.execute(f'SET ROLE "{quoted}"')

        milliseconds = str(int(statement_timeout_seconds * 1000))
        self.acquire_timeout_seconds = acquire_timeout_seconds
        try:
            self.pool = await asyncpg.create_pool(
                dsn,
                min_size=min(2, pool_size),
                max_size=pool_size,
                init=become_tenant,
                connection_class=_Connection,
                command_timeout=statement_timeout_seconds + 5,
                statement_cache_size=statement_cache_size,
                max_cached_statement_lifetime=0,
                timeout=acquire_timeout_seconds,
                server_settings={
                    "application_name": "mcplatform",
                    "statement_timeout": milliseconds,
                    "idle_in_transaction_session_timeout": milliseconds,
                    "plan_cache_mode": "force_generic_plan",
                    "jit": "off",
                },
            )
        except DOWN as error:
            explain(error)
        return self

    async def stop(self) -> None:
        """Close the pool; what is under way gets a few seconds."""
        pool, self.pool = self.pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(5):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def unit(self, organization_id: str = "") -> AsyncIterator[Unit]:
        """Borrow a connection for the block; inside a unit of the same organization, that one.

        Raises Unavailable when none comes free in time.
        """
        outer = self.current_transaction.get()
        if outer is not None:
            if outer.organization_id != organization_id:
                message = "a unit of work belongs to one organization"
                raise RuntimeError(message)
            yield outer
            return
        unit = Unit(await self._borrow(), organization_id)
        try:
            token = self.current_transaction.set(unit)
            try:
                yield unit
            finally:
                self.current_transaction.reset(token)
        finally:
            await cast("Any", self.pool).release(unit.connection)

    async def renew(self, unit: Unit) -> bool:
        """Give a unit whose connection has died a live one; False where it has not died."""
        if not unit.is_lost():
            return False
        # First give back, then borrow: with two at once, units could starve the pool.
        await cast("Any", self.pool).release(unit.connection)
        unit.go_on_with(await self._borrow())
        return True

    async def _borrow(self) -> Connection:
        if self.pool is None:
            message = "the database pool is not started"
            raise RuntimeError(message)
        try:
            return await self.pool.acquire(timeout=self.acquire_timeout_seconds)
        except (*DOWN, asyncpg.PostgresError) as error:  # whatever refuses a new connection
            explain(error)

    @override
    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:
        """Run what Piccolo composed on the current unit, or alone and without a scope."""
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await self.run_ddl(sql, in_pool, *args)

    @override
    async def run_ddl(self, ddl: str, in_pool: bool = True, *args: object) -> Any:
        """As `run_querystring`, for a plain statement."""
        current = self.current_transaction.get()
        if current is not None:
            return await current.fetch(ddl, *args)
        async with self.unit() as alone:
            return await alone.fetch(ddl, *args)

    async def run_script(self, script: str) -> None:
        """Run several statements without arguments on the current unit; for migrations."""
        current = self.current_transaction.get()
        if current is None:
            message = "scripts run inside a unit of work"
            raise RuntimeError(message)
        await current.connection.execute(script)

    @override
    def transaction(self, allow_nested: bool = True) -> Any:
        """Nothing, inside a unit: Piccolo's migrations ask for one, and ours is open already."""
        if self.current_transaction.get() is None:
            message = "open transactions with app.repositories.database.transaction"
            raise RuntimeError(message)
        return nullcontext()


DB = Engine()

APP_CONFIG = AppConfig(
    app_name="mcplatform",
    migrations_folder_path=str(Path(__file__).parents[2] / "piccolo_migrations"),
    table_classes=TABLES,
)
APP_REGISTRY = AppRegistry(apps=[__name__])
