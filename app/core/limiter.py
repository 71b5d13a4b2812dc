"""Rate limits: so many calls a minute for an address, and for an end user of a server.

Both count with a sliding window: calls of this minute, plus the share of the minute before that a
window of 60 seconds still covers. Attempts may be counted by the day in the same way.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

import structlog
from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from app.core.background import in_background
from app.core.metrics import Metrics

MINUTE_SECONDS: Final = 60
DAY_SECONDS: Final = 24 * 60 * 60
KEYS_MAX: Final = 100_000  # of each of two generations: about 30 MB when an attack fills them
REDIS_TIMEOUT_SECONDS: Final = 0.2
REDIS_CONNECTIONS_MAX: Final = 8  # a call holds one for some 100 µs
BREAKER_SECONDS: Final = 5.0
_REDIS_DOWN = (RedisError, OSError, TimeoutError)

log = structlog.get_logger()


class Window(NamedTuple):
    """What was counted: in the window before, in this one, and how much of this one is left."""

    previous: int
    current: int
    seconds_left: float
    seconds: int = MINUTE_SECONDS

    def wait_seconds(self, limit: int) -> int:
        """Whole seconds until one more call fits under `limit`; at least 1."""
        free = limit - 1 - self.current
        if free >= 0:
            wait = self.seconds_left - free * self.seconds / max(self.previous, 1)
        else:
            overlap = self.seconds * (limit - 1) / self.current
            wait = self.seconds_left + self.seconds - overlap
        return max(1, math.ceil(wait))


class Windows:
    """Counts of this process, in bounded memory; no I/O."""

    def __init__(
        self,
        *,
        seconds: int = MINUTE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._began = monotonic()
        self._previous: dict[str, int] = {}
        self._current: dict[str, int] = {}

    def hit(self, key: str, limit: int) -> int:
        """0 if the call fits under `limit`, and counts it; else the seconds to wait."""
        elapsed = self._monotonic() - self._began
        # A table that fills up early ends its window early: whoever sends from so many addresses
        # is not stopped by counting, and must not cost more memory.
        if elapsed >= self._seconds or len(self._current) >= KEYS_MAX:
            elapsed = self._turn(elapsed)
        current = self._current.get(key, 0)
        previous = self._previous.get(key, 0)
        left = self._seconds - elapsed
        if current + int(previous * left / self._seconds) < limit:
            self._current[key] = current + 1
            return 0
        return Window(previous, current, left, self._seconds).wait_seconds(limit)

    def _turn(self, elapsed: float) -> float:
        self._previous = self._current if elapsed < 2 * self._seconds else {}
        self._current = {}
        late = elapsed % self._seconds if elapsed >= self._seconds else 0.0
        self._began += elapsed - late
        return late


class Limiter:
    """The limits of one process, or with a Redis URL of all processes that share it.

    A Redis that fails or hangs costs the calls under way at most 250 ms. Then calls pass unchecked
    until a probe in the background, every 5 seconds, finds it well again.
    """

    def __init__(
        self, *, metrics: Metrics, address_calls_per_minute: int, redis_url: str | None = None
    ) -> None:
        self._metrics = metrics
        self._address_limit = address_calls_per_minute
        self._addresses = Windows()
        self._local = {span: Windows(seconds=span) for span in (MINUTE_SECONDS, DAY_SECONDS)}
        self._redis = _SharedWindows(redis_url) if redis_url else None
        self._places = asyncio.Semaphore(REDIS_CONNECTIONS_MAX)
        self._is_broken = asyncio.Event()

    @property
    def uses_redis(self) -> bool:
        """Whether a Redis was configured."""
        return self._redis is not None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the probe running while the block lasts, and close when it ends."""
        if self._redis is None:
            yield
            return
        if not await self.reach_redis():
            self._break("no answer at start")
        async with aclosing(self), in_background(self._probe()):
            yield

    def hit_address(self, address: str) -> int:
        """0 if the client address may send another request, else the seconds to wait.

        An IPv6 client owns a /64 network, so that is what counts.
        """
        wait = self._addresses.hit(network_of(address), self._address_limit)
        if wait:
            self._metrics.limiter_refused.labels("address").inc()
        return wait

    async def hit(self, key: str, limit: int, *, seconds: int = MINUTE_SECONDS) -> int:
        """0 if one more of `limit` in so many seconds may go ahead, else how long to wait."""
        wait = await self.hit_if_counted(key, limit, seconds=seconds)
        if wait is None:
            self._metrics.limiter_unchecked.inc()
        return wait or 0

    async def hit_if_counted(
        self, key: str, limit: int, *, seconds: int = MINUTE_SECONDS
    ) -> int | None:
        """The same, but None while a configured Redis is away: whoever asks decides."""
        if self._redis is None:
            wait: int | None = self._local[seconds].hit(key, limit)
        else:
            wait = await self._told_by(self._redis, key, limit, seconds)
        if wait:
            self._metrics.limiter_refused.labels("end_user").inc()
        return wait

    async def _told_by(
        self, redis: "_SharedWindows", key: str, limit: int, seconds: int
    ) -> int | None:
        """What Redis says to the call; None while it is away."""
        try:
            # Not the pool's own queue: there a cancellation can get lost, and with it the timeout.
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS), self._places:
                if self._is_broken.is_set():
                    return None
                return await redis.hit(key, limit, seconds)
        except _REDIS_DOWN as error:
            self._break(type(error).__name__)
            return None

    async def aclose(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.close()

    async def reach_redis(self) -> bool:
        """Whether Redis answers now, within 200 ms; false without one."""
        if self._redis is None:
            return False
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._redis.ping()
        except _REDIS_DOWN:
            self._metrics.redis_answers(well=False)
            return False
        self._metrics.redis_answers(well=True)
        return True

    def _break(self, reason: str) -> None:
        if not self._is_broken.is_set():
            self._is_broken.set()
            self._metrics.redis_answers(well=False)
            log.error(
                "redis does not answer: rate limits are off, no one can log in", reason=reason
            )

    async def _probe(self) -> None:
        while True:
            await self._is_broken.wait()
            await asyncio.sleep(BREAKER_SECONDS)
            if await self.reach_redis():
                self._is_broken.clear()
                log.info("redis answers again: rate limits are on, people can log in")


class _SharedWindows:
    """The same counts in Redis, whose clock and script keep several processes in step."""

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            retry=None,
        )
        self._storage = RedisStorage(
            "async+redis://",  # names the kind; where it is, the pool knows
            implementation="redispy",
            key_prefix="mcplatform",
            connection_pool=self._pool,  # type: ignore[arg-type]  # as its docstring says
        )

    async def hit(self, key: str, limit: int, seconds: int) -> int:
        if await self._storage.acquire_sliding_window_entry(key, limit, seconds):
            return 0
        found = await self._storage.get_sliding_window(key, seconds)
        previous, _, current, expires_in = found  # a count is kept for two windows
        left = max(0.0, expires_in - seconds)
        return Window(previous, current, left, seconds).wait_seconds(limit)

    async def ping(self) -> None:
        await self._storage.get("ping")

    async def close(self) -> None:
        await self._pool.aclose()


def network_of(address: str, *, bits: int = 64) -> str:
    """What stands for whoever has the address: it, or the network of an IPv6 client."""
    if ":" not in address:
        return address
    try:
        number = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(number, IPv6Address):
        return address
    if number.ipv4_mapped:
        return str(number.ipv4_mapped)
    return str(int(number) >> (128 - bits))
