"""What our own HTTP road has to get right besides what the SDK's does."""

from typing import Any

import msgspec
import pytest

from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.mcp import transport
from app.mcp.address import McpAddress
from app.mcp.transport import Message
from tests.mcp.posts import LEFT_OUT, envelope, request
from tests.mcp.two_roads import Post
from tests.support.agent import HANDSHAKE, STATELESS, URL, endpoint
from tests.support.exchange import Answered, exchange
from tests.support.world import World

WHO = {
    "protocolVersion": HANDSHAKE,
    "capabilities": {},
    "clientInfo": {"name": "t", "version": "1"},
}


async def asked(post: Post, *more: tuple[str, str], chunks: int = 1, **changes: Any) -> Answered:
    """The endpoint's answer; of the header lines, those in `more` replace their like."""
    names = {name for name, _ in more}
    lines = [*(line for line in post.headers if line[0] not in names), *more]
    address = McpAddress("acme-docs", None, "203.0.113.9", URL)
    ours = endpoint(**changes)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await ours(scope, receive, send, address=address)

    return await exchange(app, post.body, lines, chunks=chunks)


async def calls(world: World) -> list[tuple[Any, ...]]:
    """The recorded tool calls, without what every one has."""
    rows = await world.owner.fetch(
        "SELECT tool, outcome, input::text, output::text FROM tool_call ORDER BY created_at"
    )
    return [tuple(row) for row in rows]


async def sessions(world: World) -> int:
    """How many sessions there are."""
    return int(await world.owner.fetchval("SELECT count(*) FROM session"))


async def test_an_initialize_that_fails_opens_no_session_whatever_its_id(world: World) -> None:
    answered = await asked(request(HANDSHAKE, "initialize", {}, id="result"))
    assert answered.json["error"]["code"] == -32602
    assert "mcp-session-id" not in answered.headers
    assert await sessions(world) == 0


async def test_an_initialize_opens_a_session_on_a_server_with_any_name(world: World) -> None:
    await world.change_server(name="error")
    answered = await asked(request(HANDSHAKE, "initialize", WHO, id="i" * 50))
    assert answered.json["result"]["serverInfo"]["name"] == "error"
    assert answered.headers["mcp-session-id"].startswith("mcps_")
    assert await sessions(world) == 1


@pytest.mark.parametrize("accept", ["APPLICATION/JSON", "text/event-stream, Application/Json;q=1"])
async def test_media_types_are_read_without_regard_to_case(world: World, accept: str) -> None:
    answered = await asked(request(HANDSHAKE, "ping"), ("accept", accept))
    assert (answered.status, answered.json["result"]) == (200, {})


@pytest.mark.parametrize("length", ["262145", "9" * 5000])
async def test_a_body_that_announces_too_much_is_not_read(world: World, length: str) -> None:
    answered = await asked(request(HANDSHAKE, "ping"), ("content-length", length))
    assert (answered.status, answered.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("length", ["x", "-1", "²", "", "1e9"])
async def test_a_length_that_is_none_is_passed_over(world: World, length: str) -> None:
    answered = await asked(request(HANDSHAKE, "ping"), ("content-length", length))
    assert (answered.status, answered.json["result"]) == (200, {})


async def test_a_body_may_come_in_pieces(world: World) -> None:
    answered = await asked(request(HANDSHAKE, "ping"), chunks=30)
    assert (answered.status, answered.json["result"]) == (200, {})


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_what_could_not_be_written_back_is_not_read(world: World, version: str) -> None:
    # Python reads 942 levels here and fails to write them, a few frames further down.
    for levels in (198, 500, 900, 942, 944, 946, 2_000, 100_000):
        deep = b"[" * levels + b"]" * levels
        call = request(version, "tools/call", {"name": "get_next_step", "arguments": {"a": "deep"}})
        answered = await asked(Post(call.body.replace(b'"deep"', deep), call.headers))
        code = answered.json["error"]["code"] if "error" in answered.json else None
        assert (levels, answered.status, code) == (
            levels,
            *((200, None) if levels < 199 else (400, -32700)),
        )


async def test_a_call_whose_params_break_the_protocol_is_recorded(world: World) -> None:
    params = {"name": "get_next_step", "arguments": {"currentStepId": "ws_1"}, "task": 1}
    answered = await asked(request(HANDSHAKE, "tools/call", params))
    assert answered.json["error"] == {
        "code": -32602,
        "message": "Invalid request parameters",
        "data": "",
    }
    refused = '{"reason": "invalid_params"}'
    assert await calls(world) == [
        ("get_next_step", "refused", '{"currentStepId": "ws_1"}', refused)
    ]


async def test_a_call_of_no_tool_is_not_recorded_however_broken(world: World) -> None:
    for name in ("nope", 1, None, LEFT_OUT):
        params: dict[str, Any] = {"name": name, "arguments": {}, "task": 1}
        given = {key: value for key, value in params.items() if value is not LEFT_OUT}
        answered = await asked(request(HANDSHAKE, "tools/call", given))
        assert answered.json["error"]["code"] == -32602
    assert await calls(world) == []


async def test_arguments_that_are_null_are_none(world: World) -> None:
    given: list[dict[str, Any]] = [{"arguments": None}, {"arguments": {}}, {}]
    answers = [
        await asked(request(HANDSHAKE, "tools/call", {"name": "start_walkthrough", **arguments}))
        for arguments in given
    ]
    kinds = [answered.json["result"]["structuredContent"]["kind"] for answered in answers]
    assert kinds == ["walkthroughs"] * 3


async def test_an_address_over_its_limit_is_refused_before_anything_else(world: World) -> None:
    metrics = Metrics()
    limiter = Limiter(metrics=metrics, address_calls_per_minute=1)
    assert (await asked(request(HANDSHAKE, "ping"), limiter=limiter)).status == 200
    refused = await asked(Post(b"{", ()), limiter=limiter)
    assert (refused.status, refused.json["error"]["data"]) == (429, {"code": "too_many"})
    assert int(refused.headers["retry-after"]) >= 1


def test_only_small_envelopes_are_remembered() -> None:
    def call(padding: int) -> Message:
        meta = envelope(padding="x" * padding)
        return Message(STATELESS, True, "tools/call", {"name": "any", "_meta": meta}, 1)

    before = transport._is_sound.cache_info().currsize
    assert transport.tool_call(call(100)) == ("any", {})
    assert transport.tool_call(call(1000)) is None
    assert transport._is_sound.cache_info().currsize == before + 1


async def test_both_eras_write_any_id_back(world: World) -> None:
    for version in (HANDSHAKE, STATELESS):
        for request_id in (0, -1, 10**30, "", "é\0\u2028", "x" * 1000):
            call = {"name": "get_next_step", "arguments": {}}
            answered = await asked(request(version, "tools/call", call, id=request_id))
            assert msgspec.json.decode(answered.body)["id"] == request_id
