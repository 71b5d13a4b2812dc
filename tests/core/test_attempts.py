"""Limits on attempts hold also while Redis is away, and keep no address."""

import pytest

from app.core.attempts import Attempts
from app.core.errors import TooMany


class Shared:
    """What other processes count in, which never refuses unless told to."""

    def __init__(self, wait: int = 0) -> None:
        self.keys: list[str] = []
        self.wait = wait

    async def hit(self, key: str, per_minute: int) -> int:
        assert per_minute == 3
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
