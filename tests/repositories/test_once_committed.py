"""What cannot be taken back waits for the commit."""

import asyncpg
import pytest

from app.repositories import database
from tests.support.world import World


async def test_it_waits_for_the_outermost_commit(world: World) -> None:
    done: list[str] = []
    async with database.transaction():
        async with database.transaction():
            database.once_committed(lambda: done.append("inner"))
        database.once_committed(lambda: done.append("outer"))
        assert done == []
    assert done == ["inner", "outer"]


async def test_it_never_happens_when_its_part_is_taken_back(world: World) -> None:
    done: list[str] = []

    async def fail() -> None:
        async with database.savepoint():
            database.once_committed(lambda: done.append("taken back"))
            await database.fetch("SELECT 1 / 0")

    async with database.transaction():
        with pytest.raises(asyncpg.DivisionByZeroError):
            await fail()
        database.once_committed(lambda: done.append("kept"))
    assert done == ["kept"]


async def test_without_a_transaction_it_happens_at_once(world: World) -> None:
    done: list[str] = []
    database.once_committed(lambda: done.append("alone"))
    async with database.connection():
        database.once_committed(lambda: done.append("in a unit"))
        assert done == ["alone", "in a unit"]
