"""POSTs that the two roads answer alike, and POSTs on which they differ by a name."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.mcp.posts import (
    BIG,
    CAPABILITIES,
    CLIENT,
    HANDSHAKE_VERSIONS,
    LEFT_OUT,
    MEDIA_TYPES,
    VERSION,
    envelope,
    request,
)
from tests.mcp.two_roads import KNOWN_TOOL, Post
from tests.support.agent import STATELESS

ALL_VERSIONS = (None, *HANDSHAKE_VERSIONS, STATELESS)
UNKNOWN_VERSIONS = ("", "2099-01-01")
METHODS = (
    "ping",
    "tools/list",
    "tools/call",
    "server/discover",
    "prompts/list",
    "initialize",
    "subscriptions/listen",
    "completion/complete",
    "nope",
    "",
)
ANSWER: dict[str, Any] = {"code": 1, "message": "x"}
_CAPABILITIES: tuple[Any, ...] = (None, [], 1, {"sampling": 1})
_TOKENS: tuple[Any, ...] = (None, True, 1.5, BIG, "t", 1, [])
Named = Iterator[tuple[str, Post]]


def tool(
    version: str | None, arguments: Any = LEFT_OUT, name: Any = KNOWN_TOOL, **more: Any
) -> Post:
    """A tools/call; `more` are members of its params."""
    params = {"name": name, "arguments": arguments, **more}
    given = {key: value for key, value in params.items() if value is not LEFT_OUT}
    return request(version, "tools/call", given)


def raw(version: str | None, body: bytes) -> Post:
    """Another body under the headers of a tools/call."""
    return Post(body, tool(version).headers)


def lines(*more: tuple[str, str], without: str = "") -> tuple[tuple[str, str], ...]:
    """The header lines of a stateless tools/call, with more of them and without some."""
    return (*(line for line in tool(STATELESS).headers if line[0] != without), *more)


def nested(levels: int) -> Any:
    """A list in a list, and so on."""
    return json.loads("[" * levels + "]" * levels)


def _requests() -> Named:
    for version, method in product((*ALL_VERSIONS, *UNKNOWN_VERSIONS), METHODS):
        yield f"{method} at {version}", request(version, method)
    ids = (0, -1, BIG, "a", "", "é\0\u2028", "x" * 300, "result")
    for version, request_id in product(ALL_VERSIONS, ids):
        yield f"id {request_id!r} at {version}", request(version, "ping", id=request_id)
    asked = (*HANDSHAKE_VERSIONS, STATELESS, "1999-01-01", "", 1)
    for version, one in product(ALL_VERSIONS, asked):
        params = {"protocolVersion": one, "capabilities": {}, "clientInfo": {"name": "t"}}
        yield f"initialize for {one} at {version}", request(version, "initialize", params)
        params["clientInfo"] = {"name": "t", "version": "1"}
        yield f"a whole initialize for {one} at {version}", request(version, "initialize", params)


def _other_messages() -> Named:
    methods = ("notifications/initialized", "notifications/cancelled", "tools/call", "nope")
    for version, method in product((*ALL_VERSIONS, "2099-01-01"), methods):
        yield f"notification {method} at {version}", request(version, method, id=LEFT_OUT)
    answers: tuple[dict[str, Any], ...] = ({"result": {}}, {"error": ANSWER})
    for version, answer in product(HANDSHAKE_VERSIONS, answers):
        post = request(version, "ping", method=LEFT_OUT, params=LEFT_OUT, **answer)
        yield f"the answer {answer} at {version}", post


def _calls() -> Named:
    arguments: tuple[Any, ...] = (
        {},
        {"a": [1.5, BIG, "é\0\u2028", {"b": None}]},
        {"a": nested(190)},
        None,
        LEFT_OUT,
    )
    for version, given in product(ALL_VERSIONS, arguments):
        yield f"a call with {given} at {version}", tool(version, given)
    for version, name in product(ALL_VERSIONS, ("nope", "é", "", 1, None, LEFT_OUT)):
        yield f"a call of {name!r} at {version}", tool(version, {}, name=name)
    members: tuple[tuple[str, Any], ...] = (
        ("x", 1),
        ("task", {"ttl": 5}),
        ("task", 1),
        ("requestState", "s"),
        ("inputResponses", {"a": {"action": "accept"}}),
        ("inputResponses", 1),
    )
    for version, (member, value) in product(ALL_VERSIONS, members):
        post = tool(version, {}, **{member: value})
        yield f"a call with {member} {value} at {version}", post


def _metas() -> Named:
    metas: list[Any] = [None, 1, [], "x", {}, {VERSION: STATELESS}, {CAPABILITIES: {}}]
    metas += [envelope(version) for version in (None, 1, "2025-06-18", "2099-01-01", "")]
    metas += [envelope(**{CLIENT: info}) for info in (None, "x", {"name": 1}, {"name": "n"})]
    metas += [envelope(**{CAPABILITIES: told}) for told in _CAPABILITIES]
    metas += [envelope(progressToken=token) for token in _TOKENS]
    metas += [envelope(x="y" * 2000), envelope(x=nested(50)), envelope(x={"é\0": BIG})]
    for version, (number, meta) in product((STATELESS, "2025-11-25", None), enumerate(metas)):
        yield f"_meta {number} at {version}", tool(version, {}, _meta=meta)


def _headers() -> Named:
    changes = [
        lines(without="mcp-method"),
        lines(without="mcp-name"),
        lines(without="mcp-protocol-version"),
        lines(("mcp-method", "tools/list"), without="mcp-method"),
        lines(("mcp-method", "tools/call")),
        lines(("mcp-name", "nope"), without="mcp-name"),
        lines(("mcp-name", KNOWN_TOOL)),
        lines(("mcp-name", "=?base64?Z2V0X25leHRfc3RlcA==?="), without="mcp-name"),
        lines(("mcp-name", "=?base64?!?="), without="mcp-name"),
        lines(("mcp-name", "=?base64?/w==?="), without="mcp-name"),
        lines(("mcp-protocol-version", STATELESS)),
        lines(("mcp-protocol-version", "2025-06-18")),
        lines(("mcp-protocol-version", "2099-01-01"), without="mcp-protocol-version"),
        (
            *MEDIA_TYPES,
            ("mcp-protocol-version", "2025-06-18"),
            ("mcp-protocol-version", STATELESS),
        ),
        lines(("mcp-param-x", "1")),
        lines(("mcp-param-run", "1"), ("mcp-param-run", "2")),
    ]
    for number, changed in enumerate(changes):
        yield f"headers {number}", Post(tool(STATELESS, {}).body, changed)


EQUAL = dict([*_requests(), *_other_messages(), *_calls(), *_metas(), *_headers()])

_NO_MESSAGES = (
    *(b"", b"{", b"nope", b"\xff", b"null", b"1", b"[]", b'"x"', b"{}", b'{"jsonrpc":"2.0"}'),
    b"[" + tool("2025-11-25", {}).body + b"]",
    b"[" * 5000,
    b"1" * 5000,
    b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":1}',
    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
    b'{"a":1}{"a":1}',
    b'{"jsonrpc":"2.0","id":1,"result":1}',
    b'{"jsonrpc":"2.0","id":1,"error":{"code":"1"}}',
)
_NO_IDS = (None, True, 1.5, 1.0, [1], {"a": 1})
_NO_OBJECTS: tuple[Any, ...] = (5, "x", [1], [], True, False)
DIFFERENT = {
    "JSON is UTF-8, whole characters, finite numbers and 200 levels at most": [
        raw(STATELESS, tool(STATELESS, {}).body.replace(b"1,", b"NaN,", 1)),
        raw("2025-11-25", tool("2025-11-25", {}).body.replace(b"{}", b"[1e400]", 1)),
        raw(STATELESS, tool(STATELESS, {"a": "\ud800"}).body),
        raw(STATELESS, tool(STATELESS, {}).body.decode().encode("utf-16")),
        raw(STATELESS, b"\xef\xbb\xbf" + tool(STATELESS, {}).body),
        tool(STATELESS, {"a": nested(300)}),
    ],
    "what is no message is told in a sentence, as -32600": [
        *(raw(version, body) for version in (STATELESS, "2025-11-25") for body in _NO_MESSAGES),
        request(STATELESS, "ping", method=LEFT_OUT, params=LEFT_OUT, result={}),
    ],
    "a request whose id is none is refused, not taken for a notification": [
        request(version, "ping", id=one) for version in HANDSHAKE_VERSIONS for one in _NO_IDS
    ],
    "a message with a method and an id is a request, whatever else it holds": [
        request("2025-11-25", "ping", params=LEFT_OUT, result={}, error=ANSWER),
    ],
    "arguments that are no object are refused by the tool": [
        tool(version, given) for version in ALL_VERSIONS for given in _NO_OBJECTS
    ],
}
