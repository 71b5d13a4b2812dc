"""Two processes on one database and one Redis are one platform to those who use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.walks import walk, whole_walk
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.command import Serving, serving
from tests.support.redis_servers import free_port, redis_server
from tests.support.world import Guide, World

PATH = "/api/mcpserver/mcp"


@pytest.fixture
async def pair(
    guide: Guide, database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Serving, Serving]]:
    """Two processes that serve acme-docs, allowing sixty calls a minute to each end user."""
    async with AsyncExitStack() as stack:
        settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": stack.enter_context(redis_server()),
            "MCPLATFORM_CALLS_PER_MINUTE": "60",
            "MCPLATFORM_HOST_ALIASES": "127.0.0.1=acme-docs",
        }
        first, second = await asyncio.gather(
            *(
                stack.enter_async_context(serving(tmp_path, free_port(), "serve", **settings))
                for _ in range(2)
            )
        )
        yield first, second


class Roaming:
    """An agent whose every request goes to the next process, as a load balancer would send it."""

    def __init__(self, pair: tuple[Serving, Serving], version: str) -> None:
        self._agent = Agent(version=version)
        self._processes = cycle(pair)

    @property
    def session_id(self) -> str:
        """The session that it was given."""
        assert self._agent.session_id is not None
        return self._agent.session_id

    async def request(self, method: str, **params: Any) -> httpx.Response:
        """One JSON-RPC request."""
        given = self._agent.params(params)
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
        headers = self._agent.headers(method, given)
        async with httpx.AsyncClient() as client:
            url = next(self._processes).url + PATH
            answered = await client.post(url, json=message, headers=headers)
        self._agent.session_id = answered.headers.get("mcp-session-id", self._agent.session_id)
        return answered

    async def initialize(self) -> None:
        """Open a session."""
        told = {"name": "test-agent", "version": "1.0"}
        await self.request(
            "initialize", protocolVersion=HANDSHAKE, capabilities={}, clientInfo=told
        )

    async def end(self) -> httpx.Response:
        """End the session."""
        async with httpx.AsyncClient() as client:
            url = next(self._processes).url + PATH
            return await client.delete(url, headers={"mcp-session-id": self.session_id})

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """A tool's structured content and texts."""
        answered = await self.request("tools/call", name=tool, arguments=arguments)
        result = answered.json()["result"]
        return result["structuredContent"], [block["text"] for block in result["content"]]


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_a_walk_goes_on_in_the_other_process(
    pair: tuple[Serving, Serving], version: str
) -> None:
    agent = Roaming(pair, version)
    if version == HANDSHAKE:
        await agent.initialize()
    assert await walk(agent.call) == whole_walk(12)


async def test_a_session_that_one_process_ends_is_unknown_to_both(
    pair: tuple[Serving, Serving],
) -> None:
    agent = Roaming(pair, HANDSHAKE)
    await agent.initialize()
    assert [(await agent.request("ping")).status_code for _ in pair] == [200, 200]
    assert [(await agent.end()).status_code for _ in range(3)] == [200, 404, 404]
    assert [(await agent.request("ping")).status_code for _ in pair] == [404, 404]
    call = {"name": "start_walkthrough", "arguments": {}}
    answers = [await agent.request("tools/call", **call) for _ in pair]
    assert [answered.json()["error"]["code"] for answered in answers] == [-32001, -32001]


async def test_a_limit_is_one_for_both(pair: tuple[Serving, Serving]) -> None:
    agent = Roaming(pair, HANDSHAKE)
    await agent.initialize()
    call = {"name": "start_walkthrough", "arguments": {}}
    answers = [await agent.request("tools/call", **call) for _ in range(64)]
    statuses = [answered.status_code for answered in answers]
    assert statuses.count(200) in {60, 61}  # the first one, still of nobody, counts for itself
    assert statuses[-2:] == [429, 429]


async def test_a_change_reaches_both(world: World, pair: tuple[Serving, Serving]) -> None:
    agent = Roaming(pair, HANDSHAKE)
    await agent.initialize()

    async def names() -> list[list[str]]:
        answers = [await agent.request("tools/list") for _ in pair]
        return [[tool["name"] for tool in told.json()["result"]["tools"]] for told in answers]

    both = ["start_walkthrough", "get_next_step", "get_support"]
    assert await names() == [both, both]
    await world.change_server(support_ticket_type="none")
    async with asyncio.timeout(5):
        while await names() != [both[:2], both[:2]]:
            await asyncio.sleep(0.02)
