"""Walking with the classic tools."""

from typing import Any

from tests.support.agent import Agent
from tests.support.world import Guide


def ann(version: str) -> Agent:
    """Somebody whom the customer knows."""
    return Agent(version=version, tracking_id="ann")


async def walked(agent: Agent, guide: Guide, steps: int) -> Agent:
    """The agent after so many steps of the walkthrough."""
    await agent.call("select_walkthrough", walkthrough_id=guide.id)
    for step in guide.steps[:steps]:
        await agent.call("next_walkthrough_step", current_step_id=step)
    return agent


def in_classic_words(twin: dict[str, Any]) -> dict[str, Any]:
    """A presented step's twin as the classic tools spell its next call."""
    (step_id,) = twin["nextAction"]["arguments"].values()
    return {
        **twin,
        "nextAction": {
            "tool": "next_walkthrough_step",
            "arguments": {"current_step_id": step_id},
        },
    }
