"""Every kind of answer that a tool announces, through the whole path (`Agent.call` judges each)."""

from collections import defaultdict
from typing import Any

import pytest

from app.domain import progress, tickets
from tests.support.agent import Agent, output_schema
from tests.support.world import Guide, World

HELP = {"title": "Help", "problemDescription": "Broken"}


class Seen:
    """The kinds of answers that tools gave."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.kinds: dict[str, set[str]] = defaultdict(set)

    def agent(self, tracking_id: str | None = "ann") -> Agent:
        """A client of the era in question."""
        return Agent(version=self.version, tracking_id=tracking_id)

    async def call(self, agent: Agent, tool: str, **arguments: Any) -> None:
        """Make the call and note the kind of its answer."""
        answer = await agent.call(tool, **arguments)
        self.kinds[tool].add(answer["structuredContent"]["kind"])


def announced(tool: str) -> set[str]:
    """The kinds of answers that the tool's output schema knows."""
    schema: Any = output_schema(tool).schema
    return set(schema["properties"]["kind"]["enum"])


async def refusals(seen: Seen, guide: Guide) -> None:
    """Everything that is refused or at fault before a walkthrough was begun."""
    nobody, ann = seen.agent(None), seen.agent()
    await seen.call(ann, "start_walkthrough")
    await seen.call(ann, "start_walkthrough", name="No such thing")
    await seen.call(ann, "start_walkthrough", restart="yes")
    await seen.call(ann, "get_next_step")
    await seen.call(ann, "get_next_step", currentStepId=3)
    await seen.call(ann, "list_walkthroughs")
    await seen.call(ann, "list_walkthroughs", page=2)
    for tool in ("select_walkthrough", "get_walkthrough_status"):
        await seen.call(nobody, tool, walkthrough_id=guide.id)
        await seen.call(ann, tool)
    await seen.call(nobody, "next_walkthrough_step")
    await seen.call(ann, "next_walkthrough_step", walkthrough_id=3)
    await seen.call(ann, "get_walkthrough_status", walkthrough_id=guide.id)
    reset = {"walkthrough_id": guide.id, "confirm": True}
    await seen.call(nobody, "reset_walkthrough_progress", **reset)
    await seen.call(ann, "reset_walkthrough_progress", **reset)
    await seen.call(ann, "reset_walkthrough_progress", walkthrough_id=guide.id, confirm=False)
    await seen.call(ann, "reset_walkthrough_progress")
    await seen.call(ann, "get_support", **HELP, email="nobody")


async def successes(seen: Seen, guide: Guide) -> None:
    """Everything that goes well, with each family of tools."""
    ann = seen.agent()
    await seen.call(ann, "start_walkthrough", name=guide.id)
    await seen.call(ann, "get_next_step", currentStepId=guide.steps[0])
    await seen.call(ann, "get_walkthrough_status", walkthrough_id=guide.id)
    await seen.call(ann, "get_next_step", currentStepId=guide.steps[1])
    await seen.call(ann, "start_walkthrough", name=guide.id)
    await seen.call(ann, "select_walkthrough", walkthrough_id=guide.id)
    await seen.call(ann, "reset_walkthrough_progress", walkthrough_id=guide.id, confirm=True)
    await seen.call(ann, "select_walkthrough", walkthrough_id=guide.id)
    await seen.call(ann, "next_walkthrough_step")
    await seen.call(ann, "next_walkthrough_step")
    await seen.call(ann, "get_support", **HELP, email="ann@acme.com")
    await seen.call(ann, "get_support", **HELP)


async def faults_of_ours(seen: Seen, guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told when the product breaks."""

    async def broken(*_: object, **__: object) -> None:
        message = "SELECT secret FROM internals"
        raise ZeroDivisionError(message)

    for module, name in (
        (progress, "available"),
        (progress, "start"),
        (progress, "advance"),
        (progress, "status"),
        (progress, "reset"),
        (tickets, "open_ticket"),
    ):
        monkeypatch.setattr(module, name, broken)
    ann = seen.agent()
    await seen.call(ann, "start_walkthrough")
    await seen.call(ann, "get_next_step")
    await seen.call(ann, "list_walkthroughs")
    await seen.call(ann, "select_walkthrough", walkthrough_id=guide.id)
    await seen.call(ann, "next_walkthrough_step")
    await seen.call(ann, "get_walkthrough_status", walkthrough_id=guide.id)
    await seen.call(ann, "reset_walkthrough_progress", walkthrough_id=guide.id, confirm=True)
    await seen.call(ann, "get_support", **HELP, email="ann@acme.com")


# Kinds for which a tool has no occasion while the database answers: schemas are shared.
NEVER = {
    "get_next_step": {"walkthroughs"},
    "select_walkthrough": {"walkthroughs"},
    "next_walkthrough_step": {"walkthroughs"},
    "list_walkthroughs": {"refused"},
    "get_support": {"refused"},
}


async def test_every_kind_that_a_tool_announces_is_given(
    world: World, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.change_server(walkthrough_toolset="both")
    guide = await world.guide(2, title="Install")
    await world.guide(1, title="Deploy")
    seen = Seen(version)
    await refusals(seen, guide)
    await successes(seen, guide)
    await faults_of_ours(seen, guide, monkeypatch)
    expected = {tool: announced(tool) - NEVER.get(tool, set()) for tool in seen.kinds}
    assert seen.kinds == expected
    assert len(expected) == 8


async def test_the_schemas_that_answers_are_held_to_are_those_that_clients_see(
    world: World, version: str
) -> None:
    await world.change_server(walkthrough_toolset="both", auth_type="collect_email")
    await world.guide(1)
    tools = (await Agent(version=version).post("tools/list")).json()["result"]["tools"]
    assert len(tools) == 8
    for tool in tools:
        assert tool["outputSchema"] == output_schema(tool["name"]).schema
