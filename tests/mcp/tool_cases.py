"""One call of each tool that goes well, one that is refused, one at fault, and its record."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from app.domain import progress, tickets
from tests.support.agent import STATELESS, Agent
from tests.support.world import Guide, World

HELP = {"title": "Help", "problemDescription": "Broken", "email": "ann@acme.com"}
Break = tuple[Any, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One tool: arguments that go well, are refused and are at fault; what it calls in the domain.

    In arguments, {id} and {step} are the walkthrough's and its first step's.
    """

    good: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, Any] | None = None
    bad: dict[str, Any]
    begins: bool = False
    works_with: Break
    reads: str = "progress"


TOOLS = {
    "start_walkthrough": Case(
        refused={"name": "No such thing"},
        bad={"restart": "yes"},
        works_with=(progress, "start"),
    ),
    "get_next_step": Case(
        good={"currentStepId": "{step}"},
        refused={"currentStepId": "ws_none"},
        bad={"currentStepId": 3},
        begins=True,
        works_with=(progress, "advance"),
    ),
    "list_walkthroughs": Case(bad={"page": 2}, works_with=(progress, "available")),
    "select_walkthrough": Case(
        good={"walkthrough_id": "{id}"},
        refused={"walkthrough_id": "wt_none"},
        bad={},
        works_with=(progress, "start"),
    ),
    "next_walkthrough_step": Case(
        refused={"walkthrough_id": "wt_none"},
        bad={"walkthrough_id": ""},
        begins=True,
        works_with=(progress, "advance"),
    ),
    "get_walkthrough_status": Case(
        good={"walkthrough_id": "{id}"},
        bad={"walkthrough_id": None},
        begins=True,
        works_with=(progress, "status"),
    ),
    "reset_walkthrough_progress": Case(
        good={"walkthrough_id": "{id}", "confirm": True},
        refused={"walkthrough_id": "{id}", "confirm": False},
        bad={"walkthrough_id": "{id}"},
        begins=True,
        works_with=(progress, "reset"),
    ),
    "get_support": Case(
        good=HELP,
        refused={"title": "Help", "problemDescription": "Broken"},
        bad={**HELP, "email": "nobody"},
        works_with=(tickets, "open_ticket"),
        reads="ticket",
    ),
}  # fmt: skip
REFUSABLE = [tool for tool, case in TOOLS.items() if case.refused is not None]


async def ready(guide: Guide, tool: str, version: str) -> Agent:
    """An agent that has begun the walkthrough if the tool needs that."""
    agent = Agent(version=version, tracking_id="ann")
    if version != STATELESS:
        await agent.initialize()
    if TOOLS[tool].begins:
        await agent.call("start_walkthrough", name=guide.id)
    return agent


def filled(arguments: dict[str, Any], guide: Guide) -> dict[str, Any]:
    """The arguments with the ids of this walkthrough."""
    return {
        name: value.format(id=guide.id, step=guide.steps[0]) if isinstance(value, str) else value
        for name, value in arguments.items()
    }


async def rows_after(
    world: World, run: Callable[[], Awaitable[httpx.Response]]
) -> tuple[httpx.Response, list[dict[str, Any]]]:
    """The answer to a call, and the rows that it left behind."""
    before = {row["id"] for row in await world.owner.fetch("SELECT id FROM tool_call")}
    answer = await run()
    rows = await world.owner.fetch("SELECT * FROM tool_call")
    return answer, [dict(row) for row in rows if row["id"] not in before]


def assert_small(row: dict[str, Any]) -> None:
    """The output tells facts and nothing that a person or an author wrote."""
    output = msgspec.json.decode(row["output"])
    assert isinstance(output, dict)
    assert all(isinstance(value, str | int | bool | None) for value in output.values())
    assert len(row["output"]) < 300
    for written in ("Do thing", "Step 1", "Getting started", "Broken", "acme.com", "relay_to"):
        assert written not in row["output"]


async def record_of(
    world: World, agent: Agent, tool: str, arguments: dict[str, Any]
) -> tuple[httpx.Response, dict[str, Any]]:
    """The answer to a call and the one row that it left behind."""
    params = {"name": tool, "arguments": arguments}
    answer, rows = await rows_after(world, lambda: agent.post("tools/call", params))
    (row,) = rows
    assert (row["organization_id"], row["server_id"]) == (world.organization_id, world.server_id)
    assert row["tool"] == tool
    assert msgspec.json.decode(row["input"]) == arguments
    assert 0 < row["duration_ms"] < 30_000
    assert_small(row)
    return answer, row
