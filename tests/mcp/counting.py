"""Every tool call, and how often it waits for the database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from app.core.background import in_background
from app.domain.server_directory import ServerDirectory
from app.mcp.endpoint import McpEndpoint
from tests.support.agent import Agent, endpoint
from tests.support.wire import Wire
from tests.support.world import Guide


@asynccontextmanager
async def settled_endpoint(database_url: str) -> AsyncIterator[McpEndpoint]:
    """An endpoint that keeps the server's configuration, as the product does."""
    directory = ServerDirectory()
    async with in_background(directory.follow(database_url)):
        ours = endpoint(directory=directory)
        async with asyncio.timeout(5):
            while not await _is_kept(directory):
                await asyncio.sleep(0.01)
        yield ours


async def _is_kept(directory: ServerDirectory) -> bool:
    hits = directory.hits
    await directory.by_slug("acme-docs")
    return directory.hits > hits


def calls(guide: Guide) -> dict[str, Iterator[dict[str, Any]]]:
    """Every call of STEADY, as often as one likes."""
    steps = iter(guide.steps)
    named: dict[str, Iterator[dict[str, Any]]] = {
        "start_walkthrough": ({} for _ in count()),
        "start_walkthrough, by name": ({"name": guide.title} for _ in count()),
        "get_next_step": ({} for _ in count()),
        "get_next_step, completing": ({"currentStepId": step} for step in steps),
        "list_walkthroughs": ({} for _ in count()),
        "select_walkthrough": ({"walkthrough_id": guide.id} for _ in count()),
        "next_walkthrough_step": ({} for _ in count()),
        "next_walkthrough_step, completing": ({"current_step_id": next(steps)} for _ in count()),
        "get_walkthrough_status": ({"walkthrough_id": guide.id} for _ in count()),
        "reset_walkthrough_progress": (
            {"walkthrough_id": guide.id, "confirm": True} for _ in count()
        ),
        "get_support": (
            {"title": f"Help {number}", "problemDescription": "Broken", "email": "a@b.co"}
            for number in count()
        ),
    }
    return named


async def waits(counted: Wire, agent: Agent, tool: str, arguments: dict[str, Any]) -> int:
    """How often the call waited, all on one connection."""
    counted.reset()
    await agent.call(tool, **arguments)
    assert counted.answers == counted.waits
    assert len(counted.connections) == 1
    return counted.waits
