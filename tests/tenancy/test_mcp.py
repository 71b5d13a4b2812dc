"""The manifest of the MCP plane: the ids that a stranger brings read as if they did not exist.

Every tool has a call with another organization's ids in each argument that takes one, and every
form of request has one with another organization's session. A second test finds what is missing.
"""

from itertools import product
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from app.mcp.tools import TOOLS
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.tables import dump
from tests.tenancy.tenants import HELP, Tenant

# What stands in a call for an id of the victim's; the made-up ids have the same form.
MADE_UP = {
    "{walkthrough}": "wt_" + "a" * 16,
    "{step}": "ws_" + "a" * 16,
    "{title}": "No such course",
    "{run}": "run_" + "a" * 32,
}

MANIFEST: dict[str, list[dict[str, Any]]] = {
    "start_walkthrough": [
        {"name": "{walkthrough}"},
        {"name": "{walkthrough}", "restart": True},
        {"name": "{title}"},
        {"name": "{walkthrough}", "run": "{run}"},
        {"run": "{run}"},
    ],
    "get_next_step": [
        {"currentStepId": "{step}"},
        {"currentStepId": "{step}", "run": "{run}"},
        {"run": "{run}"},
    ],
    "list_walkthroughs": [{}],
    "select_walkthrough": [
        {"walkthrough_id": "{walkthrough}"},
        {"walkthrough_id": "{walkthrough}", "resume_if_exists": False},
        {"walkthrough_id": "{walkthrough}", "run": "{run}"},
    ],
    "next_walkthrough_step": [
        {"current_step_id": "{step}"},
        {"walkthrough_id": "{walkthrough}"},
        {"walkthrough_id": "{walkthrough}", "current_step_id": "{step}"},
        {"run": "{run}", "current_step_id": "{step}"},
    ],
    "get_walkthrough_status": [
        {"walkthrough_id": "{walkthrough}"},
        {"walkthrough_id": "{walkthrough}", "run": "{run}"},
    ],
    "reset_walkthrough_progress": [
        {"walkthrough_id": "{walkthrough}", "confirm": True},
        {"walkthrough_id": "{walkthrough}", "confirm": False},
        {"walkthrough_id": "{walkthrough}", "confirm": True, "run": "{run}"},
    ],
    "get_support": [
        {**HELP, "email": "me@okapi.example", "run": "{run}"},
        {**HELP, "problemContext": "Quetzal context", "email": "ann@quetzal.example"},
        {**HELP, "run": "{run}"},
    ],
}
NO_IDS = {
    "restart",
    "resume_if_exists",
    "confirm",
    "title",
    "problemDescription",
    "problemContext",
    "email",
}


def ids_of(victim: Tenant) -> dict[str, str]:
    return {
        "{walkthrough}": victim.guide.id,
        "{step}": victim.guide.steps[1],
        "{title}": victim.guide.title,
        "{run}": victim.run,
    }


def filled(arguments: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    return {name: ids.get(value, value) for name, value in arguments.items()}


def without(text: str, ids: dict[str, str]) -> str:
    """The text with placeholders for the ids."""
    for place, value in ids.items():
        text = text.replace(value, place)
    return text


async def victims_rows(owner: asyncpg.Connection, victim: Tenant) -> list[Any]:
    return [await dump(owner, owner_id=one) for one in (victim.organization_id, victim.user_id)]


def secrets(victim: Tenant) -> list[str]:
    """What must stand in no answer to a stranger."""
    return [
        "quetzal",
        victim.organization_id,
        victim.world.server_id,
        victim.session_id,
        victim.plain_session_id,
        *victim.guide.steps,
    ]


def strangers(stranger: Tenant, version: str) -> list[Agent]:
    """Callers of the stranger's server; Ann has the same tracking id in both organizations."""
    return [
        stranger.agent(version=version, tracking_id="ann"),
        stranger.agent(version=version, tracking_id="zoe"),
        stranger.agent(version=version),
    ]


@pytest.mark.parametrize("tool", MANIFEST)
async def test_another_organizations_ids_read_as_if_they_did_not_exist(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection, tool: str
) -> None:
    before = await victims_rows(owner, victim)
    theirs = ids_of(victim)
    for version, arguments in product((HANDSHAKE, STATELESS), MANIFEST[tool]):
        callers = zip(strangers(stranger, version), strangers(stranger, version), strict=True)
        for caller, other in callers:
            params = {"name": tool, "arguments": filled(arguments, theirs)}
            response = await caller.post("tools/call", params)
            told = without(response.text, theirs)
            for secret in secrets(victim):
                assert secret not in told.lower(), (arguments, told)
            if tool != "get_support":  # which counts: every ticket has a number of its own
                params = {"name": tool, "arguments": filled(arguments, MADE_UP)}
                expected = await other.post("tools/call", params)
                assert response.status_code == expected.status_code
                assert same(told) == same(without(expected.text, MADE_UP))
    assert await victims_rows(owner, victim) == before


def same(told: str) -> Any:
    """An answer but for the run handle that each anonymous start is given."""
    body = msgspec.json.decode(told)
    run = body.get("result", {}).get("structuredContent", {}).get("run")
    return msgspec.json.decode(told.replace(run, "{own run}")) if run else body


async def test_every_tool_and_every_argument_that_takes_an_id_is_in_the_manifest(
    stranger: Tenant,
) -> None:
    listed = (await stranger.agent().post("tools/list")).json()["result"]["tools"]
    assert {tool["name"] for tool in listed} == set(TOOLS) == set(MANIFEST)
    for tool in listed:
        tried = {name for arguments in MANIFEST[tool["name"]] for name in arguments}
        missing = set(tool["inputSchema"]["properties"]) - tried - NO_IDS
        assert missing == set(), tool["name"]


async def test_a_tracking_id_that_two_organizations_know_is_two_end_users(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    before = await victims_rows(owner, victim)
    for version in (HANDSHAKE, STATELESS):
        ann = stranger.agent(version=version, tracking_id="ann")
        for guide in stranger.world.guides:
            for step in guide.steps:
                await ann.call("start_walkthrough", name=guide.id)
                await ann.call("get_next_step", currentStepId=step)
        await ann.call("reset_walkthrough_progress", walkthrough_id=guide.id, confirm=True)
    assert await victims_rows(owner, victim) == before
    rows = await owner.fetch("SELECT organization_id FROM end_user WHERE tracking_id = 'ann'")
    assert {row["organization_id"] for row in rows} == {
        victim.organization_id,
        stranger.organization_id,
    }


async def test_tickets_are_counted_and_repeated_within_one_organization(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    before = await victims_rows(owner, victim)
    ann = stranger.agent(tracking_id="bob")
    same_content = {**HELP, "problemContext": "Quetzal context", "email": "ann@quetzal.example"}
    first = await ann.call("get_support", **same_content)
    assert first["structuredContent"]["ticket"]["isRepeat"] is False
    assert first["structuredContent"]["ticket"]["number"] == 2  # after Ann's own
    assert await victims_rows(owner, victim) == before


MESSAGES: dict[str, dict[str, Any]] = {
    "call": {"id": 1, "method": "tools/call", "params": {"name": "list_walkthroughs"}},
    "start": {"id": 1, "method": "tools/call", "params": {"name": "start_walkthrough"}},
    "unknown tool": {"id": 1, "method": "tools/call", "params": {"name": "none"}},
    "list": {"id": 1, "method": "tools/list"},
    "ping": {"id": 1, "method": "ping"},
    "notification": {"method": "notifications/initialized"},
    "end": {},
}


async def with_session(agent: Agent, session_id: str, message: dict[str, Any]) -> httpx.Response:
    """A request that names a session; without a message, its end."""
    headers = {"content-type": "application/json", "mcp-session-id": session_id}
    if not message:
        return await agent.send("DELETE", headers=headers)
    content = msgspec.json.encode({"jsonrpc": "2.0", **message})
    return await agent.send("POST", headers=headers, content=content)


@pytest.mark.parametrize("form", MESSAGES)
async def test_another_organizations_session_reads_as_if_it_did_not_exist(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection, form: str
) -> None:
    before = await dump(owner)
    made_up = "mcps_" + "a" * 32
    for tracking_id in (None, "ann", "zoe"):
        agent = stranger.agent(tracking_id=tracking_id)
        expected = await with_session(agent, made_up, MESSAGES[form])
        assert expected.status_code == 404
        for session_id in (victim.session_id, victim.plain_session_id):
            refused = await with_session(agent, session_id, MESSAGES[form])
            assert (refused.status_code, refused.content, refused.headers) == (
                expected.status_code,
                expected.content,
                expected.headers,
            )
    assert await dump(owner) == before


async def test_a_session_that_is_begun_with_anothers_id_is_ones_own(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    before = await victims_rows(owner, victim)
    agent = stranger.agent(tracking_id="ann", session_id=victim.session_id)
    await agent.initialize()
    assert agent.session_id != victim.session_id
    (row,) = await stranger.world.rows(
        "SELECT organization_id, end_user_id FROM session WHERE id = $1", agent.session_id
    )
    assert row == (stranger.organization_id, None)
    assert await victims_rows(owner, victim) == before


async def test_the_page_for_people_tells_of_its_own_server_only(
    victim: Tenant, stranger: Tenant
) -> None:
    for tracking_id in (None, "ann"):
        page = await stranger.agent(tracking_id=tracking_id).send(
            "GET", headers={"accept": "text/html", "mcp-session-id": victim.session_id}
        )
        assert page.text.startswith("<h1>Okapi Docs</h1>")
        assert "quetzal" not in page.text.lower()


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_what_a_server_says_of_itself_tells_of_no_other(
    victim: Tenant, stranger: Tenant, version: str
) -> None:
    agent = stranger.agent(version=version)
    methods = ["tools/list", "server/discover" if agent.is_stateless else "ping"]
    for method in methods:
        assert "quetzal" not in (await agent.post(method)).text.lower()
    if not agent.is_stateless:
        assert "quetzal" not in str(await agent.initialize()).lower()
