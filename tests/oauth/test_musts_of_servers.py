"""What specifications ask of a server, and no other test holds."""

import unicodedata

import pytest

from app.core.safe_fetch import SafeFetcher
from app.domain.client_documents import ClientDocuments
from app.domain.oauth_errors import InvalidClient
from app.web.hosts import Hosts
from tests.oauth.test_resource_server import token_of
from tests.support.agent import STATELESS, Agent
from tests.support.client_document import published
from tests.support.login_browser import AUTHORIZE, Browser, query, told, wrong
from tests.support.logins import CALLBACK, CHALLENGE, Door, code_in
from tests.support.oauth_site import MCP_URL, Site, site_of
from tests.support.tables import dump
from tests.support.world import World

ANN, BOB = "ann@acme.test", "bob@acme.test"
MCP = "/api/mcpserver/mcp"
RESOURCE = "/.well-known/oauth-protected-resource"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
START = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "start_walkthrough", "arguments": {}},
}


# Addresses


async def test_where_the_public_comes_by_https_clients_are_told_no_other_address(
    here: Door,
) -> None:
    """MCP authorization, communication security; RFC 9728 7.1."""
    secure = "https://acme-docs.mcp.example.com"
    site = site_of(here, hosts=Hosts.below("https://mcp.example.com", aliases={}))
    documents = (
        RESOURCE,
        f"{RESOURCE}{MCP}",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    )
    for path in documents:
        # As behind the proxy that ends TLS.
        answer = await site.get(path, origin=secure.replace("https:", "http:"))
        assert answer.status_code == 200
        assert "http:" not in answer.text
        assert f'"{secure}' in answer.text
    refused = await site.send("POST", MCP, origin=secure, json=PING)
    assert f'resource_metadata="{secure}{RESOURCE}{MCP}"' in refused.headers["www-authenticate"]
    browser = Browser(site, origin=secure)
    heard = told(await browser.begin(await here.registered(), response_type="token"))
    assert heard["iss"] == secure


def look_alikes(address: str) -> list[str]:
    """Other texts that Unicode normalization, or a look at them, would make the same."""
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "mcp")
    made = [
        address.replace("/mcp", f"/{wide}"),
        address.replace("c", "\u0441"),  # of the Cyrillic alphabet
        address.replace("a", "a\u0301"),
        address.replace("/mcp", "/\u200bmcp"),
        address.replace("/mcp", "/%6dcp"),
        address.replace(".", "\u3002"),
    ]
    assert unicodedata.normalize("NFKC", made[0]) == address
    return made


async def test_a_resource_is_compared_letter_by_letter(here: Door, browser: Browser) -> None:
    """RFC 9728 6."""
    app = await here.registered()
    for resource in look_alikes(MCP_URL):
        asked = await browser.open(f"{AUTHORIZE}?{query(app, resource=resource)}")
        assert told(asked)["error"] == "invalid_target", resource
    assert (await browser.begin(app, resource=MCP_URL)).status_code == 200


async def test_what_is_no_address_of_a_document_is_not_even_looked_up(here: Door) -> None:
    """Client-id metadata documents, client identifier."""
    looked_up: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["10.0.0.1"]

    documents = ClientDocuments(SafeFetcher(resolver=resolve))
    host = "app.example.com"
    for client_id in (
        f"https://{host}",
        f"https://{host}?path=/client.json",
        f"http://{host}/client.json",
        f"https://ann@{host}/client.json",
        f"https://ann:secret@{host}/client.json",
        f"https://{host}/client.json#me",
        f"https://{host}/./client.json",
        f"https://{host}/../client.json",
        f"https://{host}/a/%2e%2e/client.json",
    ):
        with pytest.raises(InvalidClient):
            await documents.client(here.scope, client_id)
        assert looked_up == [], client_id
    with pytest.raises(InvalidClient):
        await documents.client(here.scope, f"https://{host}/client.json")
    assert looked_up == [host]


async def test_nobody_is_sent_to_an_address_that_the_clients_document_does_not_name(
    here: Door, browser: Browser
) -> None:
    """MCP authorization, client-id metadata documents."""
    async with published(client_name="Paper", redirect_uris=["https://app.example/cb"]) as there:
        for uri in (CALLBACK, "https://app.example/cb/", "https://evil.example/cb"):
            asking = {"client_id": there.url, "redirect_uri": uri}
            answer = await browser.begin(await here.the_client(), **asking)
            assert (answer.status_code, answer.headers.get("location")) == (400, None), uri
            assert "it has not registered" in answer.text
            assert "<a " not in answer.text
        good = {"client_id": there.url, "redirect_uri": "https://app.example/cb"}
        assert (await browser.begin(await here.the_client(), **good)).status_code == 200


# Pages


async def test_no_form_is_sent_on_with_what_was_typed_into_it(here: Door, browser: Browser) -> None:
    """RFC 9700 4.12: a browser asks anew with GET after 303, and after nothing else for sure."""
    app = await here.registered()
    answers = [await browser.open(f"{AUTHORIZE}?{query(app)}"), await browser.follow()]
    answers += [await browser.submit("Allow"), await browser.follow()]
    answers.append(await browser.submit("Send me a code", email=ANN))
    await browser.follow()
    answers.append(await browser.submit("Send another code"))
    await browser.follow()
    answers.append(await browser.submit("Log in", code=await browser.mailed(ANN)))
    await browser.begin(app)
    answers.append(await browser.submit("Cancel"))
    sent_on = [answer for answer in answers if "location" in answer.headers]
    assert len(sent_on) == 6
    assert {answer.status_code for answer in sent_on} == {303}


async def test_no_page_of_a_login_is_shown_in_a_frame(here: Door, browser: Browser) -> None:
    """RFC 9700 4.16, also where somebody types, and where it ends."""
    web, own = "https://app.example/cb", "cursor://anysphere.cursor/cb"
    app = await here.registered(redirect_uris=[CALLBACK, web, own])
    question = await browser.begin(app)
    pages = [question, await browser.agree(app)]
    code = await browser.ask_for_code()
    assert browser.page is not None
    pages += [browser.page, await browser.submit("Log in", code=wrong(code))]
    pages.append(await browser.log_in(app, redirect_uri=own))  # the way back
    await browser.begin(app, redirect_uri=web)
    pages.append(await browser.submit("Cancel"))
    pages.append(await browser.begin(app, redirect_uri=web, response_type="token"))
    pages.append(await browser.begin(app, redirect_uri="https://evil.example/"))
    browser.cookies.clear()
    pages.append(await browser.open(str(question.request.url)))
    assert len({page.text for page in pages}) == 9
    for page in pages:
        assert "location" not in page.headers
        assert page.headers["x-frame-options"] == "DENY", page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"], page.text


# Parameters


async def test_a_parameter_without_a_value_is_as_good_as_none(site: Site, here: Door) -> None:
    """RFC 6749 3.2."""
    code = code_in(await here.logged_in(ANN))
    client_id = (await here.the_client()).client_id
    empty = {"redirect_uri": "", "resource": "", "client_secret": "", "scope": "", "foo": ""}
    tokens = await site.redeem(code, client_id, **empty)
    assert tokens.status_code == 200, tokens.text
    missing = await site.redeem("", client_id)
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")


# Tokens


async def test_a_call_leaves_its_token_in_no_log_and_in_no_table(
    here: Door, world: World, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """RFC 9700 4.9.3."""
    await world.guide(2)
    good, other = await token_of(here, ANN), "mcpa_" + "a" * 56
    capsys.readouterr()
    for token, status in ((good, 200), (other, 401)):
        for message in (PING, START):
            headers = {"authorization": f"Bearer {token}"}
            answer = await site.send("POST", MCP, json=message, headers=headers)
            assert answer.status_code == status
            assert token not in f"{answer.headers} {answer.text}"
    out = "".join(capsys.readouterr())
    assert MCP in out
    kept = str(await dump(world.owner))
    for token in (good, other):
        assert token not in out
        assert token not in kept


async def test_a_run_handle_opens_nothing_without_a_token_and_to_nobody_else(
    here: Door, world: World
) -> None:
    """MCP security of 2026-07-28, state handle hijacking."""
    guide = await world.guide(3)
    await world.change_server(auth_type="none")
    ann = Agent(version=STATELESS)
    await ann.call("start_walkthrough")
    await ann.call("get_next_step", currentStepId=guide.steps[0])
    handle = ann.run
    assert handle is not None
    await world.change_server(auth_type="platform_oauth")
    bare = {"name": "get_next_step", "arguments": {"run": handle}}
    before = await dump(world.owner)
    assert (await Agent(version=STATELESS).post("tools/call", bare)).status_code == 401
    assert await dump(world.owner) == before
    ann.token = await token_of(here, ANN)
    mine = (await ann.call("get_next_step"))["structuredContent"]
    assert mine["completedSteps"] == 1
    thief = Agent(version=STATELESS, token=await token_of(here, BOB))
    thief.run = handle
    theirs = (await thief.call("start_walkthrough"))["structuredContent"]
    assert (theirs["step"]["id"], theirs["completedSteps"]) == (guide.steps[0], 0)
    assert (await ann.call("get_next_step"))["structuredContent"]["completedSteps"] == 1


async def test_a_token_with_more_scopes_than_needed_will_do(here: Door, world: World) -> None:
    """MCP authorization of 2026-07-28, step-up: none of our scopes is part of another."""
    await world.guide(1)
    asked = {"name": "get_support", "arguments": {"title": "Help", "problemDescription": "42"}}
    for scopes, status in (
        (("email",), 200),
        (("openid", "profile", "email", "offline_access"), 200),
        (("openid", "profile", "offline_access"), 403),
    ):
        agent = Agent(version=STATELESS, token=await token_of(here, ANN, scopes=scopes))
        assert (await agent.post("tools/call", asked)).status_code == status, scopes


async def test_no_code_is_without_a_challenge(here: Door, world: World, browser: Browser) -> None:
    """RFC 9700 4.8.2: so no verifier is ever brought along with a code that has none."""
    await browser.log_in(await here.registered())
    assert await world.rows("SELECT code_challenge FROM oauth_code") == [(CHALLENGE,)]
    nullable = await world.rows(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'code_challenge'"
        " AND is_nullable = 'YES'"
    )
    assert nullable == []
