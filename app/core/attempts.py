"""Limits on attempts at a secret. Unlike other limits they hold while Redis is away.

Then each process counts alone (`take`), or the door stays shut (`take_jointly`).
"""

from hashlib import sha256
from typing import Final, Protocol

from app.core.errors import TooMany, Unavailable
from app.core.limiter import Windows, network_of

_KEY_CHARACTERS: Final = 32
_AWAY_SECONDS: Final = 10  # twice as long as Redis is left alone after a failure


class SharedLimiter(Protocol):
    """What all processes count in together; it lets everything pass while Redis is away."""

    async def hit(self, key: str, per_minute: int) -> int:
        """0 if the attempt may go ahead, else the seconds to wait."""

    async def hit_if_counted(self, key: str, per_minute: int) -> int | None:
        """The same, but None while Redis is away."""


class Attempts:
    """Counts attempts in this process, and with `shared` in all of them."""

    def __init__(self, shared: SharedLimiter | None = None) -> None:
        self._shared = shared
        self._own = Windows()

    async def take(self, door: str, whose: str, *, per_minute: int) -> None:
        """Count an attempt at `door` by (or on) `whose`. Raises TooMany.

        Neither this process nor Redis keeps an e-mail address: only its digest is a key.
        """
        key = _key(door, whose)
        wait = self._own.hit(key, per_minute)
        if not wait and self._shared is not None:
            wait = await self._shared.hit(key, per_minute)
        _refuse(wait)

    async def take_jointly(self, door: str, whose: str, *, per_minute: int) -> None:
        """As `take`, at a door that opens only where all processes count together.

        Raises TooMany, and Unavailable while a configured Redis is away.
        """
        key = _key(door, whose)
        wait: int | None = self._own.hit(key, per_minute)
        if not wait and self._shared is not None:
            wait = await self._shared.hit_if_counted(key, per_minute)
            if wait is None:
                message = "Logging in is not possible just now. Try again in a minute."
                raise Unavailable(message, retry_after_seconds=_AWAY_SECONDS)
        _refuse(wait)


def _key(door: str, whose: str) -> str:
    whose = network_of(whose)  # who has one IPv6 address has all of its network
    return f"{door}:{sha256(whose.encode(errors='replace')).hexdigest()[:_KEY_CHARACTERS]}"


def _refuse(wait: int | None) -> None:
    if wait:
        message = f"Too many attempts. Try again in {wait} seconds."
        raise TooMany(message, retry_after_seconds=wait)
