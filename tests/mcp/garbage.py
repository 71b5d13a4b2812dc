"""Requests that no client should send: from a seed, the same ones every time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.mcp.posts import HANDSHAKE_VERSIONS, envelope, headers_for
from tests.support.agent import HANDSHAKE, STATELESS

LONGEST = 260_000
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 1e308, 10**30, -(2**63), 2**64),
    *([], [[]], {}, {"a": None}, "", " ", "\t\n", "\0", "a\0b", "\ud800", "a\udfffb"),
    *("\ufeff", "\u202e\u2066", "\uffff", "é", "ÿ", "x" * 41, "x" * 101, "x" * 201, "x" * 2001),
    *("é" * 1001, "😀" * 255, "x" * 100_000, "\\" * 999, "' OR 1=1; --", "$1", "%s%n%x"),
    *("{0.__class__}", "{{7*7}}", "</relay_to_user>", "\r\nX-A: b", "a@b", "a@b.co", "a@b.co\0"),
    *(" a@b.co ", "é@é.co", "a@" + "b." * 120 + "co", "true", "null", "0", "start_walkthrough"),
    *("tools/call", "2.0", HANDSHAKE, STATELESS, "constructor", "__proto__"),
)
METHODS = (
    *("initialize", "ping", "tools/list", "tools/call", "server/discover", "prompts/list"),
    *("resources/read", "logging/setLevel", "completion/complete", "subscriptions/listen"),
    *("notifications/initialized", "notifications/cancelled", "rpc.discover", "TOOLS/CALL", ""),
)
VERSIONS = (None, *HANDSHAKE_VERSIONS, STATELESS, STATELESS, STATELESS)
_HEADER_NAMES = (
    *("accept", "content-type", "content-length", "mcp-protocol-version", "mcp-method", "mcp-name"),
    *("mcp-session-id", "mcp-param-name", "origin", "last-event-id", "authorization", "cookie"),
    *("x-request-id", "traceparent", "content-encoding", "transfer-encoding", "mcp-method "),
)
_HEADER_VALUES = (
    *("", " ", "x", "*/*", "application/json", "text/html", "application/json; charset=utf-16"),
    *("application/json, text/event-stream", "null", "0", "-1", "1" * 5000, "x" * 60_000),
    *("mcps_" + "a" * 32, "mcps_" + "A" * 32, "=?base64?!?=", "=?base64?AA==?=", "gzip", "chunked"),
    *("http://localhost:3000", "https://evil.example", "http://[", "Bearer x", "2026-07-28\x00"),
    "é\x80ÿ\x00",
)


@dataclass(frozen=True)
class Attack:
    """One request; `tracking_id` is its address's."""

    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    tracking_id: str | None = None


@dataclass
class Attacker:
    """Makes attacks out of what a server offers.

    `known` are sound values by argument name, `sessions` ids to send, live ones among them.
    """

    seed: int
    schemas: dict[str, dict[str, Any]]
    known: dict[str, tuple[Any, ...]]
    sessions: tuple[str, ...]
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def attacks(self, number: int) -> Iterator[Attack]:
        """So many of them, mostly tool calls."""
        kinds: tuple[Callable[[], Attack], ...] = (
            *(self._bytes, self._message, self._message, self._headers, self._http),
            *(self._arguments,) * 6,
        )
        for _ in range(number):
            yield self.random.choice(kinds)()

    def _arguments(self) -> Attack:
        tool = self.random.choice(sorted(self.schemas))
        schema = self.schemas[tool]["properties"]
        arguments = {name: self._sound(name) for name in schema if self.random.random() < 0.7}
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 5))):
            arguments[self._key(tuple(schema))] = self._value()
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        if self.random.random() < 0.05:
            params["arguments"] = self._value()
        return self._post(self.random.choice(VERSIONS), "tools/call", params)

    def _message(self) -> Attack:
        version, method = self.random.choice(VERSIONS), self.random.choice(METHODS)
        params: dict[str, Any] = {"name": "get_next_step", "arguments": {}}
        if method == "initialize":
            params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t"}}
        attack = self._post(version, method, params)
        message = json.loads(attack.body)
        for _ in range(self.random.choice((1, 1, 2, 4))):
            self._mutate(message)
        return self._with_body(attack, json.dumps(message).encode())

    def _bytes(self) -> Attack:
        attack = self._arguments()
        body = bytearray(attack.body)
        for _ in range(self.random.choice((1, 1, 3, 20))):
            place = self.random.randrange(len(body)) if body else 0
            match self.random.randrange(4):
                case 0:
                    body[place : place + 1] = self.random.randbytes(self.random.randrange(4))
                case 1:
                    del body[place:]
                case 2:
                    piece = self.random.choice(
                        (b"[" * 400, b"\xed\xa0\x80", b'"', b"1e999", b"\\u0000")
                    )
                    body[place:place] = piece
                case _:
                    body = bytearray(
                        self.random.choice((b"", b"null", b"[1]", b"\xff\xfe{", bytes(9)))
                    )
        return self._with_body(attack, bytes(body))

    def _headers(self) -> Attack:
        attack = self._arguments()
        lines = list(attack.headers)
        for _ in range(self.random.choice((1, 1, 2, 6))):
            value = self.random.choice((*_HEADER_VALUES, *self.sessions))
            lines.insert(
                self.random.randrange(len(lines) + 1), (self.random.choice(_HEADER_NAMES), value)
            )
            if self.random.random() < 0.3:
                lines.pop(self.random.randrange(len(lines)))
        return Attack("POST", tuple(lines), attack.body, attack.tracking_id)

    def _http(self) -> Attack:
        attack = self._headers()
        method = self.random.choice(
            ("GET", "PUT", "PATCH", "OPTIONS", "HEAD", "DELETE", "TRACE", "POST")
        )
        size = self.random.choice((0, 1, LONGEST, 263_000))
        return Attack(method, attack.headers, b"[" * size, attack.tracking_id)

    def _post(self, version: str | None, method: str, params: dict[str, Any]) -> Attack:
        lines = [*headers_for(version, method, params)]
        if version == STATELESS:
            params = {**params, "_meta": envelope()}
        elif self.random.random() < 0.4:
            lines.append(("mcp-session-id", self.random.choice(self.sessions)))
        request_id = self.random.choice((1, "a", 10**20, "", "result"))
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        tracking_id = self.random.choice((None, None, "t-1", "~@:+-._"))
        return Attack("POST", tuple(lines), json.dumps(message).encode(), tracking_id)

    def _mutate(self, message: Any) -> None:
        place = message
        while True:
            inner = [key for key, value in place.items() if isinstance(value, dict)]
            if not inner or self.random.random() < 0.4:
                break
            place = place[self.random.choice(inner)]
        if place and self.random.random() < 0.3:
            place.pop(self.random.choice(list(place)))
        else:
            place[self._key(tuple(place))] = self._value()

    def _sound(self, name: str) -> Any:
        return self.random.choice(self.known.get(name, ("Something", "Else")))

    def _key(self, names: tuple[str, ...]) -> str:
        odd = (
            "",
            "\0",
            "é",
            "x" * 300,
            "\ud800",
            "__proto__",
            "_meta",
            "task",
            "cursor",
            "arguments",
        )
        return self.random.choice((*names, *names, *names, *odd))

    def _value(self) -> Any:
        if self.random.random() < 0.1:
            depth = self.random.choice((3, 50, 190, 199, 500))
            return json.loads("[" * depth + "]" * depth)
        return self.random.choice((*VALUES, *self.random.choice(list(self.known.values()))))

    @staticmethod
    def _with_body(attack: Attack, body: bytes) -> Attack:
        return Attack(attack.method, attack.headers, body, attack.tracking_id)
