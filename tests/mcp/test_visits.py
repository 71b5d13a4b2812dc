"""Visits, which are reckoned where the protocol has no sessions: product.md §2."""

import asyncio
from typing import Any

import pytest

from tests.mcp.conftest import StoppedClock
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.world import Guide, World, make_world


@pytest.fixture
async def guide(world: World) -> Guide:
    """A walkthrough with three steps."""
    return await world.guide(3)


async def visits(world: World) -> list[dict[str, Any]]:
    """The visits there are, oldest first."""
    rows = await world.owner.fetch(
        "SELECT id, server_id, client_name, client_version, tracking_id,"
        " ended_at IS NULL AS is_open FROM session WHERE kind = 'visit' ORDER BY connected_at, id"
    )
    return [dict(row) for row in rows]


def ann(client: tuple[str, str] = ("Cursor", "1.7"), slug: str = "acme-docs") -> Agent:
    return Agent(version=STATELESS, tracking_id="ann", client=client, slug=slug)


async def test_the_calls_of_one_client_are_one_visit(world: World, guide: Guide) -> None:
    for agent in (ann(), ann()):
        await agent.call("start_walkthrough")
        await agent.call("get_next_step", currentStepId=guide.steps[0])
        await agent.call("get_support", title="a", problemDescription="b", email="a@acme.com")
    (visit,) = await visits(world)
    assert visit == {
        "id": visit["id"],
        "server_id": world.server_id,
        "client_name": "Cursor",
        "client_version": "1.7",
        "tracking_id": "ann",
        "is_open": True,
    }
    calls = await world.owner.fetch("SELECT session_id FROM tool_call")
    assert [row["session_id"] for row in calls] == [visit["id"]] * 6
    assert await world.owner.fetchval("SELECT session_id FROM completion") == visit["id"]
    assert await world.owner.fetchval("SELECT session_id FROM ticket") == visit["id"]


async def test_a_visit_lasts_while_no_gap_is_longer_than_30_minutes(
    world: World, guide: Guide, stopped_clock: StoppedClock
) -> None:
    for minutes in (0, 29, 29, 29, 29):
        stopped_clock.forward(minutes=minutes)
        await ann().call("start_walkthrough")
    assert len(await visits(world)) == 1
    stopped_clock.forward(minutes=31)
    await ann().call("start_walkthrough")
    assert [visit["is_open"] for visit in await visits(world)] == [False, True]
    (span,) = await world.rows(
        "SELECT last_seen_at - connected_at, ended_at - connected_at FROM session"
        " WHERE ended_at IS NOT NULL"
    )
    assert [value.total_seconds() / 60 for value in span] == [4 * 29, 4 * 29]


async def test_after_the_gap_even_calls_at_once_begin_one_new_visit(
    world: World, guide: Guide, stopped_clock: StoppedClock
) -> None:
    await ann().call("start_walkthrough")
    stopped_clock.forward(hours=2)
    await asyncio.gather(*(ann().call("get_next_step") for _ in range(12)))
    first, second = await visits(world)
    assert (first["is_open"], second["is_open"]) == (False, True)
    rows = await world.owner.fetch(
        "SELECT session_id, count(*) AS calls FROM tool_call GROUP BY 1 ORDER BY 2"
    )
    assert [tuple(row) for row in rows] == [(first["id"], 1), (second["id"], 12)]


async def test_first_calls_at_once_begin_one_visit(world: World, guide: Guide) -> None:
    await asyncio.gather(*(ann().call("start_walkthrough") for _ in range(12)))
    assert len(await visits(world)) == 1
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 1


async def test_each_client_and_each_server_is_a_visit_of_its_own(
    world: World, guide: Guide
) -> None:
    other = await make_world(world.owner, slug="other-docs")
    await world.owner.execute(
        "UPDATE server SET organization_id = $1 WHERE id = $2",
        world.organization_id,
        other.server_id,
    )
    other.organization_id = world.organization_id
    await other.assign(guide)
    for agent in (ann(), ann(("Cursor", "1.8")), ann(("VS Code", "1.7")), ann(slug="other-docs")):
        await agent.call("start_walkthrough")
    made = await visits(world)
    parts = ("server_id", "client_name", "client_version")
    assert [tuple(visit[part] for part in parts) for visit in made] == [
        (world.server_id, "Cursor", "1.7"),
        (world.server_id, "Cursor", "1.8"),
        (world.server_id, "VS Code", "1.7"),
        (other.server_id, "Cursor", "1.7"),
    ]
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 1


async def test_an_anonymous_run_is_one_visit(world: World, guide: Guide) -> None:
    agent = Agent(version=STATELESS)
    await agent.call("start_walkthrough")
    await agent.call("get_next_step", currentStepId=guide.steps[0])
    (visit,) = await visits(world)
    calls = await world.owner.fetch("SELECT session_id FROM tool_call")
    assert [row["session_id"] for row in calls] == [visit["id"]] * 2


async def test_there_is_no_visit_without_somebody_to_pay_it(world: World, guide: Guide) -> None:
    agent = Agent(version=STATELESS)
    await agent.call("get_next_step")
    await agent.call("get_support", title="a", problemDescription="b", email="a@acme.com")
    assert await visits(world) == []


async def test_sessions_are_no_visits(world: World, guide: Guide) -> None:
    agent = Agent(version=HANDSHAKE, tracking_id="ann")
    await agent.initialize()
    await agent.call("start_walkthrough")
    assert await visits(world) == []


async def test_last_seen_is_written_at_most_once_a_minute(
    world: World, guide: Guide, stopped_clock: StoppedClock
) -> None:
    began = stopped_clock.moment
    seen = []
    for seconds in (0, 60, 1, 30):
        stopped_clock.forward(seconds=seconds)
        await ann().call("start_walkthrough")
        moment = await world.owner.fetchval("SELECT last_seen_at FROM session")
        seen.append((moment - began).total_seconds())
    assert seen == [0, 0, 61, 61]
