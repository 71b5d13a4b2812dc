"""Unknown tools and arguments at fault: product.md §4, through the whole path."""

import pytest

from tests.support.agent import STATELESS, Agent
from tests.support.tables import dump
from tests.support.world import World


@pytest.mark.parametrize("tool", ["start_walkthrough", "select_walkthrough"])
async def test_an_email_is_no_argument_where_the_server_collects_none(
    world: World, version: str, tool: str
) -> None:
    guide = await world.guide(1)
    await world.change_server(walkthrough_toolset="both")
    arguments = {"walkthrough_id": guide.id} if tool == "select_walkthrough" else {}
    answer = await Agent(version=version, tracking_id="ann").call(
        tool, email="a@acme.com", **arguments
    )
    errors = answer["structuredContent"]["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [("email", "unknown_field")]
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 0


@pytest.mark.parametrize("name", ["no_such_tool", "START_WALKTHROUGH", "", "x" * 500, "a\nb\0c"])
async def test_an_unknown_tool_is_told_apart_and_leaves_no_trace(world: World, name: str) -> None:
    await world.guide(1)
    agent = Agent()
    await agent.initialize()
    before = await dump(world.owner)
    error = await agent.error(name)
    shown = {"a\nb\0c": "a?b?c"}.get(name, name)[:64]
    tools = "start_walkthrough, get_next_step, get_support"
    assert error == {
        "code": -32602,
        "message": f"There is no tool '{shown}' on this server. Its tools: {tools}.",
        "data": {"details": "Unknown tool"},
    }
    assert await dump(world.owner) == before


async def test_an_unknown_tool_of_the_stateless_era_is_told_the_same(world: World) -> None:
    await world.guide(1)
    before = await dump(world.owner)
    agent = Agent(version=STATELESS)
    response = await agent.post("tools/call", {"name": "no_such_tool", "arguments": {}})
    assert response.status_code == 400
    assert response.json()["error"]["data"] == {"details": "Unknown tool"}
    assert await dump(world.owner) == before


@pytest.mark.parametrize("arguments", [5, "x", [1], [], True])
async def test_arguments_that_are_no_object_are_refused(
    world: World, version: str, arguments: object
) -> None:
    await world.guide(1)
    agent = Agent(version=version, tracking_id="ann")
    params = {"name": "start_walkthrough", "arguments": arguments}
    error = (await agent.post("tools/call", params)).json()["error"]
    assert error == {
        "code": -32602,
        "message": "The arguments of start_walkthrough must be a JSON object.",
        "data": {"details": "Arguments are not an object"},
    }
    assert await world.rows("SELECT tool, outcome FROM tool_call") == [
        ("start_walkthrough", "refused")
    ]


@pytest.mark.parametrize(
    ("tool", "arguments", "faults"),
    [
        (
            "start_walkthrough",
            {"name": 5, "restart": "yes", "nam": "x"},
            {"name": "wrong_type", "restart": "wrong_type", "nam": "unknown_field"},
        ),
        ("start_walkthrough", {"name": "x" * 201}, {"name": "too_long"}),
        ("get_next_step", {"current_step_id": "x"}, {"current_step_id": "unknown_field"}),
        ("get_next_step", {"currentStepId": "a\0b"}, {"currentStepId": "invalid_characters"}),
        ("list_walkthroughs", {"run": "x"}, {"run": "unknown_field"}),
        ("select_walkthrough", {}, {"walkthrough_id": "required"}),
        (
            "select_walkthrough",
            {"walkthrough_id": "", "resume_if_exists": 1},
            {"walkthrough_id": "too_short", "resume_if_exists": "wrong_type"},
        ),
        ("next_walkthrough_step", {"currentStepId": "x"}, {"currentStepId": "unknown_field"}),
        ("get_walkthrough_status", {"walkthrough_id": 5}, {"walkthrough_id": "wrong_type"}),
        (
            "reset_walkthrough_progress",
            {"confirm": "true"},
            {"walkthrough_id": "required", "confirm": "wrong_type"},
        ),
        (
            "get_support",
            {
                "title": "x" * 201,
                "problemDescription": "x" * 2001,
                "problemContext": "x" * 1001,
                "email": "nobody",
            },
            {
                "title": "too_long",
                "problemDescription": "too_long",
                "problemContext": "too_long",
                "email": "invalid_email",
            },
        ),
        (
            "get_support",
            {"title": "  ", "priority": "high"},
            {"title": "too_short", "problemDescription": "required", "priority": "unknown_field"},
        ),
    ],
)
async def test_every_argument_at_fault_is_named_and_nothing_is_done(
    world: World, version: str, tool: str, arguments: dict[str, object], faults: dict[str, str]
) -> None:
    await world.guide(2)
    await world.change_server(walkthrough_toolset="both")
    agent = Agent(version=version, tracking_id="ann")
    if not agent.is_stateless:
        await agent.initialize()
    before = await dump(world.owner)
    answer = await agent.call(tool, **arguments)
    assert answer["isError"] is True
    assert answer["structuredContent"]["kind"] == "invalid"
    errors = answer["structuredContent"]["errors"]
    assert {error["field"]: error["code"] for error in errors} == faults
    for error in errors:
        assert error["field"] in error["message"]
        assert error["message"] in answer["content"][0]["text"]
    after = await dump(world.owner)
    (call,) = await world.rows("SELECT tool, outcome FROM tool_call")
    assert tuple(call) == (tool, "error")
    assert {**after, "tool_call": []} == before


async def test_a_null_is_an_argument_left_out(world: World, version: str) -> None:
    guide = await world.guide(1)
    agent = Agent(version=version, tracking_id="ann")
    answer = await agent.call("start_walkthrough", name=None, restart=None, run=None)
    assert answer["structuredContent"]["step"]["id"] == guide.steps[0]
