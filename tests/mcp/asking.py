"""Asking for support."""

from typing import Any

from tests.support.agent import HANDSHAKE, Agent
from tests.support.world import World

HELP: dict[str, Any] = {"title": "It fails", "problemDescription": "Error 42 on login"}


def ann(version: str = HANDSHAKE) -> Agent:
    """Somebody whom the customer knows."""
    return Agent(version=version, tracking_id="ann")


async def number_of(agent: Agent, **changes: Any) -> int:
    """The number of the ticket that a call is answered with."""
    answer = await agent.call("get_support", **{**HELP, "email": "ann@acme.com", **changes})
    number: int = answer["structuredContent"]["ticket"]["number"]
    return number


async def tickets(world: World) -> list[dict[str, Any]]:
    """The tickets there are, by number."""
    rows = await world.owner.fetch("SELECT * FROM ticket ORDER BY number")
    return [dict(row) for row in rows]
