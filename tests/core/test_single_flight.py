"""Work that several want at the same moment is done once."""

import asyncio

import pytest

from app.core.single_flight import SingleFlight


class Work:
    """Work that ends when it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self._failure = failure

    async def __call__(self) -> int:
        self.begun += 1
        await self.may_end.wait()
        if self._failure:
            raise self._failure
        return self.begun


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_wait_get_the_one_result() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(flights.join("a", work)) for _ in range(50)]
        await _settled()
        work.may_end.set()
    assert [task.result() for task in tasks] == [1] * 50
    assert await flights.join("a", work) == 2  # nothing is kept


async def test_all_who_wait_get_the_one_failure() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work(ValueError("no"))
    waiting = asyncio.gather(*(flights.join("a", work) for _ in range(5)), return_exceptions=True)
    await _settled()
    work.may_end.set()
    assert [str(result) for result in await waiting] == ["no"] * 5
    assert work.begun == 1


async def test_other_keys_do_not_wait() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    slow, quick = Work(), Work()
    quick.may_end.set()
    async with asyncio.TaskGroup() as group:
        group.create_task(flights.join("a", slow))
        await _settled()
        assert await flights.join("b", quick) == 1
        slow.may_end.set()


async def test_when_the_first_hangs_up_another_begins_anew() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(flights.join("a", work))
        others = [group.create_task(flights.join("a", work)) for _ in range(3)]
        await _settled()
        first.cancel()
        await _settled()
        assert work.begun == 2
        work.may_end.set()
    assert first.cancelled()
    assert [task.result() for task in others] == [2, 2, 2]


async def test_one_who_waits_may_hang_up_without_harm() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(flights.join("a", work))
        second = group.create_task(flights.join("a", work))
        await _settled()
        second.cancel()
        await _settled()
        work.may_end.set()
    assert first.result() == 1
    assert second.cancelled()


async def test_one_who_waits_and_one_who_works_may_hang_up_together() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    async with asyncio.timeout(20):
        tasks = [asyncio.ensure_future(flights.join("a", work)) for _ in range(2)]  # noqa: TID251 - awaited below
        await _settled()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    assert work.begun == 1


async def test_a_limit_on_waiting_holds() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    work = Work()
    async with asyncio.TaskGroup() as group:
        group.create_task(flights.join("a", work))
        await _settled()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await flights.join("a", work)
        work.may_end.set()
