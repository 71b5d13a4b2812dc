"""Sessions of the handshake era: product.md §5."""

import asyncio
import re
from typing import Any

import msgspec
import pytest

from tests.mcp.conftest import StoppedClock
from tests.mcp.session_ids import UNKNOWN, opened
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.world import World

SESSION_ID = re.compile(r"mcps_[a-z2-7]{32}")
HANDSHAKES = ["2025-03-26", "2025-06-18", HANDSHAKE]


async def sessions(world: World) -> list[dict[str, Any]]:
    """The sessions there are, oldest first, without what every row has."""
    rows = await world.owner.fetch(
        "SELECT id, server_id, end_user_id, kind, client_name, client_version, tracking_id,"
        " ended_at FROM session ORDER BY connected_at, id"
    )
    return [dict(row) for row in rows]


@pytest.mark.parametrize("version", HANDSHAKES)
async def test_initialize_opens_a_session(world: World, version: str) -> None:
    agent = await opened(version=version, tracking_id="ann", client=("Claude Code", "2.1.0"))
    assert agent.session_id is not None
    assert SESSION_ID.fullmatch(agent.session_id)
    assert await sessions(world) == [
        {
            "id": agent.session_id,
            "server_id": world.server_id,
            "end_user_id": None,
            "kind": "session",
            "client_name": "Claude Code",
            "client_version": "2.1.0",
            "tracking_id": "ann",
            "ended_at": None,
        }
    ]


async def test_every_initialize_opens_a_session_of_its_own(world: World) -> None:
    ids = [(await opened()).session_id for _ in range(3)]
    assert sorted(row["id"] for row in await sessions(world)) == sorted(map(str, set(ids)))


@pytest.mark.parametrize("given", [UNKNOWN, "garbage", ""])
async def test_initialize_heeds_no_session_that_it_is_given(world: World, given: str) -> None:
    agent = Agent(session_id=given)
    await agent.initialize()
    assert [row["id"] for row in await sessions(world)] == [agent.session_id]


@pytest.mark.parametrize("request_id", [1, "result", '"result"'])
async def test_an_initialize_that_fails_opens_no_session(world: World, request_id: object) -> None:
    headers = {"content-type": "application/json", "accept": "application/json"}
    bad = {"jsonrpc": "2.0", "id": request_id, "method": "initialize", "params": {}}
    refused = await Agent().send("POST", headers=headers, content=msgspec.json.encode(bad))
    assert refused.json()["error"]["code"] == -32602
    assert "mcp-session-id" not in refused.headers
    assert await sessions(world) == []


@pytest.mark.parametrize("request_id", ["x" * 100, "error", '"error"'])
async def test_whatever_the_requests_id_an_initialize_opens_a_session(
    world: World, request_id: str
) -> None:
    headers = {"content-type": "application/json", "accept": "application/json"}
    params = {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "test-agent", "version": "1.0"},
    }
    good = {"jsonrpc": "2.0", "id": request_id, "method": "initialize", "params": params}
    answered = await Agent().send("POST", headers=headers, content=msgspec.json.encode(good))
    assert [row["id"] for row in await sessions(world)] == [answered.headers["mcp-session-id"]]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"name": "x" * 300, "version": "y" * 300}, ("x" * 100, "y" * 100)),
        ({"name": "nul\0nul", "version": ""}, ("nulnul", "")),
        ({"name": "Клиент 🙂", "version": "1"}, ("Клиент 🙂", "1")),
    ],
)
async def test_what_clients_call_themselves_is_kept_as_a_label(
    world: World, told: dict[str, str], kept: tuple[str, str]
) -> None:
    await opened(client=(told["name"], told["version"]))
    (row,) = await sessions(world)
    assert (row["client_name"], row["client_version"]) == kept


async def test_a_call_without_a_session_gets_one_with_its_answer(world: World) -> None:
    guide = await world.guide(3)
    agent = Agent(client=("never", "told"))
    first = await agent.call("start_walkthrough")
    assert SESSION_ID.fullmatch(str(agent.session_id))
    second = await agent.call("get_next_step", currentStepId=guide.steps[0])
    assert first["structuredContent"]["step"]["id"] == guide.steps[0]
    assert second["structuredContent"]["step"]["id"] == guide.steps[1]
    (session,) = await sessions(world)
    assert (session["id"], session["client_name"]) == (agent.session_id, "")
    calls = await world.owner.fetch("SELECT session_id, end_user_id FROM tool_call")
    assert {tuple(row) for row in calls} == {(agent.session_id, session["end_user_id"])}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_next_step", {}),
        ("get_next_step", {"currentStepId": 3}),
        ("get_support", {"title": "Help", "problemDescription": "Broken"}),
    ],
)
async def test_a_call_that_comes_to_nothing_gets_a_session_too(
    world: World, tool: str, arguments: dict[str, object]
) -> None:
    agent = Agent()
    await agent.post("tools/call", {"name": tool, "arguments": arguments})
    (session,) = await sessions(world)
    assert (session["id"], session["end_user_id"]) == (agent.session_id, None)


async def test_what_is_no_call_gets_no_session(world: World) -> None:
    agent = Agent()
    for method in ("tools/list", "ping"):
        assert (await agent.post(method)).status_code == 200
    assert (agent.session_id, await sessions(world)) == (None, [])


async def test_an_answer_to_a_session_does_not_repeat_its_id(world: World) -> None:
    agent = await opened()
    for method, params in (("tools/list", {}), ("tools/call", {"name": "get_support"})):
        assert "mcp-session-id" not in (await agent.post(method, params)).headers


async def test_the_stateless_era_knows_no_sessions(world: World) -> None:
    await world.guide(2)
    agent = Agent(version=STATELESS)
    for method, params in (
        ("server/discover", {}),
        ("tools/list", {}),
        ("tools/call", {"name": "start_walkthrough", "arguments": {}}),
    ):
        told = agent.params(params)
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": told}
        answered = await agent.send(
            "POST",
            # A session id means nothing here, be it known or not.
            headers={**agent.headers(method, told), "mcp-session-id": UNKNOWN},
            content=msgspec.json.encode(message),
        )
        assert answered.status_code == 200
        assert "mcp-session-id" not in answered.headers
    assert [row["kind"] for row in await sessions(world)] == ["visit"]
    refused = await agent.send(
        "DELETE", headers={"mcp-protocol-version": STATELESS, "mcp-session-id": UNKNOWN}
    )
    assert refused.status_code == 405


async def test_a_session_has_no_place_in_a_stateless_request(world: World) -> None:
    guide = await world.guide(2)
    ann = await opened()
    await ann.call("start_walkthrough")
    agent = Agent(version=STATELESS)
    params = agent.params({"name": "get_next_step", "arguments": {"currentStepId": guide.steps[0]}})
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = agent.headers("tools/call", params) | {"mcp-session-id": str(ann.session_id)}
    answered = await agent.send("POST", headers=headers, content=msgspec.json.encode(message))
    refusal = answered.json()["result"]["structuredContent"]
    assert [error["code"] for error in refusal["errors"]] == ["nothing_active"]


async def test_last_seen_is_written_at_most_once_a_minute(
    world: World, stopped_clock: StoppedClock
) -> None:
    await world.guide(3)
    agent = await opened()
    began = stopped_clock.moment
    seen = []
    for seconds in (0, 30, 30, 1, 59, 2):
        stopped_clock.forward(seconds=seconds)
        await agent.call("get_next_step")
        ((connected_at, last_seen_at),) = await world.rows(
            "SELECT connected_at, last_seen_at FROM session"
        )
        assert connected_at == began
        seen.append((last_seen_at - began).total_seconds())
    assert seen == [0, 0, 0, 61, 61, 122]


async def test_the_end_user_is_seen_at_most_once_a_minute(
    world: World, version: str, stopped_clock: StoppedClock
) -> None:
    await world.guide(3)
    agent = Agent(version=version, tracking_id="ann")
    began = stopped_clock.moment
    seen = []
    for seconds in (0, 60, 1, 59):
        stopped_clock.forward(seconds=seconds)
        await agent.call("start_walkthrough")
        ((first_seen_at, last_seen_at),) = await world.rows(
            "SELECT first_seen_at, last_seen_at FROM end_user"
        )
        assert first_seen_at == began
        seen.append((last_seen_at - began).total_seconds())
    assert seen == [0, 0, 61, 61]


async def test_calls_that_start_a_session_together_meet_in_one_end_user(world: World) -> None:
    await world.guide(2)
    agent = await opened()
    await asyncio.gather(*(agent.call("start_walkthrough") for _ in range(12)))
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 1
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 1
    calls = await world.owner.fetch("SELECT DISTINCT end_user_id FROM tool_call")
    assert len(calls) == 1
