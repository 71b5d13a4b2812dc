"""The MCP SDK's own client, as end users' agents have it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import TextContent

from tests.journeys.walks import CallTool


@asynccontextmanager
async def connected(url: str, *, mode: str, **headers: str) -> AsyncIterator[Client]:
    """The SDK's client; `headers` go with every request."""
    async with (
        create_mcp_http_client(headers=headers) as http_client,
        Client(streamable_http_client(url, http_client=http_client), mode=mode) as client,
    ):
        yield client


def tools_of(client: Client) -> CallTool:
    """How the SDK's client calls tools."""

    async def call(tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        result = await client.call_tool(tool, arguments)
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        assert result.structured_content is not None
        return result.structured_content, texts

    return call
