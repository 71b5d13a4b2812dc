"""So many calls a minute; and a Redis that is away costs little and stops nobody."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.core import limiter as limiter_module
from app.core.limiter import DAY_SECONDS, KEYS_MAX, Limiter, Window, Windows
from app.core.metrics import Metrics
from tests.support.redis_servers import free_port, hanging_server, redis_server
from tests.support.standing_clock import Clock


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


def make_limiter(redis_url: str | None = None, *, address: int = 1000) -> Limiter:
    return Limiter(metrics=Metrics(), address_calls_per_minute=address, redis_url=redis_url)


async def milliseconds_to_pass(limiter: Limiter) -> float:
    began = time.perf_counter()
    assert await limiter.hit("a", 100) == 0
    return (time.perf_counter() - began) * 1000


def test_the_limit_is_reached_and_is_free_again_after_the_seconds_told() -> None:
    clock = Clock()
    windows = Windows(monotonic=clock)
    assert [windows.hit("a", 100) for _ in range(100)] == [0] * 100
    clock.seconds = 15
    wait = windows.hit("a", 100)
    assert 45 <= wait <= 46
    clock.seconds += wait
    assert windows.hit("a", 100) == 0


def test_keys_are_counted_apart() -> None:
    windows = Windows(monotonic=Clock())
    assert [windows.hit("a", 1), windows.hit("b", 1), windows.hit("a", 1) > 0] == [0, 0, True]


def test_a_refused_call_is_not_counted() -> None:
    clock = Clock()
    windows = Windows(monotonic=clock)
    for _ in range(500):
        windows.hit("a", 10)
    clock.seconds = 121
    assert [windows.hit("a", 10) for _ in range(10)] == [0] * 10


def test_calls_of_the_minute_before_count_by_the_share_still_covered() -> None:
    clock = Clock()
    windows = Windows(monotonic=clock)
    for _ in range(100):
        windows.hit("a", 100)
    clock.seconds = 90  # half of the minute before is within the last 60 seconds
    assert sum(windows.hit("a", 100) == 0 for _ in range(100)) == 50


def test_memory_stays_bounded_when_keys_do_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter_module, "KEYS_MAX", 1000)
    windows = Windows(monotonic=Clock())
    for number in range(10_000):
        windows.hit(str(number), 5)
    assert len(windows._current) + len(windows._previous) <= 2000
    assert KEYS_MAX == 100_000


@settings(deadline=None)  # other processes may keep the machine busy
@given(
    limit=st.integers(1, 200),
    previous=st.integers(0, 200),
    current=st.integers(0, 200),
    left=st.floats(0, 60),
)
def test_after_the_wait_that_is_told_a_call_always_fits(
    limit: int, previous: int, current: int, left: float
) -> None:
    clock = Clock()
    windows = Windows(monotonic=clock)
    windows._previous = {"a": min(previous, limit)}
    windows._current = {"a": min(current, limit)}
    clock.seconds = 60 - left
    wait = windows.hit("a", limit)
    assert 0 <= wait <= 121
    clock.seconds += wait
    assert not wait or windows.hit("a", limit) == 0


def test_a_day_is_counted_as_a_minute_is() -> None:
    clock = Clock()
    windows = Windows(seconds=DAY_SECONDS, monotonic=clock)
    for _ in range(100):
        windows.hit("a", 100)
    clock.seconds = DAY_SECONDS - 1
    assert DAY_SECONDS * 0.01 <= windows.hit("a", 100) <= DAY_SECONDS * 0.01 + 2
    clock.seconds = 1.5 * DAY_SECONDS
    assert sum(windows.hit("a", 100) == 0 for _ in range(100)) == 50


def test_a_wait_is_at_least_a_second() -> None:
    assert Window(previous=0, current=5, seconds_left=0).wait_seconds(limit=5) >= 1


def test_an_address_has_its_own_limit() -> None:
    limiter = make_limiter(address=3)
    assert [limiter.hit_address("192.0.2.1") for _ in range(3)] == [0, 0, 0]
    assert limiter.hit_address("192.0.2.1") > 0
    assert limiter.hit_address("192.0.2.2") == 0


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unknown", "unknown", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("not:an:address", "not:an:other", False),
    ],
)
def test_an_ipv6_client_is_its_network(first: str, second: str, *, is_one: bool) -> None:
    limiter = make_limiter(address=1)
    assert limiter.hit_address(first) == 0
    assert (limiter.hit_address(second) > 0) is is_one


async def test_one_process_counts_by_itself() -> None:
    limiter = make_limiter()
    async with limiter.running():
        assert [await limiter.hit("a", 2) for _ in range(2)] == [0, 0]
        assert 60 <= await limiter.hit("a", 2) <= 90
    assert not limiter.uses_redis
    assert not await limiter.reach_redis()


async def test_processes_that_share_a_redis_share_the_count(redis_url: str) -> None:
    one, other = make_limiter(redis_url), make_limiter(redis_url)
    async with one.running(), other.running():
        waits = [await limiter.hit("shared", 100) for _ in range(80) for limiter in (one, other)]
    assert sum(wait == 0 for wait in waits) == 100
    assert all(60 <= wait <= 62 for wait in waits if wait)


async def test_a_dead_redis_lets_calls_through_and_is_told_once() -> None:
    limiter = make_limiter(f"redis://127.0.0.1:{free_port()}/0")
    with capture_logs() as logs:
        assert await milliseconds_to_pass(limiter) < 250
        assert await milliseconds_to_pass(limiter) < 5
    (told,) = [line["event"] for line in logs]
    assert told == "redis does not answer: rate limits are off, no one can log in"
    assert b"mcplatform_limiter_unchecked_total 2.0" in limiter._metrics.exposition()
    assert b'mcplatform_redis_up{used_by="limiter"} 0.0' in limiter._metrics.exposition()


async def test_a_hanging_redis_costs_the_calls_under_way_250_ms_and_the_next_ones_nothing() -> None:
    async with hanging_server() as url, aclosing(make_limiter(url)) as limiter:
        together = await asyncio.gather(*(milliseconds_to_pass(limiter) for _ in range(50)))
        later = [await milliseconds_to_pass(limiter) for _ in range(50)]
    assert 150 < max(together) < 250
    assert max(later) < 5


async def test_a_redis_that_hangs_at_the_start_costs_no_call_anything() -> None:
    async with hanging_server() as url:
        limiter = make_limiter(url)
        async with limiter.running():
            assert await milliseconds_to_pass(limiter) < 5
            assert not await limiter.reach_redis()


async def test_the_probe_switches_the_limits_on_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter_module, "BREAKER_SECONDS", 0.02)
    port = free_port()
    limiter = make_limiter(f"redis://127.0.0.1:{port}/0")
    async with limiter.running():
        assert [await limiter.hit("a", 1) for _ in range(3)] == [0, 0, 0]
        with redis_server(port):
            for _ in range(250):
                await asyncio.sleep(0.02)
                if await limiter.hit("a", 1):
                    break
            assert await limiter.hit("a", 1) > 0
            assert await limiter.reach_redis()


async def test_a_redis_that_goes_away_meanwhile_stops_nobody() -> None:
    with redis_server() as url:
        limiter = make_limiter(url)
        assert [await limiter.hit("a", 1) > 0 for _ in range(2)] == [False, True]
    async with aclosing(limiter):
        assert await milliseconds_to_pass(limiter) < 250
