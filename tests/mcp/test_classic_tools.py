"""The five classic walkthrough tools through the whole path: product.md §4."""

import asyncio

import pytest

from tests.mcp.classic import ann, in_classic_words, walked
from tests.mcp.twins import completed, facts, offered, presented, texts
from tests.support.agent import Agent
from tests.support.world import World


async def test_the_list_tells_title_step_count_id_and_description(
    classic: World, version: str
) -> None:
    first = await classic.guide(1, title="Zebra")
    second = await classic.guide(3, title="Apple")
    await classic.guide(3, title="Draft", status="draft")
    for agent in (Agent(version=version), ann(version)):
        answer = await agent.call("list_walkthroughs")
        assert texts(answer) == [
            "Available Walkthroughs\n\n"
            f"- Zebra (1 step)\n  Id: {first.id}\n  How to begin\n\n"
            f"- Apple (3 steps)\n  Id: {second.id}\n  How to begin\n\n"
            "Ask the user which one they want, then call `select_walkthrough` with "
            '{"walkthrough_id":"<id>"}.'
        ]
        assert facts(answer) == {
            "kind": "walkthroughs",
            "walkthroughs": [offered(first), offered(second)],
        }


async def test_the_list_tells_how_far_the_end_user_is(classic: World, version: str) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 1)
    answer = await agent.call("list_walkthroughs")
    assert facts(answer)["walkthroughs"] == [offered(guide, isStarted=True, progressPercent=33)]


async def test_a_walkthrough_is_walked_from_the_first_step_to_the_last(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = ann(version)
    seen = [facts(await agent.call("select_walkthrough", walkthrough_id=guide.id))]
    seen += [
        facts(await agent.call("next_walkthrough_step", current_step_id=step))
        for step in guide.steps
    ]
    assert seen == [
        in_classic_words(presented(guide, 1, done=0, percent=0)),
        in_classic_words(presented(guide, 2, done=1, percent=33)),
        in_classic_words(presented(guide, 3, done=2, percent=67)),
        completed(guide),
    ]


async def test_selecting_again_resumes_unless_told_to_begin_afresh(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 2)
    resumed = await agent.call("select_walkthrough", walkthrough_id=guide.id)
    assert facts(resumed) == in_classic_words(presented(guide, 3, done=2, percent=67))
    afresh = await agent.call("select_walkthrough", walkthrough_id=guide.id, resume_if_exists=False)
    assert facts(afresh) == in_classic_words(presented(guide, 1, done=0, percent=0))
    assert await classic.owner.fetchval("SELECT run FROM progress") == 2


async def test_selecting_a_finished_walkthrough_says_so(classic: World, version: str) -> None:
    guide = await classic.guide(2)
    agent = await walked(ann(version), guide, 2)
    answer = await agent.call("select_walkthrough", walkthrough_id=guide.id)
    assert facts(answer) == completed(guide)
    assert "already completed" in texts(answer)[0]


@pytest.mark.parametrize("which", ["unknown", "draft", "unassigned", "empty", "disabled", "title"])
async def test_what_is_not_on_this_server_is_not_found(
    classic: World, version: str, which: str
) -> None:
    guide = await classic.guide(2)
    other = await classic.guide(
        0 if which == "empty" else 2,
        title="Other",
        status="draft" if which == "draft" else "published",
        assigned=which in {"draft", "empty", "disabled"},
    )
    if which == "disabled":
        await classic.owner.execute(
            "UPDATE assignment SET is_enabled = false WHERE walkthrough_id = $1", other.id
        )
    asked = {"unknown": "wt_none", "title": guide.title}.get(which, other.id)
    answer = await ann(version).call("select_walkthrough", walkthrough_id=asked)
    message = f"Walkthrough '{asked}' not found."
    assert facts(answer) == {
        "kind": "refused",
        "errors": [
            {"field": "walkthrough_id", "message": message, "code": "walkthrough_not_found"}
        ],
        "walkthroughs": [offered(guide)],
        "nextAction": {"tool": "list_walkthroughs", "arguments": {}},
    }
    assert await classic.owner.fetchval("SELECT count(*) FROM progress") == 0


async def test_without_ids_each_call_completes_the_step_that_was_presented(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 0)
    seen = [facts(await agent.call("next_walkthrough_step")) for _ in range(4)]
    assert seen == [
        in_classic_words(presented(guide, 2, done=1, percent=33)),
        in_classic_words(presented(guide, 3, done=2, percent=67)),
        completed(guide),
        completed(guide),
    ]


async def test_with_the_steps_id_a_retry_cannot_advance_twice(classic: World, version: str) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 0)
    answers = await asyncio.gather(
        *(agent.call("next_walkthrough_step", current_step_id=guide.steps[0]) for _ in range(8))
    )
    expected = in_classic_words(presented(guide, 2, done=1, percent=33))
    assert [facts(answer) for answer in answers] == [expected] * 8
    assert await classic.owner.fetchval("SELECT count(*) FROM completion") == 1


async def test_a_step_that_was_not_presented_is_presented_before_it_can_be_completed(
    classic: World, version: str
) -> None:
    guide = await classic.guide(3)
    agent = await walked(ann(version), guide, 0)
    await classic.owner.execute("DELETE FROM step WHERE id = $1", guide.steps[0])
    await classic.owner.execute("UPDATE step SET position = position - 1")
    await classic.owner.execute("UPDATE walkthrough SET shape = shape + 1, version = version + 1")
    shown = await agent.call("next_walkthrough_step")
    assert facts(shown)["step"]["id"] == guide.steps[1]
    assert facts(shown)["completedSteps"] == 0
    advanced = await agent.call("next_walkthrough_step")
    assert facts(advanced)["step"]["id"] == guide.steps[2]
    assert facts(advanced)["completedSteps"] == 1


async def test_the_walkthroughs_id_says_which_one_to_go_on_with(
    classic: World, version: str
) -> None:
    first = await classic.guide(3, title="Install")
    second = await classic.guide(3, title="Deploy")
    agent = await walked(ann(version), first, 0)
    await walked(agent, second, 0)
    answer = await agent.call("next_walkthrough_step", walkthrough_id=first.id)
    assert facts(answer) == in_classic_words(presented(first, 2, done=1, percent=33))


async def test_with_nothing_begun_it_says_which_tools_to_call(classic: World, version: str) -> None:
    await classic.guide(2)
    answer = await ann(version).call("next_walkthrough_step")
    assert texts(answer) == [
        "No active walkthrough found. Call `list_walkthroughs` to see what there is, then "
        "`select_walkthrough` to start one."
    ]


async def test_both_toolsets_are_faces_of_one_progress(world: World, version: str) -> None:
    await world.change_server(walkthrough_toolset="both")
    guide = await world.guide(4)
    agent = ann(version)
    seen = [
        await agent.call("select_walkthrough", walkthrough_id=guide.id),
        await agent.call("get_next_step", currentStepId=guide.steps[0]),
        await agent.call("next_walkthrough_step", current_step_id=guide.steps[1]),
        await agent.call("start_walkthrough"),
        await agent.call("next_walkthrough_step"),
        await agent.call("get_next_step", currentStepId=guide.steps[3]),
        await agent.call("get_walkthrough_status", walkthrough_id=guide.id),
    ]
    assert [facts(answer)["completedSteps"] for answer in seen] == [0, 1, 2, 2, 3, 4, 4]
    tools = [(facts(answer)["nextAction"] or {}).get("tool") for answer in seen]
    assert tools == [
        "next_walkthrough_step",
        "get_next_step",
        "next_walkthrough_step",
        "get_next_step",
        "next_walkthrough_step",
        None,
        None,
    ]


async def test_the_oldest_version_is_told_everything_in_words(classic: World) -> None:
    guide = await classic.guide(2)
    agent = Agent(version="2025-03-26", tracking_id="ann")
    answer = await agent.call("select_walkthrough", walkthrough_id=guide.id)
    (text,) = texts(answer)
    assert "Step 1 of 2: Step 1" in text
    assert f'`next_walkthrough_step` with {{"current_step_id":"{guide.steps[0]}"}}' in text
