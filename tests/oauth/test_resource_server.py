"""The MCP address as a protected resource: RFC 6750, RFC 9728, and who calls with a token."""

from typing import Any

import httpx
import pytest

from app.core.enums import AuthType
from tests.support.agent import HANDSHAKE, STATELESS, Agent, endpoint
from tests.support.logins import Door, code_in, door
from tests.support.oauth_site import MCP_URL, Site
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.world import Guide, World, make_world

ANN, BOB = "ann@acme.test", "bob@acme.test"
CHALLENGE = (
    'Bearer resource_metadata="http://acme-docs.localhost:8000/.well-known/'
    'oauth-protected-resource/api/mcpserver/mcp", scope="openid profile email"'
)
HELP = {"title": "It fails", "problemDescription": "Error 42"}
INITIALIZE: dict[str, Any] = {
    "protocolVersion": HANDSHAKE,
    "capabilities": {},
    "clientInfo": {"name": "t", "version": "1"},
}


@pytest.fixture
async def guide(here: Door, world: World) -> Guide:
    """A walkthrough on the server, which has all tools."""
    await world.change_server(walkthrough_toolset="both")
    return await world.guide(3)


async def token_of(here: Door, who: str = ANN, **asking: Any) -> str:
    """An access token of somebody who has just logged in."""
    return (await here.tokens(who, **asking)).access.reveal()


async def connected(here: Door, who: str = ANN, version: str = HANDSHAKE, **told: Any) -> Agent:
    """The agent of somebody who has just logged in."""
    agent = Agent(token=await token_of(here, who), version=version, **told)
    if not agent.is_stateless:
        await agent.initialize()
    return agent


async def person(world: World, email: str) -> str:
    """The id of the end user with this verified address."""
    rows = await world.rows("SELECT id FROM end_user WHERE email = $1 AND email_verified", email)
    assert len(rows) == 1
    return str(rows[0][0])


async def attempts(agent: Agent) -> list[httpx.Response]:
    """What each kind of request is answered with."""
    told = [await agent.post("initialize", INITIALIZE)] if not agent.is_stateless else []
    told += [await agent.post(method) for method in ("tools/list", "ping", "no/such/method")]
    told.append(await agent.post("tools/call", {"name": "start_walkthrough", "arguments": {}}))
    told.append(await agent.post("tools/call", {"name": "get_support", "arguments": HELP}))
    told.append(
        await agent.send(
            "POST",
            headers=agent.headers("notifications/initialized", {}),
            content=b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        )
    )
    return told


# 401


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_a_token_that_is_not_good_opens_nothing_and_nothing_is_written(
    here: Door, world: World, people: Reception, guide: Guide, version: str
) -> None:
    other = await door(
        await make_world(world.owner, slug="other-docs", auth_type=AuthType.PLATFORM_OAUTH), people
    )
    expired, ended = await here.tokens(ANN), await here.tokens(BOB)
    assert expired.refresh is not None
    await world.owner.execute(
        "UPDATE oauth_token SET expires_at = now() - interval '1 second' WHERE grant_id ="
        " (SELECT grant_id FROM oauth_token ORDER BY created_at LIMIT 1) AND kind = 'access'"
    )
    await world.owner.execute(
        "UPDATE oauth_grant SET revoked_at = now() WHERE created_at ="
        " (SELECT max(created_at) FROM oauth_grant)"
    )
    code = code_in(await here.logged_in(ANN))
    tokens = {
        "garbage": "garbage",
        "a token of nobody": "mcpa_" + "a" * 56,
        "another server's": (await other.tokens(ANN)).access.reveal(),
        "a refresh token": expired.refresh.reveal(),
        "a code": code,
        "expired": expired.access.reveal(),
        "revoked": ended.access.reveal(),
    }
    before = await dump(world.owner)
    for name, token in tokens.items():
        for response in await attempts(Agent(token=token, version=version)):
            assert response.status_code == 401, name
            challenge = response.headers["www-authenticate"]
            assert challenge.startswith(f'{CHALLENGE}, error="invalid_token"'), name
            assert token not in response.text + challenge
    assert await dump(world.owner) == before


async def test_what_is_no_bearer_token_is_as_good_as_none(here: Door, world: World) -> None:
    good = await token_of(here)
    before = await dump(world.owner)
    for value in ("", "Bearer", "Bearer ", f"Basic {good}", good, f"Bearer {good} x"):
        headers = {"authorization": value, "content-type": "application/json"}
        response = await Agent().send("POST", headers=headers, content=b"{}")
        assert (response.status_code, response.headers["www-authenticate"]) == (401, CHALLENGE)
    assert await dump(world.owner) == before


async def test_a_token_in_the_address_does_not_count(site: Site, here: Door) -> None:
    response = await site.send(
        "POST",
        "/api/mcpserver/mcp",
        params={"access_token": await token_of(here)},
        json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
    )
    assert response.status_code == 401


async def test_of_two_tokens_none_counts(here: Door) -> None:
    token = await token_of(here)
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    headers: Any = [("authorization", f"Bearer {token}"), ("authorization", "Bearer other")]
    response = await Agent().send("POST", headers=headers, content=body)
    assert response.status_code == 401


async def test_the_scheme_is_known_in_any_case(here: Door) -> None:
    headers = {"authorization": f"bEARER {await token_of(here)}"}
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert (await Agent().send("POST", headers=headers, content=body)).status_code == 200


async def test_the_challenge_leads_to_the_metadata_of_the_very_address(site: Site) -> None:
    for path in ("/api/mcpserver/mcp", "/api/mcpserver/user-1/mcp"):
        refused = await site.send("POST", path, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert refused.status_code == 401
        url = refused.headers["www-authenticate"].partition('resource_metadata="')[2]
        told = (await site.get(url.partition('"')[0])).json()
        assert told["resource"] == f"{MCP_URL.removesuffix('/api/mcpserver/mcp')}{path}"
        servers = told["authorization_servers"]
        metadata = await site.get(f"{servers[0]}/.well-known/oauth-authorization-server")
        assert metadata.json()["issuer"] == servers[0]


async def test_a_script_of_an_allowed_page_may_read_the_challenge(site: Site) -> None:
    response = await site.send(
        "POST", "/api/mcpserver/mcp", headers={"origin": "http://localhost:6274"}, json={}
    )
    assert response.status_code == 401
    assert "www-authenticate" in response.headers["access-control-expose-headers"]


async def test_a_browser_is_still_told_how_to_connect(site: Site) -> None:
    response = await site.get("/api/mcpserver/mcp", headers={"accept": "text/html"})
    assert (response.status_code, "Acme Docs" in response.text) == (200, True)


async def test_a_token_changes_nothing_on_a_server_without_logins(
    here: Door, world: World, guide: Guide
) -> None:
    token = await token_of(here)
    await world.change_server(auth_type="none")
    for told in (token, "garbage"):
        agent = Agent(token=told)
        await agent.initialize()
        assert (await agent.call("start_walkthrough"))["structuredContent"]["kind"] == "step"
        assert (await agent.call("get_walkthrough_status", walkthrough_id=guide.id))["isError"]


# 403


async def test_support_needs_a_login_that_was_asked_for_the_address(
    here: Door, world: World, guide: Guide
) -> None:
    token = await token_of(here, scopes=("openid", "profile"))
    before = await dump(world.owner)
    for agent in (Agent(token=token), Agent(token=token, version=STATELESS)):
        params = {"name": "get_support", "arguments": HELP}
        response = await agent.post("tools/call", params)
        assert response.status_code == 403
        challenge = response.headers["www-authenticate"]
        assert challenge.startswith(f'{CHALLENGE}, error="insufficient_scope"')
        assert response.json()["error"]["data"] == {"code": "insufficient_scope"}
    assert await dump(world.owner) == before
    agent = Agent(token=token)
    assert (await agent.call("start_walkthrough"))["structuredContent"]["kind"] == "step"


# Who a token makes of a caller


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_a_person_is_one_end_user_on_every_device(
    here: Door, world: World, guide: Guide, version: str
) -> None:
    first = await connected(here, version=version)
    await first.call("start_walkthrough")
    await first.call("get_next_step", currentStepId=guide.steps[0])
    other_client = await here.registered(client_name="Claude")
    second = Agent(token=await token_of(here, app=other_client), version=version)
    answer = await second.call("start_walkthrough")
    twin = answer["structuredContent"]
    assert (twin["step"]["id"], twin["completedSteps"]) == (guide.steps[1], 1)
    assert "run" not in twin
    assert await world.rows("SELECT count(*) FROM end_user") == [(1,)]
    owners = await world.rows("SELECT DISTINCT end_user_id FROM progress")
    assert owners == [(await person(world, ANN),)]


async def test_two_people_do_not_share_progress(here: Door, world: World, guide: Guide) -> None:
    ann, bob = await connected(here, ANN), await connected(here, BOB)
    await ann.call("start_walkthrough")
    await ann.call("get_next_step", currentStepId=guide.steps[0])
    twin = (await bob.call("start_walkthrough"))["structuredContent"]
    assert twin["step"]["id"] == guide.steps[0]


async def test_a_session_belongs_to_whoever_opened_it(
    here: Door, world: World, guide: Guide
) -> None:
    ann = await connected(here, ANN)
    assert await world.rows("SELECT end_user_id FROM session") == [(await person(world, ANN),)]
    thief = Agent(token=await token_of(here, BOB), session_id=ann.session_id)
    before = await dump(world.owner)
    answers = [
        await thief.post("tools/list"),
        await thief.post("tools/call", {"name": "start_walkthrough", "arguments": {}}),
        await thief.send("DELETE", headers=thief.headers("", {})),
    ]
    assert [response.status_code for response in answers] == [404] * 3
    assert await dump(world.owner) == before
    assert (await ann.post("tools/list")).status_code == 200


@pytest.mark.parametrize("auth_type", [AuthType.NONE, AuthType.COLLECT_EMAIL])
async def test_a_session_alone_is_nobody_once_the_server_asks_for_no_login(
    here: Door, world: World, guide: Guide, auth_type: AuthType
) -> None:
    ann = await connected(here, ANN)
    await ann.call("start_walkthrough")
    await world.change_server(auth_type=auth_type.value)
    thief = Agent(session_id=ann.session_id)
    before = await dump(world.owner)
    answers = [
        await thief.post("tools/list"),
        await thief.post("tools/call", {"name": "start_walkthrough", "arguments": {}}),
        await thief.post("tools/call", {"name": "get_support", "arguments": HELP}),
    ]
    assert [response.status_code for response in answers] == [404] * 3
    assert await dump(world.owner) == before


async def test_a_person_ends_a_session_with_any_good_token_of_theirs(
    here: Door, world: World, guide: Guide
) -> None:
    ann = await connected(here, ANN)
    ann.token = None
    refused = await ann.send("DELETE", headers=ann.headers("", {}))
    assert refused.status_code == 401
    ann.token = await token_of(here, ANN)
    ended = await ann.send("DELETE", headers=ann.headers("", {}))
    assert ended.status_code == 200
    assert (await ann.post("tools/list")).status_code == 404


async def test_a_session_that_is_opened_by_a_call_belongs_to_the_person_too(
    here: Door, world: World, guide: Guide
) -> None:
    ann = Agent(token=await token_of(here, ANN))
    await ann.call("list_walkthroughs")
    assert ann.session_id is not None
    thief = Agent(token=await token_of(here, BOB), session_id=ann.session_id)
    assert (await thief.post("tools/list")).status_code == 404


async def test_a_new_token_goes_on_in_the_same_session(
    here: Door, world: World, guide: Guide
) -> None:
    issued = await here.tokens(ANN)
    ann = Agent(token=issued.access.reveal())
    await ann.initialize()
    await ann.call("start_walkthrough")
    assert issued.refresh is not None
    again = await here.refreshed(issued.refresh.reveal())
    ann.token = again.access.reveal()
    twin = (await ann.call("get_next_step", currentStepId=guide.steps[0]))["structuredContent"]
    assert twin["step"]["id"] == guide.steps[1]
    assert await world.rows("SELECT count(*) FROM session") == [(1,)]


async def test_what_the_session_began_anonymously_is_the_persons_from_the_first_call_on(
    here: Door, world: World, guide: Guide
) -> None:
    await world.change_server(auth_type="none")
    agent = Agent()
    await agent.initialize()
    await agent.call("start_walkthrough")
    await agent.call("get_next_step", currentStepId=guide.steps[0])
    await world.change_server(auth_type="platform_oauth")
    agent.token = await token_of(here, ANN)
    for _ in range(2):
        twin = (await agent.call("get_next_step"))["structuredContent"]
        assert (twin["step"]["id"], twin["completedSteps"]) == (guide.steps[1], 1)
    assert await world.rows("SELECT DISTINCT end_user_id FROM progress") == [
        (await person(world, ANN),)
    ]


async def test_what_a_run_began_anonymously_is_the_persons_too(
    here: Door, world: World, guide: Guide
) -> None:
    await world.change_server(auth_type="none")
    agent = Agent(version=STATELESS)
    await agent.call("start_walkthrough")
    assert agent.run is not None
    await agent.call("get_next_step", currentStepId=guide.steps[0])
    await world.change_server(auth_type="platform_oauth")
    agent.token = await token_of(here, ANN)
    twin = (await agent.call("get_next_step"))["structuredContent"]
    assert (twin["step"]["id"], twin["completedSteps"]) == (guide.steps[1], 1)
    agent.run = None
    assert (await agent.call("get_next_step"))["structuredContent"]["completedSteps"] == 1


async def test_a_tracking_id_is_no_identity_where_people_log_in(
    here: Door, world: World, guide: Guide
) -> None:
    await world.change_server(auth_type="none")
    tracked = Agent(tracking_id="user-1")
    await tracked.call("start_walkthrough")
    await tracked.call("get_next_step", currentStepId=guide.steps[0])
    await world.change_server(auth_type="platform_oauth")
    ann = await connected(here, ANN, tracking_id="user-1")
    twin = (await ann.call("start_walkthrough"))["structuredContent"]
    assert (twin["step"]["id"], twin["completedSteps"]) == (guide.steps[0], 0)
    assert (await Agent(tracking_id="user-1").post("tools/list")).status_code == 401


# Tools


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_classic_tools_know_the_person(here: Door, guide: Guide, version: str) -> None:
    ann = await connected(here, version=version)
    await ann.call("select_walkthrough", walkthrough_id=guide.id)
    await ann.call("next_walkthrough_step")
    status = await ann.call("get_walkthrough_status", walkthrough_id=guide.id)
    assert (status["isError"], status["structuredContent"]["completedSteps"]) == (False, 1)
    reset = await ann.call("reset_walkthrough_progress", walkthrough_id=guide.id, confirm=True)
    assert reset["structuredContent"]["kind"] == "reset"


async def test_support_asks_nobody_for_an_address_that_the_login_told(
    here: Door, world: World, guide: Guide
) -> None:
    ann = await connected(here)
    tools = (await ann.post("tools/list")).json()["result"]["tools"]
    support = next(tool for tool in tools if tool["name"] == "get_support")
    assert "email" not in support["inputSchema"]["properties"]
    forged = await ann.call("get_support", **HELP, email="ceo@acme.test")
    assert forged["structuredContent"]["kind"] == "invalid"
    answer = await ann.call("get_support", **HELP)
    assert answer["structuredContent"]["kind"] == "ticket"
    assert await world.rows("SELECT email, end_user_id FROM ticket") == [
        (ANN, await person(world, ANN))
    ]


async def test_whoever_has_no_verified_address_gets_support_as_the_person_they_are(
    world: World, people: Reception
) -> None:
    here = await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)
    ann = await connected(here, "subject-1")
    await world.owner.execute("UPDATE end_user SET email = NULL, email_verified = false")
    answer = await ann.call("get_support", **HELP)
    assert answer["structuredContent"]["kind"] == "ticket"
    text = answer["content"][0]["text"]
    assert "by e-mail" not in text
    assert "gave no verified e-mail address to answer to: ask how they can be reached" in text
    rows = await world.rows(
        "SELECT t.email, e.subject, e.email FROM ticket t JOIN end_user e ON e.id = t.end_user_id"
    )
    assert rows == [("", "subject-1", None)]


async def test_one_person_with_many_tokens_has_one_limit(
    here: Door, world: World, guide: Guide
) -> None:
    ours = endpoint(calls_per_minute=3)
    for _ in range(3):
        ann = Agent(ours, token=await token_of(here, ANN))
        assert (await ann.call("list_walkthroughs"))["isError"] is False
    before = await dump(world.owner)
    params = {"name": "list_walkthroughs", "arguments": {}}
    ann = Agent(ours, token=(await here.tokens(ANN)).access.reveal())
    after_login = await dump(world.owner)
    assert (await ann.post("tools/call", params)).status_code == 429
    assert await dump(world.owner) == after_login != before
    bob = Agent(ours, token=await token_of(here, BOB))
    assert (await bob.call("list_walkthroughs"))["isError"] is False
