"""Limits on attempts at a secret. Unlike other limits they hold while Redis is away."""

from hashlib import sha256
from typing import Final, Protocol

from app.core.errors import TooMany
from app.core.limiter import Windows

_KEY_CHARACTERS: Final = 32


class SharedLimiter(Protocol):
    """What all processes count in together; it lets everything pass while Redis is away."""

    async def hit(self, key: str, per_minute: int) -> int:
        """0 if the attempt may go ahead, else the seconds to wait."""


class Attempts:
    """Counts attempts in this process, and with `shared` in all of them."""

    def __init__(self, shared: SharedLimiter | None = None) -> None:
        self._shared = shared
        self._own = Windows()

    async def take(self, door: str, whose: str, *, per_minute: int) -> None:
        """Count an attempt at `door` by (or on) `whose`. Raises TooMany.

        Neither this process nor Redis keeps an e-mail address: only its digest is a key.
        """
        key = f"{door}:{sha256(whose.encode(errors='replace')).hexdigest()[:_KEY_CHARACTERS]}"
        wait = self._own.hit(key, per_minute)
        if not wait and self._shared is not None:
            wait = await self._shared.hit(key, per_minute)
        if wait:
            message = f"Too many attempts. Try again in {wait} seconds."
            raise TooMany(message, retry_after_seconds=wait)
