"""Room for so many at once, of which nobody gets all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

_SHARE: Final = 4  # the part of the room that one name may take: a quarter


class Shares:
    """Lets so many in at once, and of those who give the same name a quarter as many.

    Whoever finds no room waits, those of one name behind each other: they keep nobody else out.
    """

    def __init__(self, room: int) -> None:
        self._room = asyncio.Semaphore(room)
        self._share = max(1, room // _SHARE)
        # A share is forgotten when nobody of that name is inside or waits any more.
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def take(self, name: str) -> Callable[[], None]:
        """Wait for room. The caller calls what is returned, once, to give it back."""
        share = self._shares.get(name)
        if share is None:
            share = self._shares[name] = asyncio.Semaphore(self._share)
        await share.acquire()
        try:
            await self._room.acquire()
        except BaseException:
            share.release()
            raise

        def give_back() -> None:
            self._room.release()
            share.release()

        return give_back

    @asynccontextmanager
    async def taken(self, name: str) -> AsyncIterator[None]:
        """Room for as long as the block runs."""
        give_back = await self.take(name)
        try:
            yield
        finally:
            give_back()
