"""The way to a connection: one unit of work per request, one transaction per domain function."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from app.core.scope import Scope
from app.models.engine import DB, Unit

Row = asyncpg.Record

start = DB.start
stop = DB.stop


def connections() -> tuple[int, int]:
    """How many of the pool's connections are idle and how many are in use."""
    if DB.pool is None:
        return 0, 0
    idle = DB.pool.get_idle_size()
    return idle, DB.pool.get_size() - idle


@asynccontextmanager
async def connection(scope: Scope | None = None) -> AsyncIterator[None]:
    """Borrow one connection for the block, seeing the rows of `scope` only (without one: none)."""
    async with DB.unit(scope.owner_id if scope else ""):
        yield


@asynccontextmanager
async def transaction(scope: Scope | None = None) -> AsyncIterator[Unit]:
    """Borrow a connection and run the block in a transaction; within another one, a savepoint."""
    async with DB.unit(scope.owner_id if scope else "") as unit, unit.transaction():
        yield unit


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """Run the block in the transaction that is open, so that it can be taken back by itself."""
    async with current().transaction():
        yield


def current() -> Unit:
    """The unit of work that this task is in."""
    unit = DB.current_transaction.get()
    if unit is None:
        message = "no unit of work is open: use connection(scope) or transaction(scope)"
        raise RuntimeError(message)
    return unit


async def renew() -> bool:
    """Replace the current unit's connection if it has died; whether it had.

    Raises Unavailable when no other comes free in time.
    """
    return await DB.renew(current())


def once_committed(act: Callable[[], None]) -> None:
    """Do what cannot be taken back once what this task writes is committed; never if it is not."""
    unit = DB.current_transaction.get()
    if unit is None:
        act()
    else:
        unit.once_committed(act)


def is_in_transaction() -> bool:
    """Whether what this task writes now stands or falls with something else."""
    return bool(current().connection.is_in_transaction())


async def fetch(sql: str, *args: object) -> Sequence[asyncpg.Record]:
    """Rows from the current unit of work."""
    return await current().fetch(sql, *args)


async def fetch_row(sql: str, *args: object) -> asyncpg.Record | None:
    """The first row from the current unit of work."""
    rows = await current().fetch(sql, *args)
    return rows[0] if rows else None
