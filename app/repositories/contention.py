"""Statements that meet those of others on the same rows."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from app.core.errors import Unavailable
from app.repositories import database

_ATTEMPTS = 8

T = TypeVar("T")


async def insist(work: Callable[[], Awaitable[T]]) -> T:
    """What `work` returns: one statement, or several in a savepoint; tried again where others won.

    A foreign key breaks when someone removed what the statement had just found; a deadlock is two
    that waited for each other. Raises Unavailable when others win again and again.
    """
    for _ in range(_ATTEMPTS):
        try:
            return await work()
        except (asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError):
            continue
    message = "This is being changed by someone else just now. Try again in a moment."
    raise Unavailable(message)


async def insist_on(*statements: tuple[str, tuple[object, ...]]) -> None:
    """Run these statements, all or none, within the transaction that is open."""

    async def run() -> None:
        async with database.savepoint():
            for sql, arguments in statements:
                await database.fetch(sql, *arguments)

    await insist(run)
