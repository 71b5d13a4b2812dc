"""Run handles, by which anonymous callers without sessions find their progress: product.md §5."""

import re
from datetime import timedelta

import pytest

from app.core import clock
from tests.mcp.conftest import StoppedClock
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.world import Guide, World, make_world

RUN = re.compile(r"run_[a-z2-7]{32}")  # 160 bits, and 128 are asked for


@pytest.fixture
async def guide(world: World) -> Guide:
    """A walkthrough with three steps."""
    return await world.guide(3)


async def begun(guide: Guide) -> Agent:
    """An anonymous agent that has done the first step."""
    agent = Agent(version=STATELESS)
    await agent.call("start_walkthrough")
    await agent.call("get_next_step", currentStepId=guide.steps[0])
    return agent


async def resumes(agent: Agent) -> str:
    """The step that a start shows to this agent."""
    shown = await agent.call("start_walkthrough")
    return str(shown["structuredContent"]["step"]["id"])


async def test_an_anonymous_start_returns_a_run_handle_wherever_agents_look(
    world: World, guide: Guide
) -> None:
    shown = await Agent(version=STATELESS).call("start_walkthrough")
    run = shown["structuredContent"]["run"]
    assert RUN.fullmatch(run)
    assert shown["structuredContent"]["nextAction"] == {
        "tool": "get_next_step",
        "arguments": {"currentStepId": guide.steps[0], "run": run},
    }
    assert f'"run":"{run}"' in shown["content"][0]["text"].partition("<step_recap>")[2]
    assert await world.rows("SELECT id, server_id FROM run_handle") == [(run, world.server_id)]


async def test_the_handle_finds_the_progress_and_every_answer_passes_it_on(
    world: World, guide: Guide
) -> None:
    agent = Agent(version=STATELESS)
    first = await agent.call("start_walkthrough")
    answers = [first, await agent.call("get_next_step", currentStepId=guide.steps[0])]
    answers.append(await agent.call("get_next_step", currentStepId=guide.steps[2]))
    answers.append(await agent.call("get_next_step", currentStepId=guide.steps[1]))
    answers.append(await agent.call("get_next_step", currentStepId=guide.steps[2]))
    assert [answer["structuredContent"]["completedSteps"] for answer in answers] == [0, 1, 1, 2, 3]
    assert {answer["structuredContent"]["run"] for answer in answers} == {agent.run}
    assert await world.owner.fetchval("SELECT count(*) FROM run_handle") == 1
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 1


async def test_every_anonymous_start_without_a_handle_is_somebody_new(
    world: World, guide: Guide
) -> None:
    runs = set()
    for _ in range(3):
        agent = await begun(guide)
        runs.add(agent.run)
    assert len(runs) == 3
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 3


@pytest.mark.parametrize("tracking_id", ["ann", None])
async def test_whoever_is_known_otherwise_gets_no_handle(
    world: World, guide: Guide, tracking_id: str | None
) -> None:
    version = STATELESS if tracking_id else HANDSHAKE
    shown = await Agent(version=version, tracking_id=tracking_id).call("start_walkthrough")
    assert "run" not in shown["structuredContent"]
    assert "run_" not in shown["content"][0]["text"]
    assert await world.owner.fetchval("SELECT count(*) FROM run_handle") == 0


@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "run_",
        "run_" + "a" * 32,
        "run_" + "A" * 32,
        "run_" + "a" * 33,
        "run_" + "a" * 32 + "\n",
        "' OR 1=1 --",
        "mcps_" + "a" * 32,
    ],
)
async def test_a_handle_that_is_none_is_as_good_as_no_handle(
    world: World, guide: Guide, garbage: str
) -> None:
    await begun(guide)
    shown = await Agent(version=STATELESS, run=garbage).call("start_walkthrough")
    assert shown["isError"] is False
    assert shown["structuredContent"]["step"]["id"] == guide.steps[0]
    assert shown["structuredContent"]["run"] != garbage
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 2


async def test_a_handle_without_a_start_is_nobody(world: World, guide: Guide) -> None:
    refused = await Agent(version=STATELESS, run="run_" + "a" * 32).call("get_next_step")
    assert refused["structuredContent"]["errors"][0]["code"] == "nothing_active"
    assert "run" not in refused["structuredContent"]
    assert "run" not in refused["structuredContent"]["nextAction"]["arguments"]


async def test_a_handle_holds_on_its_own_server_only(world: World, guide: Guide) -> None:
    agent = await begun(guide)
    other = await make_world(world.owner, slug="other-docs")
    await world.owner.execute(
        "UPDATE server SET organization_id = $1 WHERE id = $2",
        world.organization_id,
        other.server_id,
    )
    other.organization_id = world.organization_id
    await other.assign(guide)
    elsewhere = Agent(version=STATELESS, slug="other-docs", run=agent.run)
    assert await resumes(elsewhere) == guide.steps[0]
    assert elsewhere.run != agent.run
    assert await resumes(Agent(version=STATELESS, run=agent.run)) == guide.steps[1]


async def test_a_handle_is_void_90_days_after_its_last_use(
    world: World, guide: Guide, stopped_clock: StoppedClock
) -> None:
    agent = await begun(guide)
    handle = agent.run
    for days in (89, 60, 89):
        stopped_clock.forward(days=days)
        assert await resumes(agent) == guide.steps[1]
    stopped_clock.forward(days=90)
    assert await resumes(agent) == guide.steps[0]
    assert agent.run != handle


async def test_the_use_of_a_handle_is_written_once_a_day(
    world: World, guide: Guide, stopped_clock: StoppedClock
) -> None:
    began = clock.now()
    agent = await begun(guide)
    used = []
    for hours in (1, 22, 1, 1, 23, 24):
        stopped_clock.forward(hours=hours)
        await agent.call("get_next_step")
        used.append(await world.owner.fetchval("SELECT last_used_at FROM run_handle"))
    hours_seen = [round((moment - began) / timedelta(hours=1)) for moment in used]
    assert hours_seen == [0, 0, 0, 25, 25, 72]


async def test_a_handle_that_is_no_text_is_an_argument_at_fault(world: World, guide: Guide) -> None:
    faulty: list[object] = [3, [], "", "x" * 101]
    for wrong in faulty:
        answered = await Agent(version=STATELESS, run="").call("get_next_step", run=wrong)
        assert answered["structuredContent"]["kind"] == "invalid"
        assert [error["field"] for error in answered["structuredContent"]["errors"]] == ["run"]
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 0


async def test_a_handle_brings_support_to_its_end_user(world: World, guide: Guide) -> None:
    agent = await begun(guide)
    told = await agent.call(
        "get_support", title="Help", problemDescription="Broken", email="a@acme.com"
    )
    assert told["structuredContent"]["run"] == agent.run
    tickets = await world.rows("SELECT end_user_id, walkthrough_id, step_id FROM ticket")
    end_user_id = await world.owner.fetchval("SELECT end_user_id FROM run_handle")
    assert tickets == [(end_user_id, guide.id, guide.steps[1])]
