"""Whatever is sent to the endpoint, it answers in order, tells nothing, and loses nothing."""

import asyncio
import re
from typing import Any

import jsonschema
import msgspec
import pytest

from app.core.enums import AuthType, Toolset
from app.mcp.address import McpAddress
from app.models.engine import DB
from tests.mcp.garbage import Attack, Attacker
from tests.support.agent import STATELESS, URL, Agent, endpoint
from tests.support.exchange import Answered, exchange
from tests.support.scale import scaled
from tests.support.world import World

ATTACKS = scaled(1_300)  # on each of four servers
ANSWER_SECONDS = 5
EXPECTED_STATUSES = {200, 202, 204, 400, 403, 404, 405, 406, 413, 415}
INTERNAL = re.compile(
    r"Traceback|\b[A-Z]\w+(?:Error|Exception)\b|line \d+, in|site-packages|/app/|\.py\b"
    r"|asyncpg|pydantic|msgspec|piccolo|litestar|psycopg|postgres|input_value|validation error"
    r"|SELECT |INSERT |UPDATE |syntax error|violates|constraint|relation \"|invalid byte sequence"
    r"|tool_call|run_handle|end_user|ticket_counter|organization_id|server_id|app\.org"
)


async def attacker(world: World, seed: int) -> tuple[Attacker, dict[str, Any]]:
    """Somebody who knows the server well, and its tools' output schemas."""
    guides = [await world.guide(3), await world.guide(2, title="Second")]
    steps = tuple(step for guide in guides for step in guide.steps)
    handshake, stateless = Agent(), Agent(version=STATELESS)
    await handshake.initialize()
    listed = (await handshake.post("tools/list")).json()["result"]["tools"]
    for agent in (handshake, stateless):
        await agent.call("start_walkthrough", name="Second")
    known = {
        "name": (*(guide.id for guide in guides), "Getting started", "second"),
        "walkthrough_id": tuple(guide.id for guide in guides),
        "currentStepId": steps,
        "current_step_id": steps,
        "run": (stateless.run,),
        "email": ("ada@example.com",),
        **dict.fromkeys(("restart", "resume_if_exists", "confirm"), (True, False)),
    }
    sessions = (handshake.session_id or "",) * 8 + ("mcps_" + "a" * 32, "x", "")
    inputs = {tool["name"]: tool["inputSchema"] for tool in listed}
    return Attacker(seed, inputs, known, sessions), {
        tool["name"]: tool["outputSchema"] for tool in listed
    }


@pytest.mark.parametrize("toolset", [Toolset.COMPACT, Toolset.BOTH])
@pytest.mark.parametrize("auth_type", [AuthType.NONE, AuthType.COLLECT_EMAIL])
async def test_garbage_is_answered_in_order(
    world: World, toolset: Toolset, auth_type: AuthType
) -> None:
    await world.change_server(walkthrough_toolset=toolset.value, auth_type=auth_type.value)
    somebody, outputs = await attacker(world, seed=len(toolset) * len(auth_type))
    validators = {name: jsonschema.Draft202012Validator(schema) for name, schema in outputs.items()}
    ours = endpoint()
    rows = await row_count(world)
    for attack in somebody.attacks(ATTACKS):
        answered = await sent(ours, attack)
        request = message_in(attack)
        assert faults(attack, answered) == [], shown(attack, answered)
        added = await row_count(world) - rows
        assert added == rows_due(request, answered, outputs), shown(attack, answered)
        rows += added
        if added and "result" in answered.json:
            validators[request["params"]["name"]].validate(
                answered.json["result"]["structuredContent"]
            )
    assert DB.pool is not None
    assert DB.pool.get_idle_size() == DB.pool.get_size()
    assert (await Agent().call("start_walkthrough", name="Second"))["isError"] is False


async def sent(ours: Any, attack: Attack) -> Answered:
    """What the endpoint answers, in time."""
    address = McpAddress("acme-docs", attack.tracking_id, "203.0.113.9", URL)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await ours(scope, receive, send, address=address)

    async with asyncio.timeout(ANSWER_SECONDS):
        return await exchange(app, attack.body, attack.headers, method=attack.method)


async def row_count(world: World) -> int:
    """How many tool calls are recorded."""
    return int(await world.owner.fetchval("SELECT count(*) FROM tool_call"))


def message_in(attack: Attack) -> Any:
    """The JSON-RPC message; {} for what is none."""
    try:
        message = msgspec.json.decode(attack.body) if attack.method == "POST" else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def faults(attack: Attack, answered: Answered) -> list[str]:
    """What is wrong with an answer."""
    found = []
    if answered.status not in EXPECTED_STATUSES:
        found.append(f"status {answered.status}")
    told = answered.body.decode() + repr(answered.headers)
    if INTERNAL.search(told):
        found.append(f"tells {INTERNAL.findall(told)}")
    error = answered.json.get("error") if answered.json else None
    if error and (error["code"] in {-32603, 0} or not error["message"]):
        found.append(f"error {error}")
    if answered.json and ("result" in answered.json) == ("error" in answered.json):
        found.append("neither a result nor an error")
    if answered.status == 200 and attack.method == "POST":
        request_id = message_in(attack).get("id")
        if answered.json["id"] != request_id:
            found.append(f"id {answered.json['id']!r} for {request_id!r}")
    return found


def rows_due(request: dict[str, Any], answered: Answered, tools: dict[str, Any]) -> int:
    """How many rows the call must have: one, if it came as far as a tool of this server."""
    params = request.get("params")
    if request.get("method") != "tools/call" or not isinstance(params, dict) or not answered.json:
        return 0
    name = params.get("name")
    if not isinstance(name, str) or name not in tools:
        return 0
    if "result" in answered.json:
        return 1
    error = answered.json["error"]
    is_of_the_envelope = error["message"].startswith("params._meta")
    return int(error["code"] == -32602 and not is_of_the_envelope)


def shown(attack: Attack, answered: Answered) -> str:
    """Enough of both to see what happened."""
    headers = [(name, value[:100]) for name, value in attack.headers]
    asked = f"{attack.method} {headers}\n{attack.body[:2000]!r}"
    return f"{asked}\n{answered.status} {answered.body[:2000]!r}"
