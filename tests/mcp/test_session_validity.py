"""Where and how long a session is good: product.md §5."""

import asyncio

import httpx
import msgspec

from app.core.ids import new_id
from tests.mcp.session_ids import UNKNOWN, opened
from tests.support.agent import STATELESS, Agent, endpoint
from tests.support.tables import dump
from tests.support.world import World, make_world

NOT_FOUND = {"code": -32001, "data": {"code": "unknown_session"}}


def is_unknown(response: httpx.Response) -> bool:
    """Whether the answer is the one that every session which cannot be used gets."""
    error = response.json()["error"]
    assert error.pop("message").endswith("Start a new one with initialize.")
    return (response.status_code, error) == (404, NOT_FOUND)


async def unusable_sessions(world: World) -> dict[str, str]:
    """Session ids that are none at the address of acme-docs without a tracking id."""
    other = await make_world(world.owner, slug="other-docs")
    await world.owner.execute(
        "UPDATE server SET organization_id = $1 WHERE id = $2",
        world.organization_id,
        other.server_id,
    )
    ended = await opened()
    assert (
        await ended.send("DELETE", headers={"mcp-session-id": str(ended.session_id)})
    ).is_success
    visitor = Agent(version=STATELESS)
    await visitor.call("start_walkthrough")
    return {
        "unknown": UNKNOWN,
        "ended": str(ended.session_id),
        "of another server": str((await opened(slug="other-docs")).session_id),
        "of a tracking id's address": str((await opened(tracking_id="ann")).session_id),
        "a visit": await world.owner.fetchval("SELECT id FROM session WHERE kind = 'visit'"),
        "empty": "",
        "of another form": new_id("mcps"),
        "in capitals": UNKNOWN.upper(),
        "two": f"{UNKNOWN}, {UNKNOWN}",
        "long": "mcps_" + "a" * 10_000,
        "sql": "' OR 1=1 --",
    }


async def test_a_session_that_cannot_be_used_is_unknown_whatever_the_reason(world: World) -> None:
    await world.guide(1)
    unusable = await unusable_sessions(world)
    before = await dump(world.owner)
    headers = {"content-type": "application/json", "accept": "application/json"}
    for why, session_id in unusable.items():
        given = {**headers, "mcp-session-id": session_id}
        for method in ("tools/call", "tools/list", "ping", "no/such/method"):
            params = {"name": "start_walkthrough", "arguments": {}}
            message = {"jsonrpc": "2.0", "id": 5, "method": method, "params": params}
            refused = await Agent().send(
                "POST", headers=given, content=msgspec.json.encode(message)
            )
            assert is_unknown(refused), (why, method)
        told = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
        assert (await Agent().send("POST", headers=given, content=told)).status_code == 404
        assert (await Agent().send("DELETE", headers=given)).status_code == 404, why
    assert await dump(world.owner) == before


async def test_a_session_of_the_plain_address_is_unknown_at_a_tracking_ids(world: World) -> None:
    plain = await opened()
    for tracking_id in ("ann", "bob"):
        refused = await Agent(tracking_id=tracking_id, session_id=plain.session_id).post("ping")
        assert is_unknown(refused)


async def test_a_session_of_one_tracking_id_is_unknown_at_anothers(world: World) -> None:
    ann = await opened(tracking_id="ann")
    assert (await ann.post("ping")).status_code == 200
    for tracking_id in ("bob", "Ann", "ann2"):
        refused = await Agent(tracking_id=tracking_id, session_id=ann.session_id).post("ping")
        assert is_unknown(refused)


async def test_delete_ends_a_session_for_every_process(world: World) -> None:
    here, there = endpoint(), endpoint()
    agent = await opened(endpoint=here)
    assert (await agent.post("ping")).status_code == 200
    assert (await Agent(there, session_id=agent.session_id).post("ping")).status_code == 200
    named = {"mcp-session-id": str(agent.session_id)}
    ended = await agent.send("DELETE", headers=named)
    assert (ended.status_code, ended.content) == (200, b"")
    assert is_unknown(await Agent(there, session_id=agent.session_id).post("ping"))
    assert is_unknown(await agent.post("tools/call", {"name": "get_support", "arguments": {}}))
    assert (await Agent(there).send("DELETE", headers=named)).status_code == 404


async def test_a_session_is_ended_at_its_own_address_only(world: World) -> None:
    ann = await opened(tracking_id="ann")
    named = {"mcp-session-id": str(ann.session_id)}
    assert (await Agent().send("DELETE", headers=named)).status_code == 404
    assert (await Agent(tracking_id="bob").send("DELETE", headers=named)).status_code == 404
    assert (await ann.post("ping")).status_code == 200
    assert (await ann.send("DELETE", headers=named)).status_code == 200


async def test_of_many_who_end_a_session_at_once_one_does(world: World) -> None:
    agent = await opened()
    named = {"mcp-session-id": str(agent.session_id)}
    answers = await asyncio.gather(*(Agent().send("DELETE", headers=named) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7


async def test_what_was_done_in_a_session_outlives_it(world: World) -> None:
    await world.guide(2)
    agent = await opened()
    await agent.call("start_walkthrough")
    await agent.send("DELETE", headers={"mcp-session-id": str(agent.session_id)})
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 1
    assert await world.owner.fetchval("SELECT session_id FROM tool_call") == agent.session_id
