"""Passwords: argon2id, off the event loop and never on more threads than the machine can bear."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Unavailable

THREADS: Final = 2  # each hash holds 64 MiB and some four cores for about 50 ms
WAITING_MAX: Final = 50  # a queue that takes longer than a second to drain helps nobody
# Nobody knows what it was made from: checking against it takes as long and always fails.
_OF_NOBODY: Final = "a password that no account has"

Result = TypeVar("Result")


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._of_nobody = self._hasher.hash(_OF_NOBODY)
        self._waiting = 0

    async def hashed(self, password: str) -> str:
        """The hash to keep. Raises Unavailable when too many wait for theirs."""
        return await self._off_the_loop(lambda: self._hasher.hash(_canonical(password)))

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Whether this is the password; without a hash never, after the same time.

        Raises Unavailable when too many wait.
        """
        known = password_hash or self._of_nobody
        matches = await self._off_the_loop(lambda: self._matches(password, known))
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _canonical(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _off_the_loop(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= WAITING_MAX:
            message = "Too many people are signing in just now. Try again in a moment."
            raise Unavailable(message, retry_after_seconds=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _canonical(password: str) -> bytes:
    """The same bytes however the keyboard composed the letters (NIST SP 800-63B §3.1.1.2)."""
    return normalize("NFKC", password).encode(errors="replace")
