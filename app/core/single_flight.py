"""Work that several want done at the same moment, and that is done once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SingleFlight(Generic[Key, Result]):
    """Joins those who ask for the same key while an answer is under way. Keeps nothing."""

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Future[Result]] = {}

    async def join(self, key: Key, work: Callable[[], Awaitable[Result]]) -> Result:
        """What `work` returns or raises, or what another caller's does that has begun already.

        If the caller whose work it was is cancelled, another one of them begins anew.
        """
        while (other := self._under_way.get(key)) is not None:
            try:
                return await asyncio.shield(other)
            except asyncio.CancelledError:
                if _is_cancelled_itself() or not other.cancelled():
                    raise
        flight = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            result = await work()
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # it is known, even if nobody else has asked
            raise
        else:
            flight.set_result(result)
            return result
        finally:
            del self._under_way[key]
            flight.cancel()  # does nothing unless this caller was cancelled


def _is_cancelled_itself() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
