"""How often a tool call waits for the database, counted on the wire (docs/ARCHITECTURE.md)."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.core.enums import Toolset
from app.mcp.endpoint import McpEndpoint
from tests.mcp.counting import calls, settled_endpoint, waits
from tests.support.agent import STATELESS, Agent
from tests.support.wire import Wire
from tests.support.world import Guide, make_world

CALLERS: dict[str, dict[str, Any]] = {
    "session": {},
    "session, tracking id": {"tracking_id": "user-1"},
    "2026-07-28, run handle": {"version": STATELESS},
    "2026-07-28, tracking id": {"version": STATELESS, "tracking_id": "user-2"},
}
# In the order of CALLERS. The first wait of each reads who calls and binds the connection to the
# organization, the last one writes the row of the tool call; what the tool does is in between, or
# in the same statement as that row.
STEADY = {
    "start_walkthrough": (3, 3, 3, 3),
    "start_walkthrough, by name": (3, 3, 3, 3),
    "get_next_step": (2, 2, 2, 2),
    "get_next_step, completing": (2, 2, 2, 2),
    "list_walkthroughs": (3, 3, 3, 3),
    "select_walkthrough": (2, 2, 2, 2),
    "next_walkthrough_step": (2, 2, 2, 2),
    "next_walkthrough_step, completing": (2, 2, 2, 2),
    "get_walkthrough_status": (2, 3, 2, 3),  # two where nobody is known and all it does is refuse
    "reset_walkthrough_progress": (2, 2, 2, 2),
    "get_support": (2, 2, 2, 2),
}
FIRST_START = (
    4,
    5,
    6,
    6,
)  # makes the end user; a run handle, and a visit where there is no session
WITHOUT_A_SESSION = 4  # of the handshake era: one is opened for the answer


@pytest.fixture
async def guide(owner: asyncpg.Connection) -> Guide:
    """A walkthrough that no test comes to the end of, on a server with all tools."""
    return await (await make_world(owner, toolset=Toolset.BOTH)).guide(200)


@pytest.fixture
async def ours(guide: Guide, database_url: str, counted: Wire) -> AsyncIterator[McpEndpoint]:
    """An endpoint that keeps the server's configuration, as the product does."""
    async with settled_endpoint(database_url) as ours:
        yield ours


async def test_no_call_waits_more_than_three_times(
    counted: Wire, ours: McpEndpoint, guide: Guide
) -> None:
    seen: dict[str, list[int]] = {name: [] for name in STEADY}
    for who in CALLERS.values():
        agent = Agent(ours, **who)
        if not agent.is_stateless:
            await agent.initialize()
        await agent.call("start_walkthrough")
        for name, given in calls(guide).items():
            tool = name.partition(",")[0]
            for _ in range(2):  # once to prepare the statements, once more to be sure
                await agent.call(tool, **next(given))
            seen[name].append(await waits(counted, agent, tool, next(given)))
    assert {name: tuple(numbers) for name, numbers in seen.items()} == STEADY
    assert max(map(max, STEADY.values())) == 3


async def test_a_first_start_waits_for_what_it_makes(
    counted: Wire, ours: McpEndpoint, guide: Guide
) -> None:
    seen: list[int] = []
    for who in CALLERS.values():
        for newcomer in ("first", "second"):  # the first one prepares the statements
            tracking_id = who.get("tracking_id") and f"{who['tracking_id']}-{newcomer}"
            agent = Agent(ours, **{**who, "tracking_id": tracking_id})
            if not agent.is_stateless:
                await agent.initialize()
            counted.reset()
            await agent.call("start_walkthrough")
        assert len(counted.connections) == 1
        seen.append(counted.waits)
    assert tuple(seen) == FIRST_START


async def test_a_call_without_a_session_waits_once_more(
    counted: Wire, ours: McpEndpoint, guide: Guide
) -> None:
    await Agent(ours).call("list_walkthroughs")
    assert await waits(counted, Agent(ours), "list_walkthroughs", {}) == WITHOUT_A_SESSION
