"""What specifications ask of us as a client of the customer's provider, and no other test holds."""

from urllib.parse import urlencode

import pytest

from app.core.enums import AuthType
from app.domain import oauth_logins
from app.domain.oauth_flows import FlowKey
from tests.support.identity_provider import Faults, IdentityProvider
from tests.support.internet import response
from tests.support.login_browser import Browser, told
from tests.support.logins import Door, configure, door
from tests.support.oauth_site import Site, site_of
from tests.support.world import World, make_world

MCP = "/api/mcpserver/mcp"
CODES = "SELECT * FROM oauth_code"


@pytest.fixture
def site(custom: Door) -> Site:
    """The server's site."""
    return site_of(custom)


async def test_each_trip_has_a_state_a_nonce_and_a_challenge_of_its_own(
    custom: Door, browser: Browser
) -> None:
    """RFC 9700 2.1.1 and 4.7.1; MCP security, state parameter."""
    app = await custom.registered()
    trips = [told(await browser.agree(app))]
    page = str(browser.page and browser.page.request.url)
    await browser.open(page.replace("/oauth/consent", "/oauth/login") + f"?login={flow_of(trips)}")
    trips.append(told(await browser.submit("Continue")))
    trips.append(told(await browser.agree(app)))
    for name in ("state", "nonce", "code_challenge"):
        assert len({trip[name] for trip in trips}) == 3, name
        assert all(len(trip[name].rpartition(".")[2]) >= 43 for trip in trips), name


def flow_of(trips: list[dict[str, str]]) -> str:
    """The login that the last trip is of."""
    return oauth_logins.flow_of_state(trips[-1]["state"])


async def test_no_answer_of_the_provider_counts_before_the_person_agreed(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    """MCP security, state parameter: what the first trip will have is worth nothing before it."""
    await browser.begin(await custom.registered())
    ((name, cookie),) = browser.cookies.items()
    key = FlowKey(flow_id=name.removeprefix("__Host-mcplogin-"), cookie=cookie)
    for number in (0, 1, 2):
        state = oauth_logins._round(key, number, provider.issuer).state
        answer = await browser.open(f"/oauth/callback?{urlencode({'state': state, 'code': 'c'})}")
        assert answer.status_code in {400, 404}
        assert "location" not in answer.headers
    assert provider.asked == []
    assert await world.rows(CODES) == []
    await browser.open(f"/oauth/consent?login={key.flow_id}")
    asked = told(await browser.submit("Allow"))
    assert asked["state"] == oauth_logins._round(key, 1, provider.issuer).state
    assert "code" in told(await browser.open(await browser.gone_to_the_provider()))


async def test_an_answer_counts_at_no_other_servers_address(
    world: World, custom: Door, site: Site, browser: Browser, provider: IdentityProvider
) -> None:
    """RFC 9700 4.4.2: each server has a redirect URI of its own, and one provider."""
    other = await door(
        await make_world(world.owner, slug="other-docs"),
        custom.people,
        auth_type=AuthType.CUSTOM_OAUTH,
    )
    await configure(other, provider.issuer)
    asked = told(await browser.agree(await custom.registered()))
    there = Browser(site, cookies=dict(browser.cookies), origin="http://other-docs.localhost:8000")
    theirs = told(await there.agree(await other.registered()))
    assert asked["redirect_uri"] != theirs["redirect_uri"]
    address = await browser.gone_to_the_provider()
    answer = await there.open(address)
    assert (answer.status_code, answer.headers.get("location")) == (404, None)
    assert provider.count("/token") == 0
    assert await world.rows(CODES) == []
    assert "code" in told(await browser.open(address))


async def test_no_code_and_no_token_is_in_an_address_that_the_provider_is_asked_for(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    """RFC 9700 4.3.2."""
    provider.faults = Faults(claims={"email": None})  # so that userinfo is asked for
    await browser.agree(await custom.registered())
    assert "code" in told(await browser.open(await browser.gone_to_the_provider()))
    assert (provider.count("/token"), provider.count("/userinfo")) == (1, 1)
    assert len(provider.secrets) > 2
    for asked in provider.asked:
        assert not [secret for secret in provider.secrets if secret in asked.path]


async def test_a_clients_token_is_never_passed_on_to_the_provider(
    world: World, custom: Door, site: Site, browser: Browser, provider: IdentityProvider
) -> None:
    """MCP authorization, access token privilege restriction."""
    await world.guide(2)
    app = await custom.registered()
    await browser.agree(app)
    code = told(await browser.open(await browser.gone_to_the_provider()))["code"]
    token = (await site.redeem(code, app.client_id)).json()["access_token"]
    asked_before = len(provider.asked)
    for name in ("start_walkthrough", "get_support"):
        arguments = {"title": "Help", "problemDescription": "42"} if name == "get_support" else {}
        params = {"name": name, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {"authorization": f"Bearer {token}"}
        assert (await site.send("POST", MCP, json=message, headers=headers)).status_code == 200
    assert len(provider.asked) == asked_before
    seen = str([(asked.path, asked.headers, asked.body) for asked in provider.asked])
    assert "authorization" in seen
    assert token not in seen


async def test_neither_on_nor_back_is_a_form_sent_on_with_what_it_brought(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    """RFC 9700 4.12."""
    on = await browser.agree(await custom.registered())
    assert on.headers["location"].startswith(f"{provider.issuer}/authorize?")
    returned = await browser.open(await browser.gone_to_the_provider())
    await browser.begin(await custom.registered())
    await browser.submit("Allow")
    denied = await browser.open(await refusing(provider, browser))  # to the person's own machine
    assert [answer.status_code for answer in (on, returned, denied)] == [303] * 3
    assert (set(told(returned)), told(denied)["error"]) == (
        {"code", "state", "iss"},
        "access_denied",
    )


async def refusing(provider: IdentityProvider, browser: Browser) -> str:
    """The way back of a person who said no there."""
    provider.faults = Faults(callback={"error": "access_denied", "code": None})
    return await browser.gone_to_the_provider()


async def test_the_page_of_a_provider_that_is_down_is_shown_in_no_frame(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    """RFC 9700 4.16."""
    provider.faults = Faults(answers={"/.well-known/openid-configuration": response(status=503)})
    await browser.begin(await custom.registered())
    page = await browser.submit("Allow")
    assert page.status_code == 503
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
