"""A raw MCP client for tests: every byte is the test's own, in both eras."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.domain.server_directory import ServerConfig, ServerDirectory
from app.mcp.address import McpAddress
from app.mcp.endpoint import McpEndpoint
from app.mcp.tool_definitions import callable_tools, wire

HANDSHAKE = "2025-11-25"
STATELESS = "2026-07-28"
URL = "http://acme-docs.localhost:8000/api/mcpserver/mcp"

_EVERY_TOOL = callable_tools(
    ServerConfig(
        id="",
        organization_id="",
        name="",
        product="",
        slug="",
        auth_type=AuthType.COLLECT_EMAIL,
        support_ticket_type=SupportTicketType.DASHBOARD,
        walkthrough_tools_enabled=True,
        walkthrough_toolset=Toolset.BOTH,
        instructions="",
        allowed_origins=frozenset(),
        rate_limit_per_minute=None,
        has_walkthroughs=True,
    )
)


def endpoint(**changes: Any) -> McpEndpoint:
    """An endpoint without the edge in front of it."""
    metrics = Metrics()
    parts: dict[str, Any] = {
        "directory": ServerDirectory(),
        "limiter": Limiter(metrics=metrics, address_calls_per_minute=1_000_000),
        "metrics": metrics,
        "connect_page": lambda name, url, **_: f"<h1>{name}</h1>{url}",
        "calls_per_minute": 1_000_000,
        "is_production": False,
    }
    return McpEndpoint(**{**parts, **changes})


@cache
def output_schema(tool: str) -> Draft202012Validator:
    """What a tool's structured content is held to."""
    schema: Any = wire(_EVERY_TOOL[tool])["outputSchema"]
    return Draft202012Validator(schema)


@dataclass
class Agent:
    """Speaks to one MCP address; remembers the session and the run handle as clients do.

    `token` is the access token that it sends.
    """

    endpoint: McpEndpoint = field(default_factory=endpoint)
    slug: str = "acme-docs"
    tracking_id: str | None = None
    version: str = HANDSHAKE
    session_id: str | None = None
    run: str | None = None
    client: tuple[str, str] = ("test-agent", "1.0")
    client_address: str = "203.0.113.9"
    token: str | None = None

    @property
    def is_stateless(self) -> bool:
        """Whether it speaks the era without sessions."""
        return self.version == STATELESS

    async def send(
        self,
        method: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
    ) -> httpx.Response:
        """One HTTP request with exactly these headers; content in parts has no length."""
        address = McpAddress(self.slug, self.tracking_id, self.client_address, URL)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self.endpoint(scope, receive, send, address=address)

        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            return await client.request(method, URL, headers=headers or {}, content=content)

    def headers(self, method: str, params: dict[str, Any]) -> dict[str, str]:
        """The headers a good client of this version sends."""
        told = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
        }
        if self.token is not None:
            told["authorization"] = f"Bearer {self.token}"
        if method != "initialize":
            told["mcp-protocol-version"] = self.version
        if self.is_stateless:
            told["mcp-method"] = method
            if "name" in params:
                told["mcp-name"] = params["name"]
        elif self.session_id is not None:
            told["mcp-session-id"] = self.session_id
        return told

    def params(self, given: dict[str, Any]) -> dict[str, Any]:
        """The params of a request, with the envelope that this version wants."""
        if not self.is_stateless:
            return given
        client = dict(zip(("name", "version"), self.client, strict=True))
        envelope = {
            "io.modelcontextprotocol/protocolVersion": self.version,
            "io.modelcontextprotocol/clientInfo": client,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        return {**given, "_meta": envelope}

    async def post(self, method: str, params: dict[str, Any] | None = None) -> httpx.Response:
        """One request as a good client of this version makes it."""
        params = self.params(params or {})
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = await self.send(
            "POST",
            headers=self.headers(method, params),
            content=httpx.Response(200, json=message).content,
        )
        self.session_id = response.headers.get("mcp-session-id", self.session_id)
        return response

    async def initialize(self) -> dict[str, Any]:
        """Open a session; the result of initialize."""
        params = {
            "protocolVersion": self.version,
            "capabilities": {},
            "clientInfo": dict(zip(("name", "version"), self.client, strict=True)),
        }
        result: dict[str, Any] = (await self.post("initialize", params)).json()["result"]
        return result

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool, sound by its output schema; the run handle is passed back."""
        if self.run is not None and tool != "list_walkthroughs":
            arguments.setdefault("run", self.run)
        response = await self.post("tools/call", {"name": tool, "arguments": arguments})
        body = response.json()
        assert "result" in body, body
        result: dict[str, Any] = body["result"]
        twin = result["structuredContent"]
        output_schema(tool).validate(twin)
        assert twin["text"] == result["content"][-1]["text"]
        assert result["isError"] is (twin["kind"] in {"refused", "invalid", "error"})
        self.run = twin.get("run", self.run)
        return result

    async def error(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The JSON-RPC error that a tool call is answered with."""
        response = await self.post("tools/call", {"name": tool, "arguments": arguments})
        body = response.json()
        assert "error" in body, body
        return dict(body["error"])
