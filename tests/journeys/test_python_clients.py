"""Clients that are not ours walk the product over HTTP, in every version that they speak."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import fastmcp
import mcp.client.session
import pytest
from fastmcp.client.transports import StreamableHttpTransport
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from tests.journeys.calling import tools_of
from tests.journeys.walks import walk, whole_walk
from tests.support.agent import STATELESS
from tests.support.command import Serving
from tests.support.world import Guide, World

Mode = Literal["legacy", "auto"] | str
TOOLS = ["start_walkthrough", "get_next_step", "get_support"]
TICKET = {"title": "Stuck", "problemDescription": "Nothing happens.", "email": "ada@example.com"}


def address(platform: Serving, tracking_id: str | None = None) -> str:
    """The MCP address of acme-docs."""
    place = "mcp" if tracking_id is None else f"{tracking_id}/mcp"
    return f"{platform.url}/api/mcpserver/{place}"


@asynccontextmanager
async def connected(url: str, *, mode: Mode, **headers: str) -> AsyncIterator[Client]:
    """The SDK's client; `headers` go with every request."""
    async with (
        create_mcp_http_client(headers=headers) as http_client,
        Client(streamable_http_client(url, http_client=http_client), mode=mode) as client,
    ):
        yield client


async def sessions(world: World) -> list[tuple[str, bool]]:
    """Kind of every session, and whether it has ended."""
    rows = await world.owner.fetch("SELECT kind, ended_at IS NOT NULL AS ended FROM session")
    return [(row["kind"], row["ended"]) for row in rows]


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
async def test_the_sdk_walks_in_every_version_with_a_handshake(
    world: World, platform: Serving, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp.client.session, "LATEST_HANDSHAKE_VERSION", version)
    async with connected(address(platform), mode="legacy") as client:
        assert client.session.protocol_version == version
        assert client.server_info is not None
        assert client.server_info.name == "Acme Docs"
        assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
        assert await walk(tools_of(client)) == whole_walk(12)
        ticket, _ = await tools_of(client)("get_support", TICKET)
    assert ticket["ticket"] == {"number": 1, "title": "Stuck", "isRepeat": False}
    assert await sessions(world) == [("session", True)]  # the client says goodbye with DELETE


@pytest.mark.parametrize("mode", [STATELESS, "auto"])
async def test_the_sdk_walks_without_sessions(world: World, platform: Serving, mode: str) -> None:
    async with connected(address(platform), mode=mode) as client:
        assert client.session.protocol_version == STATELESS
        assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
        assert await walk(tools_of(client)) == whole_walk(12)
        ticket, _ = await tools_of(client)("get_support", TICKET)
    assert ticket["ticket"]["number"] == 1
    assert await sessions(world) == [("visit", False)]


async def test_the_sdk_reaches_a_server_by_its_own_host(platform: Serving) -> None:
    async with connected(
        address(platform), mode="legacy", host="ACME-docs.localhost:8000"
    ) as client:
        assert await walk(tools_of(client)) == whole_walk(12)


async def test_a_tracking_id_is_one_person_in_both_eras(
    world: World, platform: Serving, guide: Guide
) -> None:
    url = address(platform, "user-7")
    async with connected(url, mode="legacy") as client:
        call = tools_of(client)
        await call("start_walkthrough", {})
        await call("get_next_step", {"currentStepId": guide.steps[0]})
    async with connected(url, mode=STATELESS) as client:
        assert await walk(tools_of(client)) == whole_walk(12)[1:]
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 1


@pytest.mark.parametrize("mode", ["legacy", STATELESS])
async def test_the_sdk_is_told_what_is_wrong(platform: Serving, mode: str) -> None:
    async with connected(address(platform), mode=mode) as client:
        with pytest.raises(MCPError, match="There is no tool 'nope'"):
            await client.call_tool("nope", {})
        wrong = await client.call_tool("get_support", {"title": 1})
        assert wrong.is_error is True
        assert wrong.structured_content is not None
        assert [fault["field"] for fault in wrong.structured_content["errors"]] == [
            "title",
            "problemDescription",
        ]


async def test_fastmcps_client_walks_too(world: World, platform: Serving) -> None:
    async with fastmcp.Client(StreamableHttpTransport(address(platform))) as client:
        call = tools_of(client)
        assert [tool.name for tool in await client.list_tools()] == TOOLS
        assert await walk(call) == whole_walk(12)
        ticket, _ = await call("get_support", TICKET)
    assert ticket["ticket"]["number"] == 1
