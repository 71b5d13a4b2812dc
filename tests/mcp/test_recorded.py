"""One row a call: product.md §4."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.mcp.tool_cases import REFUSABLE, TOOLS, filled, ready, record_of, rows_after
from tests.support.agent import HANDSHAKE, Agent, endpoint
from tests.support.tables import dump
from tests.support.world import Guide, World


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_call_that_goes_well_is_one_row(
    world: World, guide: Guide, version: str, tool: str
) -> None:
    agent = await ready(guide, tool, version)
    arguments = filled(TOOLS[tool].good, guide)
    answer, row = await record_of(world, agent, tool, arguments)
    assert answer.json()["result"]["isError"] is False
    assert row["outcome"] == "ok"
    if tool != "list_walkthroughs":  # which needs nobody
        assert row["end_user_id"] == await world.owner.fetchval("SELECT id FROM end_user")
        assert row["session_id"] == await world.owner.fetchval("SELECT id FROM session")


@pytest.mark.parametrize("tool", REFUSABLE)
async def test_a_call_that_is_refused_is_one_row(
    world: World, guide: Guide, version: str, tool: str
) -> None:
    agent = await ready(guide, tool, version)
    arguments = filled(TOOLS[tool].refused or {}, guide)
    answer, row = await record_of(world, agent, tool, arguments)
    assert row["outcome"] == "refused"
    body = answer.json()
    assert "error" in body or body["result"]["isError"] is True


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_call_with_bad_arguments_is_one_row(
    world: World, guide: Guide, version: str, tool: str
) -> None:
    agent = await ready(guide, tool, version)
    before = await dump(world.owner)
    answer, row = await record_of(world, agent, tool, filled(TOOLS[tool].bad, guide))
    assert row["outcome"] == "error"
    assert answer.json()["result"]["structuredContent"]["kind"] == "invalid"
    after = await dump(world.owner)
    assert {**after, "tool_call": []} == {**before, "tool_call": []}


async def test_each_of_many_calls_at_once_is_one_row(world: World, guide: Guide) -> None:
    agents = [Agent(tracking_id=f"u{number}") for number in range(10)]
    await asyncio.gather(*(agent.call("start_walkthrough") for agent in agents for _ in range(5)))
    rows = await world.owner.fetch(
        "SELECT end_user_id, count(*) AS calls FROM tool_call GROUP BY 1"
    )
    assert [row["calls"] for row in rows] == [5] * 10


async def test_a_call_that_the_protocols_schema_refuses_is_one_row(
    world: World, guide: Guide, version: str
) -> None:
    agent = await ready(guide, "start_walkthrough", version)
    params = {"name": "start_walkthrough", "arguments": {}, "task": 5}
    answer, rows = await rows_after(world, lambda: agent.post("tools/call", params))
    assert len(rows) == 1
    assert rows[0]["outcome"] == ("refused" if "error" in answer.json() else "ok")


async def test_what_is_no_call_of_a_tool_leaves_no_row(
    world: World, guide: Guide, version: str
) -> None:
    agent = Agent(version=version, tracking_id="ann")
    for method, params in (
        ("tools/call", {"name": "no_such_tool", "arguments": {}}),
        ("tools/call", {"arguments": {}}),
        ("tools/call", {}),
        ("tools/list", {}),
        ("ping", {}),
        ("resources/list", {}),
    ):
        await agent.post(method, params)
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == 0


async def test_the_input_is_kept_as_far_as_a_log_should(world: World, guide: Guide) -> None:
    agent = Agent(tracking_id="ann")
    inputs: list[dict[str, Any]] = [
        {"name": "nul\0and\\u0000"},
        {"name": "x" * 9_000},
        {"name": {"deep": [[[[["x"]]]]]}},
        {"name": 10**30},
        {"name": -0.0},
        {"name": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
    ]
    kept = []
    for given in inputs:
        params = {"name": "start_walkthrough", "arguments": given}
        _, (row,) = await rows_after(world, lambda: agent.post("tools/call", params))  # noqa: B023 - awaited at once
        kept.append(msgspec.json.decode(row["input"]))
    assert kept == [
        {"name": "nul\ufffdand\\ufffd"},
        {"omitted": "9011 bytes"},
        *inputs[2:],
    ]


async def test_metrics_count_each_call_by_its_outcome(world: World, guide: Guide) -> None:
    at = endpoint()
    agent = Agent(at, tracking_id="ann", version=HANDSHAKE)
    await agent.call("start_walkthrough")
    await agent.call("get_next_step", currentStepId=guide.steps[0])
    await agent.call("get_next_step", currentStepId="ws_none")
    await agent.call("get_next_step", currentStepId=3)
    await agent.error("no_such_tool")
    told = at._metrics.exposition().decode()
    for line in (
        'mcplatform_tool_calls_total{outcome="ok",tool="start_walkthrough"} 1.0',
        'mcplatform_tool_calls_total{outcome="ok",tool="get_next_step"} 1.0',
        'mcplatform_tool_calls_total{outcome="refused",tool="get_next_step"} 1.0',
        'mcplatform_tool_calls_total{outcome="error",tool="get_next_step"} 1.0',
        'mcplatform_tool_calls_total{outcome="unknown",tool="other"} 1.0',
        "mcplatform_walkthroughs_started_total 1.0",
        "mcplatform_steps_completed_total 1.0",
        "mcplatform_sessions_started_total 1.0",
    ):
        assert line in told.splitlines()
