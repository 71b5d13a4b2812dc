"""Tool calls and sessions as members list them."""

from typing import Any

import asyncpg
import pytest

from app.core import clock
from app.domain.admission import operator_as_owner
from tests.support import authoring
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.graph import Graph
from tests.support.visitors import HELP, Venue, end_user_id, venue

CALLS = """
query Calls($filter: ToolCallFilterInput, $first: Int, $after: String, $last: Int) {
  toolCalls(filter: $filter, first: $first, after: $after, last: $last) {
    nodes { tool outcome durationMs input output } pageInfo { endCursor hasNextPage }
  }
}
"""
SESSIONS = """
query Sessions($filter: SessionFilterInput, $first: Int, $after: String) {
  sessions(filter: $filter, first: $first, after: $after) {
    nodes { kind trackingId endedAt } pageInfo { endCursor hasNextPage }
  }
}
"""


@pytest.fixture
async def place(graph: Graph) -> Venue:
    """The organization of `graph` with a server that is used."""
    del graph
    return await venue()


async def called(graph: Graph, **asked: Any) -> list[str]:
    """The tools of a page of calls."""
    return [node["tool"] for node in (await graph.ask(CALLS, **asked))["toolCalls"]["nodes"]]


async def test_calls_are_listed_latest_first_and_in_pages(graph: Graph, place: Venue) -> None:
    await place.learner("ann", email="ann@example.com")
    everything = ["get_support", "get_next_step", "start_walkthrough"]
    assert await called(graph) == everything
    page = (await graph.ask(CALLS, first=2))["toolCalls"]
    assert page["pageInfo"]["hasNextPage"]
    assert await called(graph, first=2, after=page["pageInfo"]["endCursor"]) == everything[2:]
    assert await called(graph, last=2) == everything[1:]
    assert page["nodes"][0]["input"] == {**HELP, "email": "ann@example.com"}
    assert page["nodes"][0]["durationMs"] > 0
    assert page["nodes"][1]["output"]["verdict"] == "completed"


async def test_calls_are_filtered(graph: Graph, place: Venue, owner: asyncpg.Connection) -> None:
    ann = await place.learner("ann", email="ann@example.com")
    bob = await place.learner("bob")
    await bob.call("get_next_step", currentStepId="ws_none")
    other = await authoring.open_server(place.scope, "acme-labs")
    at = await owner.fetchval("SELECT created_at FROM tool_call WHERE tool = 'get_support'")
    found = {
        name: await called(graph, filter=asked)
        for name, asked in {
            "server": {"serverId": place.server.id, "tool": "get_support"},
            "other server": {"serverId": other.id},
            "end user": {"endUserId": await end_user_id(owner, "bob"), "outcome": "OK"},
            "session": {"sessionId": ann.session_id, "tool": "get_next_step"},
            "refused": {"outcome": "REFUSED"},
            "error": {"outcome": "ERROR"},
            "since": {"since": at.isoformat(), "until": clock.now().isoformat(), "outcome": "OK"},
            "until": {"until": at.isoformat()},
            "since, without an offset": {"since": at.replace(tzinfo=None).isoformat()},
            "until, without an offset": {"until": at.replace(tzinfo=None).isoformat()},
            "unknown": {"tool": "no such tool"},
        }.items()
    }
    assert found == {
        "server": ["get_support"],
        "other server": [],
        "end user": ["get_next_step", "start_walkthrough"],
        "session": ["get_next_step"],
        "refused": ["get_next_step"],
        "error": [],
        "since": ["get_next_step", "start_walkthrough", "get_support"],
        "until": ["get_next_step", "start_walkthrough"],
        "since, without an offset": ["get_next_step"] * 2 + ["start_walkthrough", "get_support"],
        "until, without an offset": ["get_next_step", "start_walkthrough"],
        "unknown": [],
    }


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"tool": "\x00"}, "tool"),
        ({"endUserId": "x" * 201}, "endUserId"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "until"),
    ],
)
async def test_a_filter_that_cannot_be_meant_is_refused_by_name(
    graph: Graph, place: Venue, asked: Any, field: str
) -> None:
    answer = await graph.answer(CALLS, filter=asked)
    assert [error["extensions"]["field"] for error in answer["errors"]] == [field]


async def test_a_session_is_live_until_it_ends_and_a_visit_for_half_an_hour(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    for name, version in (
        ("old", HANDSHAKE), ("ended", HANDSHAKE), ("visits", STATELESS), ("visited", STATELESS),
    ):  # fmt: skip
        agent = await place.visitor(name, version=version)
        await agent.call("start_walkthrough", name=place.walkthrough.id)
        if name == "ended":
            await agent.send("DELETE", headers={"mcp-session-id": agent.session_id or ""})
    await owner.execute(
        "UPDATE session SET last_seen_at = last_seen_at - interval '31 minutes'"
        " WHERE tracking_id IN ('old', 'visited')"
    )

    async def those(**asked: Any) -> list[tuple[str, str, bool]]:
        nodes = (await graph.ask(SESSIONS, **asked))["sessions"]["nodes"]
        return [(node["trackingId"], node["kind"], node["endedAt"] is None) for node in nodes]

    live = [("visits", "VISIT", True), ("old", "SESSION", True)]
    over = [("visited", "VISIT", True), ("ended", "SESSION", False)]
    assert await those(filter={"isLive": True}) == live
    assert await those(filter={"isLive": False}) == over
    assert await those() == [over[0], live[0], over[1], live[1]]
    assert await those(filter={"serverId": "srv_none"}) == []
    page = (await graph.ask(SESSIONS, first=3))["sessions"]["pageInfo"]
    assert await those(first=3, after=page["endCursor"]) == live[1:]


async def test_another_organization_sees_nothing_of_it(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann", email="ann@example.com")
    await authoring.found("other-tools")
    elsewhere = await venue("other-tools", "other-docs")
    assert elsewhere.scope == await operator_as_owner("other-tools")
    await elsewhere.learner("bob")
    assert len(await called(graph)) == 3
    bob = await end_user_id(owner, "bob")
    assert await called(graph, filter={"endUserId": bob}) == []
    assert await graph.ask("query ($id: ID!) { endUser(id: $id) { id } }", id=bob) == {
        "endUser": None
    }
    sessions = (await graph.ask(SESSIONS))["sessions"]["nodes"]
    assert [node["trackingId"] for node in sessions] == ["ann"]


async def test_a_call_without_an_end_user_is_nobodys(graph: Graph, place: Venue) -> None:
    await Agent(slug=place.server.slug, version=STATELESS).call("get_next_step")
    query = "{ toolCalls { nodes { tool endUser { id } session { id } server { slug } } } }"
    assert (await graph.ask(query))["toolCalls"]["nodes"] == [
        {"tool": "get_next_step", "endUser": None, "session": None, "server": {"slug": "acme-docs"}}
    ]
