"""FastMCP's server, set up as its documentation says (https://gofastmcp.com/deployment/http).

Without sessions and with plain JSON answers, which is its fastest setting.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_http_request
from fastmcp.tools import ToolResult

from benchmarks.peers.command import Open, peer
from benchmarks.peers.next_step import NextStep
from benchmarks.wire import END_USER_HEADER

_SESSION_HEADER = "mcp-session-id"


def app(open_tool: Open) -> Any:
    """The ASGI application."""
    tool: NextStep

    @asynccontextmanager
    async def lifespan(_: FastMCP) -> AsyncIterator[None]:
        nonlocal tool
        async with open_tool() as tool:
            yield

    mcp = FastMCP("Benchmark", lifespan=lifespan)

    @mcp.tool
    async def get_next_step(currentStepId: str | None = None) -> ToolResult:  # noqa: N803 - the tool's
        """Complete the current step and get the next one."""
        headers = get_http_request().headers
        answer = await tool.after(
            currentStepId,
            end_user_id=headers[END_USER_HEADER],
            session_id=headers.get(_SESSION_HEADER),
        )
        return ToolResult(content=list(answer.texts), structured_content=answer.structured)

    path = "/api/mcpserver/{tracking_id}/mcp"
    return mcp.http_app(path=path, stateless_http=True, json_response=True)


if __name__ == "__main__":
    peer(app)()
