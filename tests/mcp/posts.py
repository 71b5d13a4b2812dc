"""POSTs to an MCP endpoint, sound and broken, for the two roads to judge."""

import json
from typing import Any

from hypothesis import strategies as st
from mcp.shared.inbound import encode_header_value

from tests.mcp.two_roads import KNOWN_TOOL, Post
from tests.support.agent import STATELESS

VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT = "io.modelcontextprotocol/clientInfo"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MEDIA_TYPES = (
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
)
BIG = 10**30
LEFT_OUT: Any = object()

_METHODS = (
    "initialize", "ping", "tools/list", "tools/call", "server/discover", "prompts/list",
    "prompts/get", "resources/list", "resources/read", "resources/templates/list",
    "completion/complete", "logging/setLevel", "subscriptions/listen", "tasks/get",
    "notifications/initialized", "notifications/cancelled", "nope", "",
)  # fmt: skip
_IDS = (
    0,
    -1,
    BIG,
    2**53,
    "a",
    "",
    "é\0\u2028",
    "x" * 100,
    "result",
    None,
    True,
    1.5,
    1.0,
    [1],
    {"a": 1},
)
_SCALARS = (None, True, 0, -1, 1.5, BIG, "", "x", "é\0\u2028😀")


def envelope(version: object = STATELESS, **more: Any) -> dict[str, Any]:
    """The `_meta` that the stateless era asks for."""
    return {VERSION: version, CLIENT: {"name": "t", "version": "1"}, CAPABILITIES: {}, **more}


def headers_for(version: str | None, method: str, params: Any) -> tuple[tuple[str, str], ...]:
    """What a good client of this version sends."""
    told = list(MEDIA_TYPES)
    if version is not None:
        told.append(("mcp-protocol-version", version))
    if version is not None and version not in HANDSHAKE_VERSIONS:
        told.append(("mcp-method", method))
        named = params.get("name") or params.get("uri") if isinstance(params, dict) else None
        if isinstance(named, str):
            told.append(("mcp-name", encode_header_value(named)))
    return tuple(told)


def request(
    version: str | None,
    method: str,
    params: Any = LEFT_OUT,
    /,
    *,
    headers: tuple[tuple[str, str], ...] | None = None,
    **members: Any,
) -> Post:
    """A request as a good client of this version makes it, but for what `members` change.

    In the stateless era params get their envelope, unless they bring one.
    """
    if version == STATELESS and (params is LEFT_OUT or isinstance(params, dict)):
        params = {"_meta": envelope(), **({} if params is LEFT_OUT else params)}
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **members}
    body = json.dumps({key: value for key, value in message.items() if value is not LEFT_OUT})
    told = headers if headers is not None else headers_for(version, method, params)
    return Post(body.encode(), told)


_values = st.recursive(
    st.sampled_from(_SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "name", "version", "é", ""]), inner, max_size=3)
    ),
    max_leaves=5,
)
_client_infos: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, "x", [], {}, {"name": "n"}, {"name": 1, "version": 2},
     {"name": "n", "version": "v", "title": 3},
     {"name": "n", "version": "v", "icons": [{"src": 1}]}, {"version": "v", "x": [{}]}]
)  # fmt: skip
_capabilities: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, "x", [], {"roots": {"listChanged": 1}}, {"sampling": 1}, {"extensions": {"a": {}}},
     {"extensions": {"a": 1}}, {"experimental": {"a": []}}, {"elicitation": {"form": {}}}]
)  # fmt: skip
_versions = st.sampled_from([None, *HANDSHAKE_VERSIONS, STATELESS, STATELESS, STATELESS])
_odd_versions = st.sampled_from(["", "2099-01-01", "2026-07-28 draft", "latest", "é"])


@st.composite
def _metas(draw: st.DrawFn, version: str) -> Any:
    meta = envelope(
        draw(st.sampled_from([version, version, version, STATELESS, "2025-06-18", 1, None]))
    )
    broken = {
        CLIENT: _client_infos,
        CAPABILITIES: _capabilities,
        "progressToken": st.sampled_from([1, "t", BIG, None, True, 1.5, [], {}]),
        "io.modelcontextprotocol/logLevel": st.sampled_from(["debug", "loud", 1, None]),
        "traceparent": _values,
        "a/b": _values,
    }
    for key in draw(st.lists(st.sampled_from(sorted(broken)), max_size=2)):
        meta[key] = draw(broken[key])
    gone = draw(st.sampled_from([""] * 8 + [VERSION, CLIENT, CAPABILITIES]))
    meta.pop(gone, None)
    return draw(st.sampled_from([meta] * 9 + [None, 1, [], "x"]))


@st.composite
def _params(draw: st.DrawFn, method: str, version: str | None) -> Any:
    fields: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "tools/call": {
            "name": st.sampled_from([KNOWN_TOOL] * 4 + ["nope", "é", "", 1, None]),
            "arguments": st.dictionaries(st.sampled_from(["a", "run", "é"]), _values, max_size=2)
            | st.sampled_from([None, 5, "x", [1], True]),
        },
        "initialize": {
            "protocolVersion": st.sampled_from(
                [*HANDSHAKE_VERSIONS, STATELESS, "1999-01-01", "", 1, None]
            ),
            "capabilities": st.just({}) | _capabilities,
            "clientInfo": st.just({"name": "t", "version": "1"}) | _client_infos,
        },
        "prompts/get": {"name": st.just("x")},
        "resources/read": {"uri": st.just("file:///x")},
    }
    known = fields.get(method, {}).items()
    params: dict[str, Any] = {key: draw(value) for key, value in known if draw(st.integers(0, 9))}
    if draw(st.integers(0, 6)) == 0:
        member = draw(st.sampled_from(["x", "cursor", "task", "inputResponses", "requestState"]))
        params[member] = draw(_values | st.just({"ttl": 5}) | st.just({"a": {"action": "accept"}}))
    is_modern = version is not None and version not in HANDSHAKE_VERSIONS
    if draw(st.integers(0, 9)) < (9 if is_modern else 3):
        params["_meta"] = draw(_metas(version or STATELESS))
    return draw(st.sampled_from([params] * 14 + [None, [], [1], 1, "x", LEFT_OUT]))


@st.composite
def posts(draw: st.DrawFn) -> Post:
    """Mostly sound POSTs, each with a few faults at most."""
    version = draw(_versions if draw(st.integers(0, 5)) else _odd_versions)
    method = draw(
        st.sampled_from(["tools/call", *_METHODS]) if draw(st.booleans()) else st.just("tools/call")
    )
    params = draw(_params(method, version))
    members: dict[str, Any] = {}
    if draw(st.integers(0, 5)) == 0:
        members["id"] = draw(st.sampled_from([*_IDS, LEFT_OUT]))
    if draw(st.integers(0, 9)) == 0:
        member = draw(
            st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "x"])
        )
        faults = [LEFT_OUT, None, 1, "x", "1.0", [], {}, {"code": 1, "message": "x"}, {"code": "1"}]
        members[member] = draw(st.sampled_from(faults))
    lines = list(headers_for(version, method, params))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        _break_headers(draw, lines)
    return request(version, method, params, headers=tuple(lines), **members)


def _break_headers(draw: st.DrawFn, lines: list[tuple[str, str]]) -> None:
    name = draw(st.sampled_from(["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-param-x"]))
    values = ["", "x", "tools/call", "TOOLS/CALL", "get_next_step", STATELESS, "2025-06-18",
              "=?base64?w6k=?=", "=?base64?!!!?=", "=?base64?/w==?=", "é"]  # fmt: skip
    where = [place for place, line in enumerate(lines) if line[0] == name]
    if where and draw(st.integers(0, 1)) == 1:
        lines.pop(draw(st.sampled_from(where)))
    else:
        place = draw(st.integers(len(MEDIA_TYPES), len(lines)))
        lines.insert(place, (name, draw(st.sampled_from(values))))
