"""Many requests for help at once: product.md §4."""

import asyncio
from datetime import timedelta

import pytest

from app.core import clock
from app.domain import steps, tickets
from app.domain.tickets import OpenedTicket, TicketDraft
from app.repositories import database
from tests.support.scale import scaled
from tests.support.walking import Walker, author, call, held_back, the_row, walker
from tests.support.world import World, make_world

pytestmark = pytest.mark.timeout(scaled(300))


def draft(title: str = "It does not start", email: str = "ann@example.com") -> TicketDraft:
    return TicketDraft(title=title, problem="Nothing happens.", context=None, email=email)


async def ask(one: Walker, asked: TicketDraft) -> OpenedTicket:
    """Open a ticket as one request does."""
    async with database.connection(one.scope):
        return await tickets.open_ticket(one.scope, call("get_support"), asked)


async def test_tickets_opened_at_once_are_numbered_without_gaps_or_doubles(world: World) -> None:
    number = scaled(200)
    people = [await walker(world, f"user-{index}") for index in range(20)]
    opened = await asyncio.gather(
        *(ask(people[index % 20], draft(f"Problem {index}")) for index in range(number))
    )
    assert sorted(one.number for one in opened) == list(range(1, number + 1))
    assert not any(one.is_repeat for one in opened)
    assert await world.owner.fetchval("SELECT count(*) FROM activity") == number
    assert await world.owner.fetchval("SELECT last_number FROM ticket_counter") == number


async def test_each_organization_counts_from_one(world: World) -> None:
    stranger = await make_world(world.owner, slug="strangers")
    ann, bob = await walker(world, "ann"), await walker(stranger, "bob")
    opened = await asyncio.gather(
        *(ask(one, draft(f"Problem {index}")) for index in range(20) for one in (ann, bob))
    )
    assert sorted(one.number for one in opened) == sorted([*range(1, 21)] * 2)


async def test_the_same_request_many_times_at_once_is_one_ticket(world: World) -> None:
    ann = await walker(world)
    opened = await asyncio.gather(*(ask(ann, draft()) for _ in range(scaled(100))))
    assert {(one.id, one.number) for one in opened} == {(opened[0].id, 1)}
    assert sum(not one.is_repeat for one in opened) == 1
    assert await world.owner.fetchval("SELECT last_number FROM ticket_counter") == 1
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == len(opened)


async def test_repeats_among_others_use_up_no_number(world: World) -> None:
    people = [await walker(world, f"user-{index}") for index in range(5)]
    asked = [(one, draft(f"Problem {index}")) for one in people for index in range(4)] * 3
    opened = await asyncio.gather(*(ask(one, what) for one, what in asked))
    assert {one.number for one in opened} == set(range(1, 21))
    assert sum(one.is_repeat for one in opened) == 40


async def test_after_ten_minutes_the_same_request_is_another_ticket(world: World) -> None:
    ann = await walker(world)
    await ask(ann, draft())
    await world.owner.execute(
        "UPDATE ticket SET created_at = $1", clock.now() - timedelta(minutes=10, seconds=1)
    )
    opened = await asyncio.gather(*(ask(ann, draft()) for _ in range(10)))
    assert {one.number for one in opened} == {2}


async def test_a_step_removed_while_someone_asks_for_help_does_not_lose_the_ticket(
    world: World,
) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    is_removed = asyncio.Event()

    async def remove() -> None:
        async with held_back(world):
            await steps.delete(author(world), guide.steps[0])
            is_removed.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(remove())
        await is_removed.wait()
        opened = await ask(ann, draft())
    assert opened.number == 1
    ticket = await the_row(world, "SELECT walkthrough_id, step_id FROM ticket")
    assert tuple(ticket) in {(guide.id, None), (None, None)}


async def test_the_address_is_remembered_of_someone_who_was_away_for_long(world: World) -> None:
    ann = await walker(world)
    await world.owner.execute("UPDATE end_user SET last_seen_at = last_seen_at - interval '1 day'")
    await ask(ann, draft())
    row = await the_row(
        world, "SELECT email, last_seen_at > now() - interval '1 hour' FROM end_user"
    )
    assert tuple(row) == ("ann@example.com", True)
