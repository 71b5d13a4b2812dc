"""How public Python clients call tools, for a walk (walks.py, which needs no client)."""

from typing import Any

import fastmcp
from mcp import Client
from mcp_types import TextContent

from tests.journeys.walks import CallTool


def tools_of(client: Client | fastmcp.Client[Any]) -> CallTool:
    """How the SDK's client calls tools, and fastmcp's."""

    async def call(tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        result = await client.call_tool(tool, arguments)
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        assert result.structured_content is not None
        return result.structured_content, texts

    return call
