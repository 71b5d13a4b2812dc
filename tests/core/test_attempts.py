"""Limits on attempts hold also while Redis is away, and keep no address."""

import pytest

from app.core.attempts import Attempts
from app.core.errors import TooMany, Unavailable
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from tests.support.redis_servers import free_port, hanging_server, redis_server
from tests.support.standing_clock import Clock


class Shared:
    """What other processes count in, which never refuses unless told to."""

    def __init__(self, wait: int | None = 0) -> None:
        self.keys: list[str] = []
        self.wait = wait

    async def hit(self, key: str, limit: int, *, seconds: int) -> int:
        assert (limit, seconds) == (3, 60)
        self.keys.append(key)
        return self.wait or 0

    async def hit_if_counted(self, key: str, limit: int, *, seconds: int) -> int | None:
        assert (limit, seconds) == (3, 60)
        self.keys.append(key)
        return self.wait


async def test_so_many_attempts_pass_and_no_more() -> None:
    attempts = Attempts(Shared())
    for _ in range(3):
        await attempts.take("sign in", "ann@acme.test", per_minute=3)
    with pytest.raises(TooMany) as refused:
        await attempts.take("sign in", "ann@acme.test", per_minute=3)
    assert 1 <= refused.value.retry_after_seconds <= 120
    await attempts.take("sign in", "bob@acme.test", per_minute=3)
    await attempts.take("sign up", "ann@acme.test", per_minute=3)


async def test_what_all_processes_counted_together_counts_too() -> None:
    with pytest.raises(TooMany) as refused:
        await Attempts(Shared(wait=17)).take("sign in", "ann@acme.test", per_minute=3)
    assert refused.value.retry_after_seconds == 17


async def test_no_address_leaves_the_process() -> None:
    shared = Shared()
    await Attempts(shared).take("sign in", "ann@acme.test", per_minute=3)
    assert len(shared.keys) == 1
    assert "ann" not in shared.keys[0]


async def test_so_many_pass_a_day_however_they_are_spread() -> None:
    clock = Clock()
    attempts = Attempts(monotonic=clock)
    for _ in range(20):
        await attempts.take("mail", "ann@acme.test", per_minute=3, per_day=20)
        clock.seconds += 60
    with pytest.raises(TooMany, match="Try again in 25 hours") as refused:
        await attempts.take("mail", "ann@acme.test", per_minute=3, per_day=20)
    await attempts.take("mail", "bob@acme.test", per_minute=3, per_day=20)
    clock.seconds += refused.value.retry_after_seconds
    await attempts.take("mail", "ann@acme.test", per_minute=3, per_day=20)


async def test_a_day_is_counted_in_a_real_redis_by_all_processes() -> None:
    def limiter() -> Limiter:
        return Limiter(metrics=Metrics(), address_calls_per_minute=10, redis_url=url)

    with redis_server() as url:
        one, other = limiter(), limiter()
        async with one.running(), other.running():
            for process in (one, other, one, other):
                await Attempts(process).take_jointly("mail", "ann", per_minute=9, per_day=4)
            for process in (one, other):
                with pytest.raises(TooMany, match="hours") as refused:
                    await Attempts(process).take_jointly("mail", "ann", per_minute=9, per_day=4)
                assert 12 * 3600 < refused.value.retry_after_seconds <= 48 * 3600


# Doors that open only where all processes count together


async def test_a_joint_door_counts_in_this_process_and_in_all() -> None:
    attempts = Attempts(Shared())
    for _ in range(3):
        await attempts.take_jointly("log in", "ann@acme.test", per_minute=3)
    with pytest.raises(TooMany):
        await attempts.take_jointly("log in", "ann@acme.test", per_minute=3)
    with pytest.raises(TooMany) as refused:
        await Attempts(Shared(wait=17)).take_jointly("log in", "ann@acme.test", per_minute=3)
    assert refused.value.retry_after_seconds == 17


async def test_a_joint_door_is_open_where_no_redis_is_configured() -> None:
    await Attempts().take_jointly("log in", "ann@acme.test", per_minute=3)
    limiter = Limiter(metrics=Metrics(), address_calls_per_minute=10)
    await Attempts(limiter).take_jointly("log in", "ann@acme.test", per_minute=3)


async def test_a_joint_door_is_shut_and_says_so_while_redis_is_away() -> None:
    with pytest.raises(Unavailable, match="Logging in is not possible just now"):
        await Attempts(Shared(wait=None)).take_jointly("log in", "ann@acme.test", per_minute=3)
    await Attempts(Shared(wait=None)).take("sign in", "ann@acme.test", per_minute=3)


async def test_joint_doors_shut_when_a_real_redis_goes_and_calls_still_pass() -> None:
    def limiter_at(url: str) -> Limiter:
        return Limiter(metrics=Metrics(), address_calls_per_minute=10, redis_url=url)

    port = free_port()
    with redis_server(port) as url:
        limiter = limiter_at(url)
        async with limiter.running():
            await Attempts(limiter).take_jointly("log in", "ann@acme.test", per_minute=3)
    gone = limiter_at(f"redis://127.0.0.1:{port}/0")
    async with hanging_server() as hanging:
        for away in (gone, limiter_at(hanging)):
            async with away.running():
                with pytest.raises(Unavailable):
                    await Attempts(away).take_jointly("log in", "ann@acme.test", per_minute=3)
                assert await away.hit("srv_1:mcpu_1", 100) == 0
