"""The same request down two roads: our endpoint, and the SDK's own HTTP manager.

Both lead to the same low-level server and to a tool that tells what reached it.
"""

import json
from dataclasses import dataclass
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError

from app.domain.server_directory import ServerConfig
from app.mcp.address import McpAddress
from app.mcp.answer import Answer
from app.mcp.endpoint import McpEndpoint
from app.mcp.errors import INVALID_PARAMS, JsonRpcError
from app.mcp.server import CALL_TOOL, server_for
from tests.support.agent import URL, endpoint
from tests.support.exchange import Answered, exchange

KNOWN_TOOL = "get_next_step"
_WITHOUT_ITS_OWN_HOST_CHECK = TransportSecuritySettings(enable_dns_rebinding_protection=False)


@dataclass(frozen=True)
class Post:
    """One POST, byte for byte."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Seen:
    """What a client sees of an answer."""

    status: int
    json: Any

    @property
    def error(self) -> dict[str, Any] | None:
        """The JSON-RPC error, if it is one."""
        return self.json.get("error") if isinstance(self.json, dict) else None

    @property
    def code(self) -> int | None:
        """The JSON-RPC error's code, if it is one."""
        return self.error["code"] if self.error else None


def echo(name: str, arguments: object) -> Answer:
    """What the tool of both roads answers. Raises JsonRpcError as tools do."""
    if name != KNOWN_TOOL:
        raise JsonRpcError(200, INVALID_PARAMS, f"There is no tool '{name}'.", {"details": "none"})
    if not isinstance(arguments, dict):
        raise JsonRpcError(200, INVALID_PARAMS, "The arguments are no object.", {"details": "none"})
    return Answer(("one", "two é\u2028"), {"given": arguments, "nothing": None}, is_error=True)


class _Echo:
    """Stands where the recorder stands."""

    async def run(self, name: str, arguments: object, **_: object) -> Answer:
        return echo(name, arguments)

    async def refused(self, *_: object, **__: object) -> None:
        return


def our_endpoint() -> McpEndpoint:
    """An endpoint whose tools are `echo`; every request gets its own limits."""
    ours = endpoint()
    ours._recorder = _Echo()  # type: ignore[assignment]  # it runs a tool, which is all that is asked
    return ours


async def our_road(ours: McpEndpoint, post: Post) -> Seen:
    """What our endpoint answers."""
    address = McpAddress("acme-docs", None, "203.0.113.9", URL)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await ours(scope, receive, send, address=address)

    return _seen(await exchange(app, post.body, post.headers))


async def sdk_road(config: ServerConfig, post: Post) -> Seen:
    """What the SDK's manager answers on the same server."""

    async def call(name: str, arguments: object) -> Answer:
        try:
            return echo(name, arguments)
        except JsonRpcError as error:
            raise MCPError(error.code, error.message, error.data) from error

    manager = StreamableHTTPSessionManager(
        server_for(config),
        stateless=True,
        json_response=True,
        security_settings=_WITHOUT_ITS_OWN_HOST_CHECK,
    )
    token = CALL_TOOL.set(call)
    try:
        async with manager.run():
            return _seen(await exchange(manager.handle_request, post.body, post.headers))
    finally:
        CALL_TOOL.reset(token)


def _seen(answered: Answered) -> Seen:
    body = answered.body  # read with what the SDK writes with: it lets half a surrogate pair out
    return Seen(answered.status, json.loads(body) if body[:1] == b"{" else None)
