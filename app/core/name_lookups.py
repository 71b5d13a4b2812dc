"""Addresses of names that strangers choose, from nameservers that may never answer."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.core.fetch_target import domain_of
from app.core.shares import Shares
from app.core.single_flight import SingleFlight

THREADS_MAX: Final = 20
FAILURE_KEPT_SECONDS: Final = 10.0
LATE_SECONDS: Final = 5.0  # nobody who fetches waits longer
_FAILURES_MAX: Final = 1000

Addresses = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Failure:
    error: OSError
    until: float


class NameLookups:
    """Asks the system, in threads of its own.

    Nothing can call a thread back from a silent nameserver: it counts until the system gives up,
    even if all who asked have left long ago. So a name has one thread at a time, whose answer is
    for all who ask meanwhile; the names of one domain have a quarter of the threads at most; and a
    name that was not found, or too late, is not looked up again for some seconds. Addresses are
    not kept.
    """

    def __init__(
        self, threads: int = THREADS_MAX, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="lookup")
        self._monotonic = monotonic
        self._shares = Shares(threads)
        self._starts: SingleFlight[str, asyncio.Future[Addresses]] = SingleFlight()
        self._under_way: dict[str, asyncio.Future[Addresses]] = {}
        self._failures: dict[str, _Failure] = {}  # the oldest first

    async def addresses(self, host: str, port: int) -> Addresses:
        """All addresses of a name. Raises socket.gaierror, TimeoutError and other OSErrors."""
        failure = self._failures.get(host)
        if failure is not None and self._monotonic() < failure.until:
            raise _again(failure.error)
        under_way = self._under_way.get(host)
        if under_way is None:
            under_way = await self._starts.join(host, lambda: self._start(host, port))
        return await asyncio.shield(under_way)  # who leaves does not end it for the others

    async def _start(self, host: str, port: int) -> asyncio.Future[Addresses]:
        give_back = await self._shares.take(domain_of(host))
        try:
            under_way = asyncio.get_running_loop().run_in_executor(
                self._threads, _asked, host, port
            )
        except BaseException:
            give_back()
            raise
        self._under_way[host] = under_way
        under_way.add_done_callback(partial(self._end, host, give_back, self._monotonic()))
        return under_way

    def _end(
        self,
        host: str,
        give_back: Callable[[], None],
        begun_at: float,
        ended: asyncio.Future[Addresses],
    ) -> None:
        give_back()
        del self._under_way[host]
        error = ended.exception()
        if self._monotonic() - begun_at >= LATE_SECONDS:
            error = TimeoutError(f"{host} was looked up too slowly")
        if isinstance(error, OSError):
            self._remember(host, error)

    def _remember(self, host: str, error: OSError) -> None:
        now = self._monotonic()
        self._failures.pop(host, None)
        self._failures[host] = _Failure(_again(error), now + FAILURE_KEPT_SECONDS)
        while (oldest := next(iter(self._failures))) and (
            self._failures[oldest].until <= now or len(self._failures) > _FAILURES_MAX
        ):
            del self._failures[oldest]


def _again(error: OSError) -> OSError:
    """The same without its trace, which would keep all who raised it in memory."""
    return type(error)(*error.args)


def _asked(host: str, port: int) -> Addresses:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]
