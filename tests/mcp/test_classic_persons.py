"""Classic tools need a person, whom the server knows in its own way: product.md §4."""

from typing import Any

import pytest

from tests.mcp.classic import ann, in_classic_words
from tests.mcp.twins import facts, presented, texts
from tests.support.agent import STATELESS, Agent
from tests.support.tables import dump
from tests.support.world import World

NEEDS_A_PERSON: dict[str, dict[str, Any]] = {
    "select_walkthrough": {"walkthrough_id": "{id}"},
    "next_walkthrough_step": {},
    "get_walkthrough_status": {"walkthrough_id": "{id}"},
    "reset_walkthrough_progress": {"walkthrough_id": "{id}", "confirm": True},
}


@pytest.mark.parametrize("tool", NEEDS_A_PERSON)
async def test_a_bare_session_is_not_enough(classic: World, version: str, tool: str) -> None:
    guide = await classic.guide(2)
    agent = Agent(version=version)
    if version != STATELESS:
        await agent.initialize()
    before = await dump(classic.owner)
    arguments = {
        name: value.format(id=guide.id) if isinstance(value, str) else value
        for name, value in NEEDS_A_PERSON[tool].items()
    }
    answer = await agent.call(tool, **arguments)
    assert answer["isError"] is True
    assert facts(answer) == {
        "kind": "refused",
        "errors": [
            {
                "field": None,
                "message": "Authentication required.",
                "code": "authentication_required",
            }
        ],
        "nextAction": None,
    }
    (text,) = texts(answer)
    assert text.startswith("Authentication required. ")
    assert "/api/mcpserver/{trackingId}/mcp" in text
    after = await dump(classic.owner)
    assert {**after, "tool_call": []} == before
    assert await classic.rows("SELECT tool, outcome FROM tool_call") == [(tool, "refused")]


@pytest.mark.parametrize("tool", NEEDS_A_PERSON)
async def test_a_server_that_collects_addresses_asks_for_one(
    classic: World, version: str, tool: str
) -> None:
    await classic.change_server(auth_type="collect_email")
    guide = await classic.guide(2)
    arguments = {
        name: value.format(id=guide.id) if isinstance(value, str) else value
        for name, value in NEEDS_A_PERSON[tool].items()
    }
    answer = await Agent(version=version).call(tool, **arguments)
    assert facts(answer)["errors"] == [
        {
            "field": "email",
            "message": "Authentication required.",
            "code": "authentication_required",
        }
    ]
    assert "e-mail address" in texts(answer)[0]


async def test_an_address_is_asked_for_once(classic: World, version: str) -> None:
    await classic.change_server(auth_type="collect_email")
    guide = await classic.guide(2)
    agent = Agent(version=version)
    begun = await agent.call("select_walkthrough", walkthrough_id=guide.id, email="ann@acme.com")
    assert facts(begun) == in_classic_words(presented(guide, 1, done=0, percent=0))
    for tool, arguments in NEEDS_A_PERSON.items():
        given = {
            name: value.format(id=guide.id) if isinstance(value, str) else value
            for name, value in arguments.items()
        }
        assert (await agent.call(tool, **given))["isError"] is False
    rows = await classic.rows("SELECT email, email_verified FROM end_user")
    assert rows == [("ann@acme.com", False)]


async def test_a_tracking_id_is_a_person_where_addresses_are_collected_too(
    classic: World, version: str
) -> None:
    await classic.change_server(auth_type="collect_email")
    guide = await classic.guide(2)
    answer = await ann(version).call("select_walkthrough", walkthrough_id=guide.id)
    assert answer["isError"] is False


async def test_an_address_known_from_support_is_a_person_where_addresses_are_collected(
    classic: World,
) -> None:
    guide = await classic.guide(2)
    agent = Agent()
    await agent.call("get_support", title="a", problemDescription="b", email="ann@acme.com")
    refused = await agent.call("select_walkthrough", walkthrough_id=guide.id)
    assert facts(refused)["errors"][0]["code"] == "authentication_required"
    await classic.change_server(auth_type="collect_email")
    answer = await agent.call("select_walkthrough", walkthrough_id=guide.id)
    assert answer["isError"] is False
