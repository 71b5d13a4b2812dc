"""Which web pages may talk to a server: product.md §1."""

import httpx
import pytest

from app.mcp.endpoint import McpEndpoint
from tests.support.agent import Agent, endpoint
from tests.support.world import World

DOCS = "https://docs.acme.com"
GRANTED = {
    "access-control-allow-methods": "POST, GET, DELETE, OPTIONS",
    "access-control-allow-headers": (
        "accept, authorization, content-type, last-event-id, mcp-method, mcp-name,"
        " mcp-protocol-version, mcp-session-id"
    ),
    "access-control-expose-headers": (
        "mcp-session-id, mcp-protocol-version, retry-after, www-authenticate, x-request-id"
    ),
    "access-control-max-age": "600",
    "vary": "Origin",
}
LOOPBACK = [
    "http://localhost",
    "http://localhost:3000",
    "https://localhost:8443",
    "http://127.0.0.1:6274",
    "http://[::1]:5173",
    "http://acme-docs.localhost:8000",
]
STRANGE = [
    "https://evil.example",
    "http://docs.acme.com",
    "https://docs.acme.com:8443",
    "https://docs.acme.com.evil.example",
    "https://sub.docs.acme.com",
    "https://docs.acme.com/",
    "https://DOCS.acme.com",
    "null",
    "",
    "*",
    "file://",
    "localhost",
    "http://localhost.evil.example",
    "http://localhost:80.evil.example",
    "http://localhost:3000/",
    "http://localhost:3000/path",
    "http://someone@localhost",
    "http://evil.example#@localhost",
    "http://evil.example\\.localhost",
    "http://127.0.0.1.evil.example",
    "http://.localhost",
    "http://[::1",
    "chrome-extension://localhost",
]


@pytest.fixture
async def listing(world: World) -> World:
    """A server whose owner lets one page in."""
    await world.change_server(allowed_origins=[DOCS])
    return world


def cors(response: httpx.Response) -> dict[str, str]:
    """The headers that browsers go by."""
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("access-control-") or name == "vary"
    }


async def asked(at: McpEndpoint, origin: str | None, method: str = "POST") -> httpx.Response:
    headers = {"content-type": "application/json", "accept": "application/json"}
    if origin is not None:
        headers["origin"] = origin
    content = b'{"jsonrpc":"2.0","id":1,"method":"ping"}' if method == "POST" else b""
    return await Agent(at).send(method, headers=headers, content=content)


@pytest.mark.parametrize("is_production", [True, False])
async def test_without_an_origin_nothing_is_said_of_any(
    listing: World, *, is_production: bool
) -> None:
    answered = await asked(endpoint(is_production=is_production), None)
    assert (answered.status_code, cors(answered)) == (200, {})


@pytest.mark.parametrize("is_production", [True, False])
async def test_a_listed_origin_may_read_the_answer(listing: World, *, is_production: bool) -> None:
    answered = await asked(endpoint(is_production=is_production), DOCS)
    assert answered.status_code == 200
    # No access-control-allow-credentials: MCP routes know no cookies.
    assert cors(answered) == {"access-control-allow-origin": DOCS, **GRANTED}


async def test_no_other_origin_comes_in(listing: World) -> None:
    for is_production in (True, False):
        at = endpoint(is_production=is_production)
        for origin in STRANGE:
            for method in ("POST", "GET", "DELETE", "OPTIONS"):
                refused = await asked(at, origin, method)
                assert refused.status_code == 403, (origin, method)
                assert refused.json()["error"]["data"] == {"code": "origin_not_allowed"}
                assert cors(refused) == {}


async def test_pages_of_this_machine_come_in_during_development_only(listing: World) -> None:
    development, production = endpoint(), endpoint(is_production=True)
    for origin in LOOPBACK:
        answered = await asked(development, origin)
        assert answered.status_code == 200, origin
        assert answered.headers["access-control-allow-origin"] == origin
        assert (await asked(production, origin)).status_code == 403, origin


async def test_a_preflight_is_answered_before_anybody_is_known(listing: World) -> None:
    headers = {
        "origin": DOCS,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,mcp-session-id,mcp-protocol-version",
    }
    for auth_type in ("none", "platform_oauth"):
        await listing.change_server(auth_type=auth_type)
        answered = await Agent(endpoint(is_production=True)).send("OPTIONS", headers=headers)
        assert (answered.status_code, answered.content) == (204, b"")
        assert cors(answered) == {"access-control-allow-origin": DOCS, **GRANTED}


async def test_a_page_that_may_come_in_can_read_errors_too(listing: World) -> None:
    at = endpoint()
    headers = {"origin": DOCS, "content-type": "application/json", "mcp-session-id": "mcps_none"}
    content = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for changes, status in (({}, 404), ({"auth_type": "custom_oauth"}, 401)):
        await listing.change_server(**changes)
        refused = await Agent(at).send("POST", headers=headers, content=content)
        assert refused.status_code == status
        assert cors(refused) == {"access-control-allow-origin": DOCS, **GRANTED}


async def test_each_server_has_a_list_of_its_own(listing: World) -> None:
    await listing.owner.execute(
        "INSERT INTO server (id, organization_id, name, product, slug, auth_type,"
        " support_ticket_type, walkthrough_tools_enabled, walkthrough_toolset, instructions,"
        " allowed_origins, revision, assignments_revision, created_at, updated_at)"
        " SELECT 'srv_second', organization_id, name, product, 'second-docs', auth_type,"
        " support_ticket_type, true, 'compact', '', '{}', 1, 1, now(), now() FROM server"
    )
    headers = {"origin": DOCS, "content-type": "application/json"}
    content = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for slug, status in (("acme-docs", 200), ("second-docs", 403)):
        answered = await Agent(slug=slug).send("POST", headers=headers, content=content)
        assert answered.status_code == status
