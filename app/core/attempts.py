"""Limits on attempts at a secret. Unlike other limits they hold while Redis is away.

Then each process counts alone (`take`), or the door stays shut (`take_jointly`).
"""

import math
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Final, Protocol

from app.core.errors import TooMany, Unavailable
from app.core.limiter import DAY_SECONDS, MINUTE_SECONDS, Windows, network_of

_KEY_CHARACTERS: Final = 32
_AWAY_SECONDS: Final = 10  # twice as long as Redis is left alone after a failure


class SharedLimiter(Protocol):
    """What all processes count in together; it lets everything pass while Redis is away."""

    async def hit(self, key: str, limit: int, *, seconds: int) -> int:
        """0 if the attempt may go ahead, else the seconds to wait."""

    async def hit_if_counted(self, key: str, limit: int, *, seconds: int) -> int | None:
        """The same, but None while Redis is away."""


class Attempts:
    """Counts attempts in this process, and with `shared` in all of them."""

    def __init__(
        self,
        shared: SharedLimiter | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._own = {
            span: Windows(seconds=span, monotonic=monotonic)
            for span in (MINUTE_SECONDS, DAY_SECONDS)
        }

    async def take(
        self, door: str, whose: str, *, per_minute: int, per_day: int | None = None
    ) -> None:
        """Count an attempt at `door` by (or on) `whose`. Raises TooMany.

        Neither this process nor Redis keeps an e-mail address: only its digest is a key.
        """
        for key, limit, seconds in _limits(door, whose, per_minute, per_day):
            wait = self._own[seconds].hit(key, limit)
            if not wait and self._shared is not None:
                wait = await self._shared.hit(key, limit, seconds=seconds)
            _refuse(wait)

    async def take_jointly(
        self, door: str, whose: str, *, per_minute: int, per_day: int | None = None
    ) -> None:
        """As `take`, at a door that opens only where all processes count together.

        Raises TooMany, and Unavailable while a configured Redis is away.
        """
        for key, limit, seconds in _limits(door, whose, per_minute, per_day):
            wait: int | None = self._own[seconds].hit(key, limit)
            if not wait and self._shared is not None:
                wait = await self._shared.hit_if_counted(key, limit, seconds=seconds)
                if wait is None:
                    message = "Logging in is not possible just now. Try again in a minute."
                    raise Unavailable(message, retry_after_seconds=_AWAY_SECONDS)
            _refuse(wait)


def _limits(
    door: str, whose: str, per_minute: int, per_day: int | None
) -> Iterator[tuple[str, int, int]]:
    whose = network_of(whose)  # who has one IPv6 address has all of its network
    key = f"{door}:{sha256(whose.encode(errors='replace')).hexdigest()[:_KEY_CHARACTERS]}"
    yield key, per_minute, MINUTE_SECONDS
    if per_day is not None:
        yield f"{key}:day", per_day, DAY_SECONDS


def _refuse(wait: int | None) -> None:
    if wait:
        message = f"Too many attempts. Try again in {_told(wait)}."
        raise TooMany(message, retry_after_seconds=wait)


def _told(seconds: int) -> str:
    if seconds <= 2 * MINUTE_SECONDS:
        return f"{seconds} seconds"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minutes" if minutes <= 120 else f"{math.ceil(minutes / 60)} hours"
