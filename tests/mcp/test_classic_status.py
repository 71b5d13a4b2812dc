"""get_walkthrough_status and reset_walkthrough_progress through the whole path: product.md §4."""

import pytest

from tests.mcp.classic import ann, in_classic_words, walked
from tests.mcp.twins import facts, presented, texts
from tests.support.agent import Agent
from tests.support.tables import dump
from tests.support.world import World


async def test_the_status_tells_counts_percent_next_step_and_every_step(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 1)
    answer = await agent.call("get_walkthrough_status", walkthrough_id=guide.id)
    states = ["done", "current", "open"]
    assert facts(answer) == {
        "kind": "status",
        "walkthrough": {"id": guide.id, "title": guide.title, "version": 1},
        "status": "in_progress",
        "nextStep": {"id": guide.steps[1], "title": "Step 2"},
        "steps": [
            {"id": step, "title": f"Step {number}", "number": number, "state": state}
            for number, (step, state) in enumerate(zip(guide.steps, states, strict=True), start=1)
        ],
        "totalSteps": 3,
        "completedSteps": 1,
        "progressPercent": 33,
        "completed": False,
        "nextAction": {
            "tool": "select_walkthrough",
            "arguments": {"walkthrough_id": guide.id},
        },
    }
    lines = texts(answer)[0].splitlines()
    assert "1/3 steps (33%)" in texts(answer)[0]
    assert [line for line in lines if line[:1] in "✅▶⭕" and line] == [
        "✅ 1. Step 1",
        "▶️ 2. Step 2",
        "⭕ 3. Step 3",
    ]


async def test_the_status_of_a_finished_walkthrough_has_no_next_step(
    classic: World, version: str
) -> None:
    guide = await classic.guide(2)
    agent = await walked(ann(version), guide, 2)
    told = facts(await agent.call("get_walkthrough_status", walkthrough_id=guide.id))
    assert (told["status"], told["nextStep"], told["nextAction"]) == ("completed", None, None)
    assert (told["progressPercent"], told["completed"]) == (100, True)


@pytest.mark.parametrize("which", ["not begun", "unknown", "unassigned"])
async def test_there_is_no_status_without_progress(
    classic: World, version: str, which: str
) -> None:
    guide = await classic.guide(2)
    hidden = await classic.guide(2, title="Hidden", assigned=False)
    asked = {"not begun": guide.id, "unknown": "wt_none", "unassigned": hidden.id}[which]
    answer = await ann(version).call("get_walkthrough_status", walkthrough_id=asked)
    assert facts(answer) == {
        "kind": "no_progress",
        "nextAction": {"tool": "select_walkthrough", "arguments": {"walkthrough_id": asked}},
    }
    assert texts(answer)[0].startswith("No progress found for this walkthrough.")


async def test_the_status_changes_nothing(classic: World, version: str) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 1)
    before = await dump(classic.owner)
    await agent.call("get_walkthrough_status", walkthrough_id=guide.id)
    after = await dump(classic.owner)
    assert {**after, "tool_call": []} == {**before, "tool_call": []}


async def test_a_reset_that_is_not_confirmed_warns_and_changes_nothing(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 1)
    before = await classic.owner.fetch("SELECT * FROM progress")
    answer = await agent.call("reset_walkthrough_progress", walkthrough_id=guide.id, confirm=False)
    assert answer["isError"] is True
    assert facts(answer)["nextAction"] == {
        "tool": "reset_walkthrough_progress",
        "arguments": {"walkthrough_id": guide.id, "confirm": True},
    }
    assert facts(answer)["errors"][0]["code"] == "confirmation_required"
    assert "cannot be undone" in texts(answer)[0]
    assert await classic.owner.fetch("SELECT * FROM progress") == before


async def test_a_reset_empties_the_progress_and_keeps_the_runs(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 2)
    reset = {"walkthrough_id": guide.id, "confirm": True}
    done = await agent.call("reset_walkthrough_progress", **reset)
    assert facts(done) == {
        "kind": "reset",
        "walkthrough": {"id": guide.id, "title": guide.title},
        "nextAction": {
            "tool": "select_walkthrough",
            "arguments": {"walkthrough_id": guide.id},
        },
    }
    again = await agent.call("reset_walkthrough_progress", **reset)
    assert facts(again)["kind"] == "no_progress"
    status = await agent.call("get_walkthrough_status", walkthrough_id=guide.id)
    assert facts(status)["kind"] == "no_progress"
    assert await classic.owner.fetchval("SELECT count(*) FROM completion WHERE run = 1") == 2
    afresh = await agent.call("select_walkthrough", walkthrough_id=guide.id)
    assert facts(afresh) == in_classic_words(presented(guide, 1, done=0, percent=0))
    assert texts(afresh)[0].startswith("Starting")


async def test_one_persons_reset_leaves_anothers_progress_alone(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    bob = await walked(Agent(version=version, tracking_id="bob"), guide, 2)
    agent = await walked(ann(version), guide, 1)
    await agent.call("reset_walkthrough_progress", walkthrough_id=guide.id, confirm=True)
    status = await bob.call("get_walkthrough_status", walkthrough_id=guide.id)
    assert facts(status)["completedSteps"] == 2
