"""The SDK's server, one for each configuration: who it is, what it offers."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from app import __version__
from app.domain.server_directory import ServerConfig
from app.mcp.answer import Answer
from app.mcp.instructions import instructions_for
from app.mcp.tool_definitions import tools_for, wire

_LIST_MILLISECONDS = 60_000

CallTool = Callable[[str, object], Awaitable[Answer]]
CALL_TOOL: ContextVar[CallTool] = ContextVar("call_tool")


@lru_cache(maxsize=4096)
def server_for(config: ServerConfig) -> Server[Any]:
    """The server that speaks for this configuration; tools run through CALL_TOOL."""
    listed = types.ListToolsResult(
        tools=[types.Tool.model_validate(wire(tool)) for tool in tools_for(config)]
    )

    async def list_tools(
        _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return listed

    async def call_tool(
        _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        answer = await CALL_TOOL.get()(params.name, params.arguments or {})
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text) for text in answer.texts],
            structured_content=answer.structured,
            is_error=answer.is_error,
        )

    server: Server[Any] = Server(
        config.name,
        version=__version__,
        title=config.name,
        instructions=instructions_for(config),
        cache_hints={"tools/list": CacheHint(ttl_ms=_LIST_MILLISECONDS, scope="private")},
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    server.middleware.clear()  # OpenTelemetry's costs a fifth of a call and has no exporter here
    return server


@lru_cache(maxsize=4096)
def stamp_for(config: ServerConfig) -> dict[str, Any]:
    """The serverInfo that the stateless era wants on every result."""
    return server_for(config).server_info_stamp
