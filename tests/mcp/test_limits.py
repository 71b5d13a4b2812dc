"""How often a caller may call: product.md §8."""

from typing import Any

import httpx
import msgspec
import pytest

from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.mcp.endpoint import McpEndpoint
from tests.support.agent import HANDSHAKE, STATELESS, Agent, endpoint
from tests.support.tables import dump
from tests.support.world import World, make_world


def limited(calls_per_minute: int = 1_000, address_calls_per_minute: int = 1_000) -> McpEndpoint:
    """An endpoint of a process with these limits."""
    metrics = Metrics()
    limiter = Limiter(metrics=metrics, address_calls_per_minute=address_calls_per_minute)
    return endpoint(limiter=limiter, metrics=metrics, calls_per_minute=calls_per_minute)


async def caller(at: McpEndpoint, version: str = HANDSHAKE, **told: Any) -> Agent:
    """Ann, in a session where the era has sessions."""
    agent = Agent(at, version=version, tracking_id="ann", **told)
    if not agent.is_stateless:
        await agent.initialize()
    return agent


async def statuses(agent: Agent, calls: int, **arguments: Any) -> list[int]:
    """The HTTP statuses of so many calls in a row."""
    params = {"name": "get_next_step", "arguments": arguments}
    return [(await agent.post("tools/call", params)).status_code for _ in range(calls)]


def assert_limited(response: httpx.Response, request_id: object) -> None:
    """The whole refusal."""
    assert response.status_code == 429
    seconds = int(response.headers["retry-after"])
    assert 0 < seconds <= 120  # the window slides: calls of the minute before count too
    body = response.json()
    assert (body["jsonrpc"], body["id"]) == ("2.0", request_id)
    assert body["error"]["code"] == -32000
    assert body["error"]["data"] == {"code": "too_many"}
    assert str(seconds) in body["error"]["message"]


async def test_a_call_over_the_limit_is_told_when_to_come_again(world: World, version: str) -> None:
    agent = await caller(limited(calls_per_minute=3), version)
    assert await statuses(agent, 3) == [200] * 3
    params = agent.params({"name": "get_next_step", "arguments": {}})
    for request_id in (7, "seven"):
        message = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
        refused = await agent.send(
            "POST",
            headers=agent.headers("tools/call", params),
            content=msgspec.json.encode(message),
        )
        assert_limited(refused, request_id)


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_100_calls_a_minute_is_the_default_that_the_settings_give(
    world: World, version: str
) -> None:
    agent = await caller(limited(calls_per_minute=100), version)
    assert await statuses(agent, 102) == [200] * 100 + [429] * 2


async def test_each_end_user_has_a_limit_of_their_own(world: World, version: str) -> None:
    await world.guide(1)
    at = limited(calls_per_minute=4)
    ann, bob = (Agent(at, tracking_id=name, version=version) for name in ("ann", "bob"))
    await ann.call("start_walkthrough")
    await bob.call("start_walkthrough")
    assert await statuses(ann, 5) == [200] * 4 + [429]
    assert await statuses(bob, 5) == [200] * 4 + [429]


async def test_the_sessions_of_one_end_user_share_the_limit(world: World) -> None:
    await world.guide(1)
    at = limited(calls_per_minute=4)
    await Agent(at, tracking_id="ann").call("start_walkthrough")
    sessions = [Agent(at, tracking_id="ann") for _ in range(6)]
    assert [status for agent in sessions for status in await statuses(agent, 1)] == (
        [200] * 4 + [429] * 2
    )


async def test_each_server_has_a_limit_of_its_own(world: World, version: str) -> None:
    await make_world(world.owner, slug="other-docs")
    at = limited(calls_per_minute=2)
    for slug in ("acme-docs", "other-docs"):
        agent = await caller(at, version, slug=slug)
        assert await statuses(agent, 3) == [200, 200, 429]


@pytest.mark.parametrize(("own", "fitting"), [(1, 1), (5, 5), (None, 3)])
async def test_a_servers_own_limit_comes_before_the_default(
    world: World, version: str, own: int | None, fitting: int
) -> None:
    await world.change_server(rate_limit_per_minute=own)
    agent = await caller(limited(calls_per_minute=3), version)
    assert await statuses(agent, 7) == [200] * fitting + [429] * (7 - fitting)


async def test_a_limit_that_was_changed_holds_at_once(world: World) -> None:
    agent = await caller(limited(calls_per_minute=2))
    assert await statuses(agent, 3) == [200, 200, 429]
    await world.change_server(rate_limit_per_minute=4)
    assert await statuses(agent, 3) == [200, 200, 429]


async def test_only_calls_count(world: World, version: str) -> None:
    agent = await caller(limited(calls_per_minute=1), version)
    for _ in range(5):
        assert (await agent.post("tools/list")).status_code == 200
    assert await statuses(agent, 2) == [200, 429]
    assert (await agent.post("tools/list")).status_code == 200


async def test_callers_whom_nobody_knows_share_their_address(world: World, version: str) -> None:
    at = limited(calls_per_minute=3)
    agents = [Agent(at, version=version) for _ in range(5)]
    assert [(await statuses(agent, 1))[0] for agent in agents] == [200, 200, 200, 429, 429]
    elsewhere = Agent(at, version=version, client_address="198.51.100.7")
    assert await statuses(elsewhere, 1) == [200]


async def test_tracking_ids_that_nobody_has_seen_share_their_address(
    world: World, version: str
) -> None:
    # Else whoever makes up ids would have as many limits as ids.
    at = limited(calls_per_minute=3)
    agents = [Agent(at, version=version, tracking_id=f"u{n}") for n in range(5)]
    assert [(await statuses(agent, 1))[0] for agent in agents] == [200, 200, 200, 429, 429]


async def test_run_handles_that_are_none_share_their_address(world: World) -> None:
    at = limited(calls_per_minute=3)
    agents = [Agent(at, version=STATELESS, run=f"run_{letter * 32}") for letter in "abcde"]
    statuses_ = [(await statuses(agent, 1, run=agent.run))[0] for agent in agents]
    assert statuses_ == [200, 200, 200, 429, 429]


async def test_the_cap_of_an_address_holds_for_whoever_comes_from_it(
    world: World, version: str
) -> None:
    await world.guide(1)
    at = limited(address_calls_per_minute=6)
    agents = [Agent(at, version=version, tracking_id=f"u{n}") for n in range(8)]
    results = [(await statuses(agent, 1))[0] for agent in agents]
    assert results == [200] * 6 + [429] * 2
    elsewhere = Agent(at, version=version, tracking_id="u7", client_address="198.51.100.7")
    assert await statuses(elsewhere, 1) == [200]


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT", "OPTIONS"])
async def test_the_cap_of_an_address_holds_for_every_method_and_slug(
    world: World, method: str
) -> None:
    at = limited(address_calls_per_minute=3)
    for slug in ("acme-docs", "nowhere-at-all", "acme-docs"):
        assert (await Agent(at, slug=slug).send(method)).status_code != 429
    for slug in ("acme-docs", "nowhere-at-all"):
        assert_limited(await Agent(at, slug=slug).send(method), None)


async def test_over_the_cap_of_an_address_nothing_is_asked_of_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = limited(address_calls_per_minute=1)
    agent = Agent(at, tracking_id="ann")
    assert await statuses(agent, 1) == [200]
    before = await dump(world.owner)
    asked: list[str] = []

    async def ask(slug: str) -> None:
        asked.append(slug)

    monkeypatch.setattr(at._directory, "by_slug", ask)
    assert await statuses(agent, 3) == [429] * 3
    assert asked == []
    assert await dump(world.owner) == before


async def test_a_call_over_the_limit_counts_in_the_metrics_alone(world: World) -> None:
    at = limited(calls_per_minute=1)
    agent = await caller(at)
    assert await statuses(agent, 3) == [200, 429, 429]
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == 1
    told = at._metrics.exposition().decode().splitlines()
    assert 'mcplatform_limiter_refused_total{limit="end_user"} 2.0' in told
    assert 'mcplatform_tool_calls_total{outcome="refused",tool="get_next_step"} 1.0' in told
