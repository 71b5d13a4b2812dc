"""Mail to one address: nobody is buried in it, and no stranger alone shuts it off."""

import dataclasses

import pytest

from app.core.attempts import Attempts
from app.core.errors import TooMany
from app.domain.desk import Desk
from tests.support.people import Reception
from tests.support.standing_clock import Clock

ANN = "ann@acme.test"
OFFICE = "203.0.113.7"
HOUR = 3600


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(people: Reception, clock: Clock) -> Desk:
    """A front desk that counts, by this clock."""
    return dataclasses.replace(people.desk, attempts=Attempts(monotonic=clock))


async def passed(desk: Desk, clock: Clock, askers: list[str], email: str = ANN) -> int:
    """How many of these asked for mail with success, one every two minutes."""
    count = 0
    for asker in askers:
        clock.seconds += 120
        try:
            await desk.take_mail("mail a code", asker, email)
        except TooMany:
            continue
        count += 1
    return count


async def test_one_client_has_an_address_mailed_twenty_times_a_day(
    desk: Desk, clock: Clock
) -> None:
    assert await passed(desk, clock, [OFFICE] * 100) == 20


async def test_what_one_client_has_used_up_the_address_owner_still_has(
    desk: Desk, clock: Clock
) -> None:
    await passed(desk, clock, [OFFICE] * 100)
    assert await passed(desk, clock, ["198.51.100.1"]) == 1


async def test_all_addresses_of_an_ipv6_network_are_one_client(desk: Desk, clock: Clock) -> None:
    askers = [f"2001:db8::{number:x}" for number in range(1, 101)]
    assert await passed(desk, clock, askers) == 20


async def test_no_subscriber_alone_uses_up_what_an_address_needs(desk: Desk, clock: Clock) -> None:
    """Providers give many networks to one, but not more than a /48."""
    askers = [f"2001:db8:0:{number:x}::1" for number in range(100)]
    assert await passed(desk, clock, askers) == 20
    assert await passed(desk, clock, ["198.51.100.1", "2001:db8:1::1"]) == 2


async def test_no_address_is_mailed_more_than_a_hundred_times_a_day_whoever_asks(
    desk: Desk, clock: Clock
) -> None:
    askers = [f"198.51.100.{number}" for number in range(120)]
    assert await passed(desk, clock, askers) == 100


async def test_no_address_is_mailed_more_than_ten_times_a_minute_whoever_asks(desk: Desk) -> None:
    for number in range(10):
        await desk.take_mail("mail a code", f"198.51.100.{number}", ANN)
    with pytest.raises(TooMany):
        await desk.take_mail("reset", "198.51.100.10", ANN)


async def test_what_stands_behind_a_plus_is_the_same_mailbox(desk: Desk, clock: Clock) -> None:
    await passed(desk, clock, [OFFICE] * 20, "ann+docs@acme.test")
    assert await passed(desk, clock, [OFFICE], "ann+more@acme.test") == 0
    assert await passed(desk, clock, [OFFICE], "ann@beta.test") == 1


async def test_dots_make_no_other_mailbox_where_they_mean_nothing(desk: Desk, clock: Clock) -> None:
    await passed(desk, clock, [OFFICE] * 20, "ann.b.c@gmail.com")
    assert await passed(desk, clock, [OFFICE], "an.nbc+docs@googlemail.com") == 0
    await passed(desk, clock, [OFFICE] * 20, "ann.b@acme.test")
    assert await passed(desk, clock, [OFFICE], "annb@acme.test") == 1


async def test_one_client_has_a_thousand_mails_sent_a_day(desk: Desk, clock: Clock) -> None:
    count = 0
    for number in range(510):
        for email in (f"ann-{number}@acme.test", f"bob-{number}@acme.test"):
            count += await passed(desk, clock, [OFFICE], email)
        clock.seconds -= 80
    assert clock.seconds < 24 * HOUR
    assert count == 1000
