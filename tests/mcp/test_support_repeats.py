"""The same request twice is one ticket: product.md §4."""

import asyncio

import pytest

from tests.mcp.asking import HELP, ann, number_of
from tests.mcp.conftest import StoppedClock
from tests.mcp.twins import facts, texts
from tests.support.agent import STATELESS, Agent
from tests.support.tables import dump
from tests.support.world import World, make_world


async def test_numbers_run_from_1_in_each_organization(world: World, version: str) -> None:
    other = await make_world(world.owner, slug="other-docs")
    here = [await number_of(ann(version), title=f"T{n}") for n in range(3)]
    there = Agent(version=version, tracking_id="ann", slug="other-docs")
    assert here == [1, 2, 3]
    assert await number_of(there, title="T0") == 1
    assert (
        await world.owner.fetchval(
            "SELECT last_number FROM ticket_counter WHERE organization_id = $1",
            other.organization_id,
        )
        == 1
    )


async def test_the_same_request_within_ten_minutes_gets_the_same_ticket(
    world: World, version: str, stopped_clock: StoppedClock
) -> None:
    agent = ann(version)
    numbers = []
    for minutes in (0, 5, 4.99, 0.01, 9):
        stopped_clock.forward(minutes=minutes)
        numbers.append(await number_of(agent))
    # Ten minutes count from the ticket, not from the last repeat.
    assert numbers == [1, 1, 1, 2, 2]
    assert await number_of(agent, title="Another") == 3  # a repeat uses up no number


async def test_a_repeat_is_told_apart_and_opens_nothing(world: World, version: str) -> None:
    agent = ann(version)
    await number_of(agent)
    before = await dump(world.owner)
    answer = await agent.call("get_support", **HELP, email="ann@acme.com")
    assert facts(answer)["ticket"] == {"number": 1, "title": "It fails", "isRepeat": True}
    assert "ticket #1" in texts(answer)[0]
    after = await dump(world.owner)
    for table in ("ticket", "ticket_counter", "activity", "end_user"):
        assert after[table] == before[table]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "It fails!"},
        {"problemDescription": "Error 43 on login"},
        {"problemContext": "macOS"},
    ],
)
async def test_other_content_is_another_ticket(
    world: World, version: str, change: dict[str, str]
) -> None:
    agent = ann(version)
    assert [await number_of(agent), await number_of(agent, **change)] == [1, 2]


async def test_content_is_not_confused_by_where_one_text_ends(world: World) -> None:
    one = await number_of(ann(), title="ab", problemDescription="c")
    two = await number_of(ann(), title="a", problemDescription="bc")
    assert one != two


async def test_another_end_user_has_another_ticket(world: World, version: str) -> None:
    agents = [Agent(version=version, tracking_id=name) for name in ("ann", "bob")]
    assert [await number_of(agent) for agent in agents] == [1, 2]


async def test_another_server_has_another_ticket(world: World, version: str) -> None:
    other = await make_world(world.owner, slug="other-docs")
    await world.owner.execute(
        "UPDATE server SET organization_id = $1 WHERE id = $2",
        world.organization_id,
        other.server_id,
    )
    there = Agent(version=version, tracking_id="ann", slug="other-docs")
    assert [await number_of(ann(version)), await number_of(there)] == [1, 2]


async def test_callers_without_a_trace_are_told_apart_by_their_address(world: World) -> None:
    addresses = ["a@acme.com", "A@ACME.com", "b@acme.com"]
    numbers = [await number_of(Agent(version=STATELESS), email=email) for email in addresses]
    assert numbers == [1, 1, 2]


async def test_the_same_request_many_times_at_once_is_one_ticket(
    world: World, version: str
) -> None:
    await ann(version).call("start_walkthrough")
    answers = await asyncio.gather(
        *(ann(version).call("get_support", **HELP, email="ann@acme.com") for _ in range(16))
    )
    told = [facts(answer)["ticket"] for answer in answers]
    assert [ticket["number"] for ticket in told] == [1] * 16
    assert sorted(ticket["isRepeat"] for ticket in told) == [False] + [True] * 15
    assert await world.owner.fetchval("SELECT last_number FROM ticket_counter") == 1
    assert await world.owner.fetchval("SELECT count(*) FROM activity") == 1


async def test_many_tickets_at_once_have_numbers_without_gaps(world: World, version: str) -> None:
    numbers = await asyncio.gather(
        *(number_of(Agent(version=version, tracking_id=f"u{n}"), title=f"T{n}") for n in range(16))
    )
    assert sorted(numbers) == list(range(1, 17))
