"""Room for so many at once is shared, and nobody gets all of it."""

import asyncio
from collections.abc import Awaitable, Callable

from app.core.shares import Shares


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Visitors:
    """They come in when there is room, and stay until the test ends."""

    def __init__(self, shares: Shares, group: asyncio.TaskGroup) -> None:
        self.inside: list[str] = []
        self.may_go = asyncio.Event()
        self._shares = shares
        self._group = group

    def come(self, name: str) -> asyncio.Task[None]:
        """One more visitor of this name."""
        return self._group.create_task(self._visit(name))

    async def _visit(self, name: str) -> None:
        async with self._shares.taken(name):
            self.inside.append(name)
            await self.may_go.wait()


async def _visited(shares: Shares, visits: Callable[[Visitors], Awaitable[None]]) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        visitors = Visitors(shares, group)
        await visits(visitors)
        visitors.may_go.set()


async def test_one_name_has_a_quarter_of_the_room() -> None:
    async def visits(visitors: Visitors) -> None:
        for name in "aaaaabbbbb":
            visitors.come(name)
        await _settled()
        assert visitors.inside == ["a", "a", "b", "b"]

    await _visited(Shares(8), visits)


async def test_all_names_together_have_no_more_than_the_room() -> None:
    async def visits(visitors: Visitors) -> None:
        for name in "abcdefghijkl":
            visitors.come(name)
        await _settled()
        assert "".join(visitors.inside) == "abcdefgh"

    await _visited(Shares(8), visits)


async def test_a_small_room_lets_everybody_in_by_and_by() -> None:
    async def visits(visitors: Visitors) -> None:
        tasks = [visitors.come("a") for _ in range(3)]
        await _settled()
        assert visitors.inside == ["a"]
        visitors.may_go.set()
        await asyncio.gather(*tasks)
        assert visitors.inside == ["a"] * 3

    await _visited(Shares(1), visits)


async def test_who_gives_up_waiting_takes_no_room_along() -> None:
    shares = Shares(4)

    async def visits(visitors: Visitors) -> None:
        for name in "abcd":
            visitors.come(name)
        await _settled()
        waiting = [visitors.come("a"), visitors.come("e")]
        last = visitors.come("e")
        await _settled()
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        visitors.may_go.set()
        await last

    await _visited(shares, visits)

    async def visits_again(visitors: Visitors) -> None:
        for name in "eabc":
            visitors.come(name)
        await _settled()
        assert visitors.inside == ["e", "a", "b", "c"]

    await _visited(shares, visits_again)


async def test_names_are_forgotten() -> None:
    shares = Shares(8)
    for number in range(100):
        async with shares.taken(f"name {number}"):
            pass
    assert len(shares._shares) == 0
