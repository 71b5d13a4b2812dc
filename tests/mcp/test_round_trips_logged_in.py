"""How often a call waits for the database where end users log in: not once more than elsewhere."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.core.enums import AuthType, Toolset
from app.mcp.endpoint import McpEndpoint
from tests.mcp.counting import calls, settled_endpoint, waits
from tests.mcp.test_round_trips import STEADY
from tests.support.agent import STATELESS, Agent
from tests.support.logins import Door, door
from tests.support.people import reception
from tests.support.wire import Wire
from tests.support.world import Guide, World, make_world

# A person is known from the first call on, so that a status always has somebody to tell of, and
# nothing has to be made for a first start but a visit where there is no session.
LOGGED_IN = {name: max(numbers) for name, numbers in STEADY.items()}
FIRST_START = {"session": 3, "2026-07-28": 5}


@pytest.fixture
async def world(owner: asyncpg.Connection, counted: Wire) -> World:
    """A server with all tools whose end users log in."""
    del counted
    return await make_world(owner, toolset=Toolset.BOTH, auth_type=AuthType.PLATFORM_OAUTH)


@pytest.fixture
async def guide(world: World) -> Guide:
    """A walkthrough that no test comes to the end of."""
    return await world.guide(200)


@pytest.fixture
async def here(world: World, guide: Guide) -> AsyncIterator[Door]:
    """Where its end users log in."""
    async with reception() as people:
        yield await door(world, people)


@pytest.fixture
async def ours(here: Door, database_url: str) -> AsyncIterator[McpEndpoint]:
    """An endpoint that keeps the server's configuration, as the product does."""
    async with settled_endpoint(database_url) as ours:
        yield ours


async def visitor(here: Door, ours: McpEndpoint, who: str, era: str) -> Agent:
    """Somebody who has logged in and connected."""
    token = (await here.tokens(who)).access.reveal()
    if era == STATELESS:
        return Agent(ours, token=token, version=STATELESS)
    agent = Agent(ours, token=token)
    await agent.initialize()
    return agent


async def test_a_call_with_a_token_waits_no_more_often_than_one_without(
    counted: Wire, ours: McpEndpoint, here: Door, guide: Guide
) -> None:
    for era in ("session", STATELESS):
        agent = await visitor(here, ours, f"{len(era)}@acme.test", era)
        await agent.call("start_walkthrough")
        seen: dict[str, int] = {}
        for name, given in calls(guide).items():
            tool = name.partition(",")[0]
            for _ in range(2):  # once to prepare the statements, once more to be sure
                await agent.call(tool, **_asked(tool, next(given)))
            seen[name] = await waits(counted, agent, tool, _asked(tool, next(given)))
        assert seen == LOGGED_IN, era


async def test_the_first_start_of_a_person_waits_for_little(
    counted: Wire, ours: McpEndpoint, here: Door, guide: Guide
) -> None:
    for era, expected in FIRST_START.items():
        await (await visitor(here, ours, f"a{len(era)}@acme.test", era)).call("start_walkthrough")
        agent = await visitor(here, ours, f"b{len(era)}@acme.test", era)
        assert await waits(counted, agent, "start_walkthrough", {}) == expected, era


def _asked(tool: str, arguments: dict[str, object]) -> dict[str, object]:
    """The arguments, without the address that nobody is asked for here."""
    return {name: value for name, value in arguments.items() if name != "email"}
