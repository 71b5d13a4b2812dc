"""start_walkthrough and get_next_step through the whole path: product.md §4."""

import msgspec
import pytest

from tests.mcp.twins import completed, facts, offered, presented, texts
from tests.support.agent import Agent
from tests.support.world import Guide, World


async def walked(agent: Agent, guide: Guide, steps: int) -> Agent:
    """The agent after so many steps of the walkthrough."""
    await agent.call("start_walkthrough", name=guide.id)
    for step in guide.steps[:steps]:
        await agent.call("get_next_step", currentStepId=step)
    return agent


async def test_the_only_walkthrough_needs_no_name(world: World, version: str) -> None:
    guide = await world.guide(3)
    answer = await Agent(version=version).call("start_walkthrough")
    assert facts(answer) == presented(guide, 1, done=0, percent=0)
    assert answer["isError"] is False
    (text,) = texts(answer)
    assert text.startswith('Starting the walkthrough "Getting started".\n\n')
    assert answer["structuredContent"]["text"] == text


async def test_a_walkthrough_is_walked_from_the_first_step_to_the_last(
    world: World, version: str
) -> None:
    guide = await world.guide(3)
    agent = Agent(version=version)
    seen = [facts(await agent.call("start_walkthrough"))]
    seen += [facts(await agent.call("get_next_step", currentStepId=step)) for step in guide.steps]
    assert seen == [
        presented(guide, 1, done=0, percent=0),
        presented(guide, 2, done=1, percent=33),
        presented(guide, 3, done=2, percent=67),
        completed(guide),
    ]


async def test_starting_again_resumes(world: World, version: str) -> None:
    guide = await world.guide(3)
    agent = await walked(Agent(version=version), guide, 1)
    answer = await agent.call("start_walkthrough")
    assert facts(answer) == presented(guide, 2, done=1, percent=33)
    assert texts(answer)[0].startswith('Resuming the walkthrough "Getting started".\n\n')


async def test_restart_begins_a_new_run(world: World, version: str) -> None:
    guide = await world.guide(3)
    agent = await walked(Agent(version=version), guide, 2)
    answer = await agent.call("start_walkthrough", restart=True)
    assert facts(answer) == presented(guide, 1, done=0, percent=0)
    assert texts(answer)[0].startswith("Starting")
    assert await world.rows("SELECT run, done_steps FROM progress") == [(2, [])]
    assert await world.owner.fetchval("SELECT count(*) FROM completion WHERE run = 1") == 2


async def test_a_finished_walkthrough_says_so_until_it_is_restarted(
    world: World, version: str
) -> None:
    guide = await world.guide(2)
    agent = await walked(Agent(version=version), guide, 2)
    for tool in ("start_walkthrough", "get_next_step"):
        answer = await agent.call(tool)
        assert facts(answer) == completed(guide)
        assert "100% (2/2)" in texts(answer)[0]
        assert "completed" in texts(answer)[0]
    again = await agent.call("start_walkthrough", restart=True)
    assert facts(again) == presented(guide, 1, done=0, percent=0)


async def test_of_several_walkthroughs_a_list_is_shown(world: World, version: str) -> None:
    first = await world.guide(1, title="Zebra")
    second = await world.guide(3, title="Apple")
    third = await world.guide(2, title="Mango")
    await world.guide(2, title="Draft", status="draft")
    await world.guide(2, title="Elsewhere", assigned=False)
    await world.guide(0, title="Empty")
    await world.owner.execute(
        "UPDATE walkthrough SET tags = '{api,login}', estimated_duration_minutes = 10,"
        " type = 'quickstart' WHERE id = $1",
        first.id,
    )
    await world.owner.execute("UPDATE assignment SET display_order = 7")
    await world.owner.execute(
        "UPDATE assignment SET display_order = 1 WHERE walkthrough_id = $1", first.id
    )
    agent = await walked(Agent(version=version), second, 1)
    await walked(agent, third, 2)
    answer = await agent.call("start_walkthrough")
    listed, advice = texts(answer)
    # By display order, then title.
    expected = [
        offered(first, tags=["api", "login"], estimatedDurationMinutes=10, type="quickstart"),
        offered(second, isStarted=True, progressPercent=33),
        offered(third, isStarted=True, isCompleted=True, progressPercent=100),
    ]
    assert msgspec.json.decode(listed) == {"walkthroughs": expected}
    assert facts(answer) == {"kind": "walkthroughs", "walkthroughs": expected}
    assert "`start_walkthrough`" in advice
    assert answer["isError"] is False


async def test_a_list_starts_nothing(world: World, version: str) -> None:
    await world.guide(1, title="Install")
    await world.guide(1, title="Deploy")
    agent = Agent(version=version, tracking_id="ann")
    await agent.call("start_walkthrough", restart=True)
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 0


@pytest.mark.parametrize("name", ["{id}", "Deploy it", "DEPLOY IT", "deploy it"])
async def test_a_walkthrough_is_named_by_id_or_title(world: World, version: str, name: str) -> None:
    await world.guide(1, title="Install it")
    guide = await world.guide(2, title="Deploy it")
    answer = await Agent(version=version).call("start_walkthrough", name=name.format(id=guide.id))
    assert facts(answer) == presented(guide, 1, done=0, percent=0)


async def test_an_exact_title_comes_before_one_in_another_case(world: World) -> None:
    guides = [await world.guide(1, title=title) for title in ("Deploy", "DEPLOY")]
    for guide in guides:
        answer = await Agent().call("start_walkthrough", name=guide.title)
        assert facts(answer) == presented(guide, 1, done=0, percent=0)


async def test_an_id_comes_before_a_title(world: World) -> None:
    guide = await world.guide(1, title="Deploy")
    await world.guide(1, title=guide.id)
    answer = await Agent().call("start_walkthrough", name=guide.id)
    assert facts(answer) == presented(guide, 1, done=0, percent=0)


@pytest.mark.parametrize(
    "name", ["No such thing", "deploy", "Deplo", " Deploy", "%", "D*", "Draft"]
)
async def test_a_name_that_means_no_one_walkthrough_is_not_found(
    world: World, version: str, name: str
) -> None:
    guides = [await world.guide(1, title=title) for title in ("Deploy", "DEPLOY")]
    await world.guide(1, title="Draft", status="draft")
    agent = Agent(version=version, tracking_id="ann")
    answer = await agent.call("start_walkthrough", name=name)
    assert answer["isError"] is True
    message = f"Walkthrough '{name.strip()}' not found."
    assert texts(answer)[0].startswith(message)
    assert facts(answer) == {
        "kind": "refused",
        "errors": [{"field": "name", "message": message, "code": "walkthrough_not_found"}],
        "walkthroughs": [offered(guide) for guide in guides],
        "nextAction": {"tool": "start_walkthrough", "arguments": {}},
    }
    for guide in guides:
        assert guide.id in texts(answer)[0]
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 0


async def test_without_a_step_id_the_current_step_is_shown_again(
    world: World, version: str
) -> None:
    guide = await world.guide(3)
    agent = await walked(Agent(version=version), guide, 1)
    for _ in range(3):
        answer = await agent.call("get_next_step")
        assert facts(answer) == presented(guide, 2, done=1, percent=33)
        assert texts(answer)[0].startswith("This is the current step.")


async def test_a_repeated_completion_advances_once(world: World, version: str) -> None:
    guide = await world.guide(3)
    agent = await walked(Agent(version=version), guide, 1)
    for _ in range(3):
        answer = await agent.call("get_next_step", currentStepId=guide.steps[0])
        assert facts(answer) == presented(guide, 2, done=1, percent=33)
        assert answer["isError"] is False
    assert await world.owner.fetchval("SELECT count(*) FROM completion") == 1


@pytest.mark.parametrize("which", ["later step", "no step", "step of a walkthrough not begun"])
async def test_a_step_that_was_not_presented_is_refused_and_the_current_one_shown(
    world: World, version: str, which: str
) -> None:
    guide = await world.guide(3)
    other = await world.guide(2, title="Another")
    agent = await walked(Agent(version=version), guide, 1)
    step = {"later step": guide.steps[2], "no step": "ws_none"}.get(which, other.steps[0])
    before = await world.owner.fetch("SELECT * FROM progress")
    answer = await agent.call("get_next_step", currentStepId=step)
    assert answer["isError"] is True
    assert facts(answer) == {
        **presented(guide, 2, done=1, percent=33),
        "kind": "refused",
        "errors": [
            {
                "field": "currentStepId",
                "message": "That step was not presented to the user, so it was not completed.",
                "code": "step_not_presented",
            }
        ],
    }
    assert "Do thing 2." in texts(answer)[0]
    assert await world.owner.fetch("SELECT * FROM progress") == before


async def test_with_nothing_begun_it_says_which_tool_to_call(world: World, version: str) -> None:
    guide = await world.guide(2)
    agent = Agent(version=version, tracking_id="ann")
    for arguments in ({}, {"currentStepId": guide.steps[0]}):
        answer = await agent.call("get_next_step", **arguments)
        assert texts(answer) == [
            "No active walkthrough found. Call `start_walkthrough` to start one."
        ]
        assert answer["isError"] is True


async def test_a_step_id_brings_its_own_walkthrough_back(world: World, version: str) -> None:
    first = await world.guide(2, title="Install")
    second = await world.guide(2, title="Deploy")
    agent = await walked(Agent(version=version), first, 0)
    await walked(agent, second, 0)
    answer = await agent.call("get_next_step", currentStepId=first.steps[0])
    assert facts(answer) == presented(first, 2, done=1, percent=50)
    assert facts(await agent.call("get_next_step")) == presented(first, 2, done=1, percent=50)


@pytest.mark.parametrize("arguments", [{}, {"currentStepId": "{step}"}])
async def test_a_walkthrough_that_is_gone_is_said_to_be_and_the_progress_is_kept(
    world: World, version: str, arguments: dict[str, str]
) -> None:
    guide = await world.guide(3, title="Install")
    other = await world.guide(2, title="Deploy")
    agent = await walked(Agent(version=version), guide, 1)
    await world.owner.execute("UPDATE assignment SET is_enabled = false WHERE display_order = 0")
    given = {name: value.format(step=guide.steps[1]) for name, value in arguments.items()}
    before = await world.owner.fetch("SELECT * FROM progress")
    answer = await agent.call("get_next_step", **given)
    message = (
        'The walkthrough "Install" is not available here any more; the progress in it is kept.'
    )
    assert facts(answer) == {
        "kind": "refused",
        "errors": [{"field": None, "message": message, "code": "walkthrough_unavailable"}],
        "walkthroughs": [offered(other)],
        "nextAction": {"tool": "start_walkthrough", "arguments": {}},
    }
    assert await world.owner.fetch("SELECT * FROM progress") == before
    await world.owner.execute("UPDATE assignment SET is_enabled = true")
    assert facts(await agent.call("get_next_step")) == presented(guide, 2, done=1, percent=33)


async def test_whoever_comes_back_is_told_that_the_walkthrough_was_updated(
    world: World, version: str
) -> None:
    guide = await world.guide(3)
    agent = await walked(Agent(version=version), guide, 1)
    await world.owner.execute("UPDATE walkthrough SET version = 2")
    first = await agent.call("start_walkthrough")
    second = await agent.call("start_walkthrough")
    sentence = "The walkthrough was updated since the user last worked on it."
    assert [sentence in texts(answer)[0] for answer in (first, second)] == [True, False]
    assert facts(first)["walkthrough"]["version"] == 2
