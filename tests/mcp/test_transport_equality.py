"""Our own HTTP road and the SDK's give the same answers, but for five named differences."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from app.domain.server_directory import ServerConfig, ServerDirectory
from app.mcp import transport
from app.mcp.errors import JsonRpcError
from app.mcp.server import CALL_TOOL, server_for, stamp_for
from app.mcp.transport import Reply
from tests.mcp.post_table import ALL_VERSIONS, DIFFERENT, EQUAL
from tests.mcp.posts import envelope, posts, request
from tests.mcp.two_roads import Post, Seen, echo, our_endpoint, our_road, sdk_road
from tests.support.agent import STATELESS
from tests.support.scale import SCALE, scaled
from tests.support.world import World

OURS = our_endpoint()
GENERATED = settings(
    max_examples=scaled(800),
    deadline=None,
    database=None,
    derandomize=SCALE == 1,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
async def config(world: World) -> ServerConfig:
    """The server that both roads lead to, with tools for walkthroughs and one for support."""
    await world.guide(2)
    found = await ServerDirectory().by_slug(world.slug)
    assert found is not None
    return found


def _decoded(post: Post) -> Any:
    """The body if it is JSON as RFC 8259 has it, else ValueError."""

    def refuse(text: str) -> None:
        raise ValueError(text)

    text = post.body.decode("utf-8")
    value = json.loads(text, parse_constant=refuse)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    return value


def _is_lax_json(post: Post, ours: Seen, _theirs: Seen) -> bool:
    try:
        _decoded(post)
    except (ValueError, RecursionError):
        is_sound = False
    else:
        is_sound = b"[" * 201 not in post.body
    return not is_sound and (ours.status, ours.code) == (400, -32700)


def _is_wording(_post: Post, ours: Seen, theirs: Seen) -> bool:
    codes = {(-32700, -32700), (-32600, -32600), (-32600, -32602)}
    return ours.status == theirs.status == 400 and (ours.code, theirs.code) in codes


def _is_broken_id(post: Post, ours: Seen, theirs: Seen) -> bool:
    has_id = "id" in _decoded(post) and type(_decoded(post)["id"]) not in {str, int}
    return has_id and (ours.status, ours.code) == (400, -32600) and theirs == Seen(202, None)


def _is_hybrid(post: Post, ours: Seen, theirs: Seen) -> bool:
    message = _decoded(post)
    is_request = isinstance(message["method"], str) and type(message["id"]) in {str, int}
    return is_request and {"result", "error"} & set(message) != set() and theirs == Seen(202, None)


def _is_refused_by_tool(post: Post, ours: Seen, theirs: Seen) -> bool:
    arguments = _decoded(post)["params"]["arguments"]
    is_same = (ours.status, ours.code, ours.json["id"]) == (
        theirs.status,
        -32602,
        theirs.json["id"],
    )
    return not isinstance(arguments, dict) and is_same and theirs.code == -32602


Difference = Callable[[Post, Seen, Seen], bool]
DIFFERENCES: dict[str, Difference] = {
    # The SDK tells what pydantic thinks of the body, and calls a broken message bad parameters.
    "what is no message is told in a sentence, as -32600": _is_wording,
    # The stateless road of the SDK takes what Python's json takes; the other one does not.
    "JSON is UTF-8, whole characters, finite numbers and 200 levels at most": _is_lax_json,
    # The SDK's handshake road drops such a request silently, its stateless road does as we do.
    "a request whose id is none is refused, not taken for a notification": _is_broken_id,
    # The SDK's handshake road looks for the model that fits best, which may be an answer.
    "a message with a method and an id is a request, whatever else it holds": _is_hybrid,
    # product.md §4 wants to hear from the tool what is wrong; the call is recorded.
    "arguments that are no object are refused by the tool": _is_refused_by_tool,
}


def difference(post: Post, ours: Seen, theirs: Seen) -> str | None:
    """The name of the difference that these answers show; None if it has none."""
    return next((name for name, shows in DIFFERENCES.items() if shows(post, ours, theirs)), None)


async def _both(config: ServerConfig, post: Post) -> tuple[Seen, Seen]:
    return await our_road(OURS, post), await sdk_road(config, post)


async def test_both_roads_give_the_same_answers(config: ServerConfig) -> None:
    answers = {name: await _both(config, post) for name, post in EQUAL.items()}
    assert {name: both for name, both in answers.items() if both[0] != both[1]} == {}


async def test_the_roads_differ_where_it_is_said(config: ServerConfig) -> None:
    shown = [
        (name, difference(post, *await _both(config, post)))
        for name, different in DIFFERENT.items()
        for post in different
    ]
    assert [seen for seen in shown if seen[0] != seen[1]] == []
    assert {name for name, _ in shown} == set(DIFFERENCES)


@GENERATED
@given(post=posts())
async def test_the_roads_differ_nowhere_else(config: ServerConfig, post: Post) -> None:
    ours, theirs = await _both(config, post)
    assert ours == theirs or difference(post, ours, theirs) is not None


async def test_a_call_on_the_fast_road_is_answered_as_on_the_sdks(config: ServerConfig) -> None:
    calls = {
        f"{name} {arguments} {number} {request_id!r} at {version}": request(
            version, "tools/call", {"name": name, "arguments": arguments, **meta}, id=request_id
        )
        for version in ALL_VERSIONS
        for name in ("get_next_step", "nope")
        for arguments in (None, {}, {"a": [1.5, 10**30, "é\0\u2028", {"b": None}]})
        for number, meta in enumerate(_metas(version))
        for request_id in (1, "é\0")
    }
    answers = {name: await _fast_and_slow(config, post) for name, post in calls.items()}
    assert len(answers) > 300
    assert {name: both for name, both in answers.items() if both[0] != both[1]} == {}


def _metas(version: str | None) -> list[dict[str, Any]]:
    """Params with what a client may put into `_meta`, or none."""
    metas: list[dict[str, Any]] = [{"progressToken": token} for token in (1, "t", 10**30)]
    metas += [{"traceparent": "00-1-2-01"}, {"a": {"b": [None, 1.5]}}]
    if version == STATELESS:
        return [{}, *({"_meta": envelope(**meta)} for meta in metas)]
    return [{}, {"_meta": None}, {"_meta": {}}, *({"_meta": meta} for meta in metas)]


async def _fast_and_slow(config: ServerConfig, post: Post) -> tuple[Any, Any]:
    """The parsed answer of `transport.tool_call`'s road, and of the SDK's dispatch."""
    message = transport.read(post.body, dict(post.headers), list(post.headers))
    understood = transport.tool_call(message)
    assert understood is not None
    try:
        answer = echo(*understood)
    except JsonRpcError as error:
        fast = transport.error_reply(error, message)
    else:
        fast = transport.tool_reply(
            message,
            texts=answer.texts,
            structured=answer.structured,
            is_error=answer.is_error,
            stamp=stamp_for(config) if message.is_stateless else None,
        )

    async def call(name: str, arguments: object) -> Any:
        return echo(name, arguments)

    token = CALL_TOOL.set(call)
    try:
        slow = await transport.dispatch(server_for(config), message)
    finally:
        CALL_TOOL.reset(token)
    return _parsed(fast), _parsed(slow)


def _parsed(reply: Reply) -> tuple[int, Any, Any]:
    return reply.status, reply.headers, json.loads(reply.body)
