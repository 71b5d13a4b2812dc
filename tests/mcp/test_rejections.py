"""A rejected request writes nothing and tells nothing: product.md §1, §5 and §7."""

from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest

from tests.support.agent import Agent, endpoint
from tests.support.tables import dump
from tests.support.world import World

Attempt = Callable[[World], Awaitable[httpx.Response]]

UNKNOWN = "mcps_" + "a" * 32


def message(method: str, **params: object) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


CALL = message("tools/call", name="start_walkthrough", arguments={})
SUPPORT = message(
    "tools/call",
    name="get_support",
    arguments={"title": "Help", "problemDescription": "Broken", "email": "a@b.co"},
)
INITIALIZE = message(
    "initialize",
    protocolVersion="2025-11-25",
    capabilities={},
    clientInfo={"name": "test-agent", "version": "1.0"},
)
JSON = {"content-type": "application/json", "accept": "application/json"}


def attempt(method: str, content: bytes = b"", **headers: str) -> Attempt:
    """A request to the server that is there."""
    given = JSON | {name.replace("_", "-"): value for name, value in headers.items()}

    async def run(_world: World) -> httpx.Response:
        return await Agent().send(method, headers=given, content=content)

    return run


def changed(column: str, value: object, then: Attempt) -> Attempt:
    """A request after the server's owner changed something."""

    async def run(world: World) -> httpx.Response:
        await world.change_server(**{column: value})
        return await then(world)

    return run


def at_slug(slug: str, content: bytes) -> Attempt:
    async def run(_world: World) -> httpx.Response:
        return await Agent(slug=slug).send("POST", headers=JSON, content=content)

    return run


async def with_a_session_of_another_address(world: World) -> httpx.Response:
    session_id = await world.owner.fetchval("SELECT id FROM session WHERE tracking_id = 'ann'")
    return await attempt("POST", CALL, mcp_session_id=session_id)(world)


async def ending_a_session_of_another_address(world: World) -> httpx.Response:
    session_id = await world.owner.fetchval("SELECT id FROM session WHERE tracking_id = 'ann'")
    return await attempt("DELETE", mcp_session_id=session_id)(world)


REJECTED: dict[str, tuple[int, Attempt]] = {
    "login wanted to initialize": (
        401, changed("auth_type", "platform_oauth", attempt("POST", INITIALIZE)),
    ),
    "login wanted to call": (401, changed("auth_type", "custom_oauth", attempt("POST", CALL))),
    "login wanted to get support": (
        401, changed("auth_type", "platform_oauth", attempt("POST", SUPPORT)),
    ),
    "login wanted to end a session": (
        401, changed("auth_type", "custom_oauth", attempt("DELETE", mcp_session_id=UNKNOWN)),
    ),
    "foreign origin": (403, attempt("POST", CALL, origin="https://evil.example")),
    "foreign origin initializes": (403, attempt("POST", INITIALIZE, origin="null")),
    "unknown slug": (404, at_slug("nowhere", INITIALIZE)),
    "unknown session": (404, attempt("POST", CALL, mcp_session_id=UNKNOWN)),
    "malformed session": (404, attempt("POST", CALL, mcp_session_id="' OR 1=1 --")),
    "unknown session to end": (404, attempt("DELETE", mcp_session_id=UNKNOWN)),
    "session of another address": (404, with_a_session_of_another_address),
    "session of another address to end": (404, ending_a_session_of_another_address),
    "unknown protocol version": (
        400, attempt("POST", CALL, mcp_protocol_version="2031-01-01"),
    ),
    "no json": (400, attempt("POST", b"{")),
    "not acceptable": (406, attempt("POST", CALL, accept="text/html")),
    "too long": (413, attempt("POST", CALL + b" " * 300_000)),
    "form from a page": (
        415, attempt("POST", CALL, origin="http://localhost", content_type="text/plain"),
    ),
    "wrong method": (405, attempt("PUT", CALL)),
}  # fmt: skip


@pytest.fixture
async def lived_in(world: World) -> World:
    """A server on which somebody has a session, progress and a ticket."""
    await world.guide(3)
    ann = Agent(tracking_id="ann")
    await ann.initialize()
    await ann.call("start_walkthrough")
    await ann.call("get_support", title="Help", problemDescription="Broken", email="ann@acme.com")
    await world.owner.execute(
        "UPDATE session SET last_seen_at = last_seen_at - interval '1 hour';"
        "UPDATE end_user SET last_seen_at = last_seen_at - interval '1 hour'"
    )
    return world


def without_server(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """The tables but for the server's, which the test itself changes."""
    return {name: kept for name, kept in rows.items() if name != "server"}


@pytest.mark.parametrize("case", REJECTED)
async def test_a_rejected_request_writes_nothing(lived_in: World, case: str) -> None:
    status, run = REJECTED[case]
    before = await dump(lived_in.owner)
    refused = await run(lived_in)
    assert refused.status_code == status
    assert "error" in refused.json()
    assert "mcp-session-id" not in refused.headers
    assert without_server(await dump(lived_in.owner)) == without_server(before)


@pytest.mark.parametrize("auth_type", ["platform_oauth", "custom_oauth"])
async def test_a_server_that_wants_a_login_tells_nothing_before_it(
    lived_in: World, auth_type: str, version: str
) -> None:
    session_id = await lived_in.owner.fetchval("SELECT id FROM session")
    await lived_in.change_server(auth_type=auth_type)
    agent = Agent(tracking_id="ann", version=version, session_id=session_id)
    told = [await agent.post("initialize" if version < "2026" else "server/discover")]
    told.append(await agent.post("tools/list"))
    told.append(await agent.post("ping"))
    told += [
        await agent.post("tools/call", {"name": tool, "arguments": {}})
        for tool in ("start_walkthrough", "get_next_step", "get_support", "no_such_tool")
    ]
    bodies = {response.content for response in told}
    assert [response.status_code for response in told] == [401] * len(told)
    assert {response.headers["www-authenticate"] for response in told} == {
        'Bearer resource_metadata="http://acme-docs.localhost:8000/.well-known/'
        'oauth-protected-resource/api/mcpserver/mcp", scope="openid profile email"'
    }
    assert [msgspec.json.decode(body) for body in bodies] == [
        {
            "jsonrpc": "2.0",
            "id": None,
            "error": {
                "code": -32000,
                "message": "This server asks its users to log in.",
                "data": {"code": "not_signed_in"},
            },
        }
    ]


async def test_calls_over_the_limit_write_nothing(lived_in: World) -> None:
    await lived_in.change_server(rate_limit_per_minute=1)
    at = endpoint()
    await Agent(at, tracking_id="ann").call("start_walkthrough")
    before = await dump(lived_in.owner)
    refused = await Agent(at, tracking_id="ann").send("POST", headers=JSON, content=SUPPORT)
    assert refused.status_code == 429
    assert await dump(lived_in.owner) == before
