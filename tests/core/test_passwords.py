"""Passwords off the event loop, on few threads, with a bounded queue."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from app.core.errors import Unavailable
from app.core.passwords import THREADS, WAITING_MAX, Passwords
from tests.support.people import CHEAP


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """With quick hashes."""
    made = Passwords(CHEAP)
    yield made
    made.close()


async def test_a_password_is_right_for_its_own_hash_only(passwords: Passwords) -> None:
    kept = await passwords.hashed("correct horse")
    assert await passwords.is_right("correct horse", kept)
    assert not await passwords.is_right("Correct horse", kept)
    assert not await passwords.is_right("correct horse", None)
    assert not await passwords.is_right("correct horse", "no hash at all")
    assert not await passwords.is_right("a password that no account has", None)


async def test_letters_may_be_composed_either_way(passwords: Passwords) -> None:
    kept = await passwords.hashed("caf\u00e9 au lait")
    assert await passwords.is_right("cafe\u0301 au lait", kept)


async def test_half_a_surrogate_pair_is_only_a_wrong_password(passwords: Passwords) -> None:
    kept = await passwords.hashed("correct horse")
    assert not await passwords.is_right("\udcff", kept)


async def test_hashing_leaves_the_event_loop_and_takes_few_threads(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    verify = Passwords._matches

    def noted(self: Passwords, password: str, password_hash: str) -> bool:
        threads.add(threading.current_thread().name)
        return verify(self, password, password_hash)

    monkeypatch.setattr(Passwords, "_matches", noted)
    await asyncio.gather(*(passwords.is_right("x", None) for _ in range(20)))
    assert 1 <= len(threads) <= THREADS
    assert threading.main_thread().name not in threads


async def test_past_a_bounded_queue_people_are_asked_to_try_again(passwords: Passwords) -> None:
    results = await asyncio.gather(
        *(passwords.is_right("x", None) for _ in range(WAITING_MAX + 5)), return_exceptions=True
    )
    assert sum(isinstance(result, Unavailable) for result in results) == 5
    assert await passwords.is_right("x", None) is False


def test_the_parameters_are_those_of_rfc_9106() -> None:
    made = Passwords()
    parameters = PasswordHasher.from_parameters(made._hasher._parameters)
    assert parameters.type is Type.ID
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (3, 65536, 4)
    made.close()
