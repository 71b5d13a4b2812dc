"""One server at several addresses is one resource: RFC 8707, RFC 9728 and MCPLATFORM_HOST_ALIASES.

A token is for a server. Its own host and its aliases, with a tracking id or without, are the same
MCP server, and whoever got a token at one of them is the same person at all; each host is an issuer
of its own that clients find from the address that they know. No address of another server counts.
"""

from typing import Any

import httpx
import pytest

from app.domain.oauth_clients import Client
from app.web.hosts import Hosts
from tests.oauth.test_resource_server import INITIALIZE
from tests.support.login_browser import AUTHORIZE, Browser, query, told
from tests.support.logins import CALLBACK, VERIFIER, Door, door, kept
from tests.support.oauth_site import ORIGIN, Site, site_of
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.walking import sibling
from tests.support.world import Guide, World

ANN = "ann@acme.test"
MCP, TRACKED = "/api/mcpserver/mcp", "/api/mcpserver/user-1/mcp"
RESOURCE = "/.well-known/oauth-protected-resource"
ALIAS, LOOPBACK = "http://docs.acme.test:8000", "http://127.0.0.1:8000"
OTHER, OTHERS_ALIAS = "http://other-docs.localhost:8000", "http://docs.other.test:8000"
OWN_HOSTS = (ORIGIN, ALIAS, LOOPBACK)
HOSTS = {"acme-docs": OWN_HOSTS, "other-docs": (OTHER, OTHERS_ALIAS)}
FOREIGN = (
    f"{OTHER}{MCP}",
    f"{OTHERS_ALIAS}{MCP}",
    OTHERS_ALIAS,
    f"http://localhost:8000{MCP}",  # the platform's own site
    f"http://nowhere.acme.test:8000{MCP}",
    f"https://docs.acme.test:8000{MCP}",
    f"http://docs.acme.test:8001{MCP}",
    f"http://docs.acme.test.evil.example:8000{MCP}",
)


def hosts(**aliases: str) -> Hosts:
    """The platform's hosts; `docs_acme_test="acme-docs"` is an alias of that server."""
    named = {alias.replace("_", "."): slug for alias, slug in aliases.items()}
    return Hosts.below(
        "http://localhost:8000",
        aliases={"127.0.0.1": "acme-docs", **named},
        loopback=("localhost", "127.0.0.1"),
    )


@pytest.fixture
async def guide(here: Door, world: World) -> Guide:
    """A walkthrough on the server."""
    return await world.guide(3)


@pytest.fixture
async def other(world: World, people: Reception, guide: Guide) -> Door:
    """Another server of the same organization, with the same walkthrough."""
    made = await sibling(world, "other-docs")
    await made.assign(guide)
    return await door(made, people)


@pytest.fixture
async def site(here: Door) -> Site:
    """The sites of both servers, each with an alias."""
    return site_of(here, hosts=hosts(docs_acme_test="acme-docs", docs_other_test="other-docs"))


async def tokens_at(
    site: Site, origin: str, app: Client, *, resource: str | None = None
) -> dict[str, Any]:
    """What Ann's client is given that logs her in at this host."""
    browser = Browser(site, origin=origin)
    heard = told(await browser.log_in(app, ANN, resource=resource))
    assert heard["iss"] == origin
    answer = await redeemed(site, origin, app, heard["code"], resource=resource)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def redeemed(
    site: Site, origin: str, app: Client, code: str, *, resource: str | None = None
) -> httpx.Response:
    """What this host's token endpoint answers to a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **({"resource": resource} if resource else {}),
    }
    return await site.send("POST", "/oauth/token", origin=origin, data=form)


async def called(
    site: Site, address: tuple[str, str], token: str | None, method: str = "tools/call", **more: str
) -> httpx.Response:
    """What the MCP address at this host and path answers to a call."""
    params = {
        "tools/call": {"name": "start_walkthrough", "arguments": {}},
        "initialize": INITIALIZE,
    }
    headers = {**({"authorization": f"Bearer {token}"} if token else {}), **more}
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params[method]}
    origin, path = address
    return await site.send("POST", path, origin=origin, json=message, headers=headers)


async def tokens_of(site: Site, there: Door) -> list[str]:
    """Tokens that were obtained at each host of the server, for each way to name the resource."""
    app = await there.the_client()
    return [
        (await tokens_at(site, origin, app, resource=resource))["access_token"]
        for origin in HOSTS[there.config.slug]
        for resource in (None, origin, f"{origin}{MCP}", f"{origin}{TRACKED}")
    ]


async def test_a_token_is_good_at_every_address_of_its_server_and_at_none_of_another(
    world: World, here: Door, other: Door, site: Site, guide: Guide
) -> None:
    tokens = {there.config.slug: await tokens_of(site, there) for there in (here, other)}
    places = {
        slug: [(origin, path) for origin in origins for path in (MCP, TRACKED)]
        for slug, origins in HOSTS.items()
    }
    before = await dump(world.owner)
    for slug, elsewhere in (("acme-docs", "other-docs"), ("other-docs", "acme-docs")):
        for token in tokens[slug]:
            answers = [await called(site, address, token) for address in places[elsewhere]]
            assert [answer.status_code for answer in answers] == [401] * len(answers)
    assert await dump(world.owner) == before
    for slug, own in tokens.items():
        for token in own:
            answers = [await called(site, address, token) for address in places[slug]]
            kinds = [answer.json()["result"]["structuredContent"]["kind"] for answer in answers]
            assert kinds == ["step"] * len(answers)
    assert (len(tokens["acme-docs"]), len(tokens["other-docs"])) == (12, 8)
    assert await world.rows(
        "SELECT e.email, count(p.id) FROM end_user e JOIN progress p ON p.end_user_id = e.id"
        " GROUP BY e.id"
    ) == [(ANN, 1)]  # one person, wherever she logged in


@pytest.mark.parametrize("path", [MCP, TRACKED])
@pytest.mark.parametrize("origin", [*OWN_HOSTS, OTHER, OTHERS_ALIAS])
async def test_whoever_knows_one_address_is_led_to_the_issuer_of_that_very_host(
    other: Door, site: Site, origin: str, path: str
) -> None:
    refused = await called(site, (origin, path), None)
    assert refused.status_code == 401
    url = f"{origin}{RESOURCE}{path}"
    assert f'resource_metadata="{url}"' in refused.headers["www-authenticate"]
    about = (await site.get(f"{RESOURCE}{path}", origin=origin)).json()
    assert (about["resource"], about["authorization_servers"]) == (f"{origin}{path}", [origin])
    server = await site.get("/.well-known/oauth-authorization-server", origin=origin)
    assert server.json()["issuer"] == origin


@pytest.mark.parametrize("origin", OWN_HOSTS)
async def test_a_login_for_what_is_no_address_of_the_server_is_refused_at_both_ends(
    world: World, here: Door, other: Door, site: Site, origin: str
) -> None:
    app, browser = await here.the_client(), Browser(site, origin=origin)
    code = told(await browser.log_in(app, ANN, resource=f"{origin}{MCP}"))["code"]
    before = await kept(world)
    for resource in FOREIGN:
        asked = await Browser(site, origin=origin).open(
            f"{AUTHORIZE}?{query(app, resource=resource)}"
        )
        assert (told(asked)["error"], told(asked)["iss"]) == ("invalid_target", origin), resource
        refused = await redeemed(site, origin, app, code, resource=resource)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target"), resource
    assert await kept(world) == before
    assert (await redeemed(site, origin, app, code, resource=origin)).status_code == 200


@pytest.mark.parametrize("origin", OWN_HOSTS)
async def test_a_renewed_token_is_good_at_every_address_too(
    here: Door, site: Site, guide: Guide, origin: str
) -> None:
    app = await here.the_client()
    tokens = await tokens_at(site, origin, app, resource=f"{origin}{MCP}")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": app.client_id,
        "resource": f"{origin}{TRACKED}",
    }
    renewed = await site.send("POST", "/oauth/token", origin=origin, data=form)
    token = renewed.json()["access_token"]
    answers = [
        await called(site, (host, path), token) for host in OWN_HOSTS for path in (MCP, TRACKED)
    ]
    assert [answer.status_code for answer in answers] == [200] * 6


async def test_a_session_goes_on_at_the_servers_other_host_but_not_at_another_tracking_id(
    here: Door, site: Site, guide: Guide
) -> None:
    token = (await tokens_at(site, ORIGIN, await here.the_client()))["access_token"]
    opened = await called(site, (ORIGIN, MCP), token, "initialize")
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    assert (await called(site, (ALIAS, MCP), token, **session)).status_code == 200
    for origin in OWN_HOSTS:
        assert (await called(site, (origin, TRACKED), token, **session)).status_code == 404


async def test_a_host_that_becomes_another_servers_takes_no_token_along(
    world: World, here: Door, other: Door, site: Site, guide: Guide
) -> None:
    tokens = await tokens_at(site, ALIAS, await here.the_client(), resource=f"{ALIAS}{MCP}")
    token = tokens["access_token"]
    moved = site_of(here, hosts=hosts(docs_acme_test="other-docs"))
    before = await dump(world.owner)
    assert (await called(moved, (ALIAS, MCP), token)).status_code == 401
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": (await here.the_client()).client_id,
    }
    refused = await moved.send("POST", "/oauth/token", origin=ALIAS, data=form)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert await dump(world.owner) == before
    assert (await called(moved, (ORIGIN, MCP), token)).status_code == 200
