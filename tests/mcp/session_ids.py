"""Sessions: one that is open, and one that nobody opened."""

from typing import Any

from tests.support.agent import Agent

UNKNOWN = "mcps_" + "a" * 32


async def opened(**told: Any) -> Agent:
    """An agent with a session."""
    agent = Agent(**told)
    await agent.initialize()
    return agent
