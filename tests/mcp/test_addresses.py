"""What an MCP address answers to each method, body and media type: product.md §1."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from app.mcp.address import McpAddress
from app.mcp.body import MOST_BODY_BYTES
from tests.support.agent import HANDSHAKE, STATELESS, URL, Agent, endpoint
from tests.support.exchange import Answered, exchange
from tests.support.world import World

JSON = {"content-type": "application/json", "accept": "application/json"}
LIST = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
ALLOWED = "POST, GET, DELETE, OPTIONS"


async def raw(method: str, *headers: tuple[str, str], body: object = LIST) -> Answered:
    """A request with these header lines and no others."""
    at = endpoint()
    address = McpAddress("acme-docs", None, "203.0.113.9", URL)
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)

    async def app(scope: object, receive: object, send: object) -> None:
        await at(scope, receive, send, address=address)  # type: ignore[arg-type]  # ASGI's shapes

    return await exchange(app, content, headers, method=method)


async def in_parts(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    """The content in pieces, so that nobody announces its length."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def padded(length: int) -> bytes:
    """A sound message of exactly this many bytes."""
    message = msgspec.json.encode(LIST)
    return message + b" " * (length - len(message))


def error_of(response: httpx.Response) -> tuple[int, int, object]:
    """Status, JSON-RPC code and the product's code."""
    body = response.json()
    assert body["jsonrpc"] == "2.0"
    return response.status_code, body["error"]["code"], body["error"].get("data")


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT", "OPTIONS"])
async def test_at_an_unknown_slug_there_is_no_server(world: World, method: str) -> None:
    nowhere = await Agent(slug="nowhere-at-all").send(method, headers=JSON)
    assert error_of(nowhere) == (404, -32600, {"code": "server_not_found"})


async def test_a_browser_is_shown_how_to_connect(world: World) -> None:
    shown = await Agent().send(
        "GET", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    )
    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert shown.text == f"<h1>Acme Docs</h1>{URL}"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json", "*/*"])
async def test_a_client_that_wants_a_stream_is_told_which_methods_there_are(
    world: World, accept: str
) -> None:
    refused = await Agent().send("GET", headers={"accept": accept})
    assert error_of(refused) == (405, -32600, None)
    assert refused.headers["allow"] == ALLOWED


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE"])
async def test_other_methods_are_not_allowed(world: World, method: str) -> None:
    refused = await Agent().send(method, headers=JSON, content=msgspec.json.encode(LIST))
    assert error_of(refused) == (405, -32600, None)
    assert refused.headers["allow"] == ALLOWED


async def test_head_tells_as_much_as_get_and_nothing_more(world: World) -> None:
    refused = await Agent().send("HEAD")
    assert (refused.status_code, refused.headers["allow"]) == (405, ALLOWED)


async def test_delete_without_a_session_is_not_allowed(world: World, version: str) -> None:
    refused = await Agent().send("DELETE", headers={"mcp-protocol-version": version})
    assert error_of(refused) == (405, -32600, None)
    assert refused.headers["allow"] == ALLOWED


async def test_options_tells_the_methods(world: World) -> None:
    told = await Agent().send("OPTIONS")
    assert (told.status_code, told.content, told.headers["allow"]) == (204, b"", ALLOWED)


async def test_a_body_of_256_kib_is_read(world: World) -> None:
    answered = await Agent().send("POST", headers=JSON, content=padded(MOST_BODY_BYTES))
    assert MOST_BODY_BYTES == 256 * 1024
    assert answered.status_code == 200


async def test_a_longer_body_is_refused(world: World) -> None:
    refused = await Agent().send("POST", headers=JSON, content=padded(MOST_BODY_BYTES + 1))
    assert error_of(refused) == (413, -32600, None)


async def test_a_longer_body_is_refused_by_its_announcement_alone(world: World) -> None:
    length = ("content-length", str(MOST_BODY_BYTES + 1))
    refused = await raw("POST", *JSON.items(), length, body=LIST)
    assert refused.status == 413


async def test_a_body_of_unknown_length_is_read_to_the_limit_only(world: World) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b" " * 10_000

    refused = await Agent().send("POST", headers=JSON, content=endless())
    assert error_of(refused) == (413, -32600, None)
    assert sent <= MOST_BODY_BYTES + 10_000


async def test_a_body_that_comes_in_parts_is_read_whole(world: World) -> None:
    answered = await Agent().send("POST", headers=JSON, content=in_parts(padded(MOST_BODY_BYTES)))
    assert [tool["name"] for tool in answered.json()["result"]["tools"]] == ["get_support"]


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain;charset=UTF-8", "application/json; charset=utf-8"]
)
async def test_without_an_origin_the_handshake_era_needs_no_content_type(
    world: World, content_type: str | None
) -> None:
    lines = [] if content_type is None else [("content-type", content_type)]
    assert (await raw("POST", *lines)).status == 200


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_with_an_origin_only_json_is_taken(world: World, content_type: str | None) -> None:
    # Browsers send these without asking first.
    lines = [] if content_type is None else [("content-type", content_type)]
    refused = await raw("POST", ("origin", "http://localhost:3000"), *lines)
    assert (refused.status, refused.json["error"]["code"]) == (415, -32600)


async def test_the_stateless_era_needs_its_content_type(world: World) -> None:
    refused = await raw("POST", ("mcp-protocol-version", STATELESS))
    assert (refused.status, refused.json["error"]["code"]) == (415, -32600)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "Application/JSON",
        "application/*;q=0.5",
        "text/event-stream, application/json",
    ],
)
async def test_json_need_not_be_accepted_by_name(world: World, accept: str | None) -> None:
    lines = [] if accept is None else [("accept", accept)]
    answered = await raw("POST", *lines)
    assert (answered.status, answered.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("accept", ["text/event-stream", "text/html", "image/*"])
async def test_whoever_accepts_no_json_gets_none(world: World, accept: str) -> None:
    assert (await raw("POST", ("accept", accept))).status == 406


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b'"\\ud800"', -32700),
        (b"\xff", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600),
    ],
)
async def test_what_is_no_message_is_told_so(world: World, body: bytes, code: int) -> None:
    refused = await Agent().send("POST", headers=JSON, content=body)
    assert error_of(refused)[:2] == (400, code)
    assert refused.json()["id"] is None


async def test_notifications_are_taken_without_a_word(world: World) -> None:
    for method in ("notifications/initialized", "initialize", "tools/call", "nothing/at/all"):
        told = {"jsonrpc": "2.0", "method": method, "params": {"name": "start_walkthrough"}}
        taken = await Agent().send("POST", headers=JSON, content=msgspec.json.encode(told))
        assert (taken.status_code, taken.content) == (202, b""), method
        assert "mcp-session-id" not in taken.headers


async def test_an_answer_is_taken_without_a_word(world: World) -> None:
    told = {"jsonrpc": "2.0", "id": 3, "result": {}}
    taken = await Agent().send("POST", headers=JSON, content=msgspec.json.encode(told))
    assert (taken.status_code, taken.content) == (202, b"")


async def test_the_seeds_bare_fetch_starts_a_walkthrough(world: World) -> None:
    await world.guide(3, title="Getting Started")
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "start_walkthrough", "arguments": {"name": "Getting Started"}},
    }
    answered = await raw("POST", body=message)
    assert answered.status == 200
    assert "Step 1" in answered.json["result"]["content"][0]["text"]


@pytest.mark.parametrize("given", ["id-of-a-client", "", 0, 2**53])
async def test_the_answer_bears_the_requests_id(world: World, version: str, given: object) -> None:
    agent = Agent(version=version)
    for method in ("tools/list", "no/such/method"):
        params = agent.params({})
        content = msgspec.json.encode(
            {"jsonrpc": "2.0", "id": given, "method": method, "params": params}
        )
        answered = await agent.send("POST", headers=agent.headers(method, params), content=content)
        assert answered.json()["id"] == given


async def test_server_info_is_the_servers_name_and_the_products_version(world: World) -> None:
    told = await Agent(version=HANDSHAKE).initialize()
    assert told["serverInfo"] == {"name": "Acme Docs", "title": "Acme Docs", "version": "0.1.0"}
    discovered = (await Agent(version=STATELESS).post("server/discover")).json()["result"]
    stamp = discovered["_meta"]["io.modelcontextprotocol/serverInfo"]
    assert stamp == told["serverInfo"]


async def test_no_answer_is_kept_by_caches(world: World) -> None:
    for method in ("POST", "GET", "DELETE", "OPTIONS"):
        answered = await Agent().send(method, headers=JSON, content=msgspec.json.encode(LIST))
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["x-content-type-options"] == "nosniff"
