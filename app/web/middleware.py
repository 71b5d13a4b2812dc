"""What surrounds every request: its id, its log line, its headers, the last door for errors."""

import asyncio
import re
import time
from collections.abc import Iterable
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.core.ids import new_id
from app.core.log import REQUEST_FACTS, REQUEST_ID
from app.core.metrics import Metrics
from app.web.errors import report_internal_error
from app.web.hosts import MCP_PREFIX, mcp_path
from app.web.pages import CONTENT_SECURITY_POLICY

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{8,64}")
_PATH_MAX_CHARACTERS = 200
_WORD = re.compile(r"[a-z.-]{0,40}")  # as all our paths are made of
BODY_SECONDS = 30.0  # for whatever is sent; whoever takes longer counts as gone
_CLIENT_LEFT = 499  # what access logs call an answer that nobody waited for
ALIAS = "is_alias"  # in a scope's state: the host is not below the base host
_PROBES = frozenset({"/live", "/ready", "/metrics", "/api/mcpserver/health"})
_PLANES = {"graphql": "graphql", "oauth": "oauth", ".well-known": "oauth"}

log = structlog.get_logger()


class Frame:
    """The outermost ASGI application.

    `is_secure` tells whether the public comes by https, and must keep doing so.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, is_secure: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
        ]
        self._is_secure = is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and whatever happens account for it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope["headers"])
        facts: dict[str, Any] = {}
        id_token, facts_token = REQUEST_ID.set(request_id), REQUEST_FACTS.set(facts)
        body = _Body(receive)
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        answer = _Answer(send, headers, body, secure_scope=scope if self._is_secure else None)
        try:
            await self._app(scope, body, answer)
        except Exception as error:  # noqa: BLE001 - the outermost door
            refusal = report_internal_error(error)
            if answer.status is None:
                await refusal.send(answer, path=scope["path"])
        finally:
            self._account(scope, answer, facts, seconds=time.perf_counter() - began)
            REQUEST_FACTS.reset(facts_token)
            REQUEST_ID.reset(id_token)

    def _account(
        self, scope: Any, answer: "_Answer", facts: dict[str, Any], *, seconds: float
    ) -> None:
        path = scope["path"]
        status = answer.status or _CLIENT_LEFT
        self._metrics.request_answered(_plane(path), status, seconds)
        write = log.debug if path in _PROBES else log.info
        write(
            "request completed",
            **{
                "method": scope["method"],
                "path": _shown(path),
                "status": status,
                "duration_ms": round(seconds * 1000, 1),
                "response_bytes": answer.body_bytes,
                **facts,
            },
        )


class _Body:
    """A `receive` that waits for a body so long and no longer, and then for the client to leave."""

    __slots__ = ("_is_whole", "_receive", "_until", "is_late")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS
        self._is_whole = False
        self.is_late = False

    async def __call__(self) -> Any:
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            self.is_late = True
            return {"type": "http.disconnect"}
        self._is_whole = not message.get("more_body", False)
        return message


class _Answer:
    """A `send` that adds the headers which are not there yet, and remembers what went out."""

    __slots__ = ("_body", "_headers", "_secure_scope", "_send", "body_bytes", "status")

    def __init__(
        self,
        send: Send,
        headers: list[tuple[bytes, bytes]],
        body: _Body,
        *,
        secure_scope: Scope | None,
    ) -> None:
        self._send = send
        self._secure_scope = secure_scope
        self._headers = headers
        self._body = body
        self.status: int | None = None
        self.body_bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", ())
            names = {name for name, _ in given}
            more = [pair for pair in self._headers if pair[0] not in names]
            if self._secure_scope is not None:
                more.append((b"strict-transport-security", _hsts(self._secure_scope)))
            if self._body.is_late:
                more.append((b"connection", b"close"))
            message["headers"] = [*given, *more]
        elif message["type"] == "http.response.body":
            self.body_bytes += len(message["body"])
        await self._send(message)


def _hsts(scope: Scope) -> bytes:
    """For hosts below too, which could set cookies; what is below an alias is not ours."""
    is_alias = scope.get("state", {}).get(ALIAS, False)
    return b"max-age=31536000" if is_alias else b"max-age=31536000; includeSubDomains"


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value.decode()
    return new_id("req")


def _plane(path: str) -> str:
    if path.startswith(MCP_PREFIX) and path not in _PROBES:
        return "mcp"
    return _PLANES.get(path[1:].partition("/")[0], "web")


def _shown(path: str) -> str:
    """The path as logs show it, in words: all else may be a secret, or somebody's address."""
    if path.startswith(MCP_PREFIX) and path not in _PROBES:
        target = mcp_path(path)
        if target is None:
            return f"{MCP_PREFIX}…"
        return f"{MCP_PREFIX}mcp" if target.tracking_id is None else f"{MCP_PREFIX}{{id}}/mcp"
    parts = path[:_PATH_MAX_CHARACTERS].split("/")
    return "/".join(part if _WORD.fullmatch(part) else "…" for part in parts)
