"""Who a caller is taken for, and when an end user is made: product.md §5."""

import asyncio
from typing import Any

import pytest

from app.core import clock
from app.core.ids import new_id
from tests.support.agent import STATELESS, Agent
from tests.support.tables import dump
from tests.support.world import World

HELP: dict[str, Any] = {"title": "Help", "problemDescription": "Broken"}


async def end_users(world: World) -> list[tuple[str | None, str | None, bool]]:
    """Tracking id, e-mail and whether that is verified, of each end user."""
    return await world.rows(
        "SELECT tracking_id, email, email_verified FROM end_user ORDER BY tracking_id, id"
    )


async def new_end_user(world: World, *, tracking_id: str | None = None) -> str:
    """The id of an end user whom nobody has seen yet."""
    end_user_id = new_id("mcpu")
    await world.owner.execute(
        "INSERT INTO end_user (id, organization_id, tracking_id, email_verified, profile,"
        " first_seen_at, last_seen_at) VALUES ($1, $2, $3, false, '{}', $4, $4)",
        end_user_id,
        world.organization_id,
        tracking_id,
        clock.now(),
    )
    return end_user_id


async def last_caller(world: World) -> str | None:
    """The end user to whom the last tool call is put down."""
    caller: str | None = await world.owner.fetchval(
        "SELECT end_user_id FROM tool_call ORDER BY created_at DESC LIMIT 1"
    )
    return caller


@pytest.mark.parametrize("tracking_id", [None, "ann"])
async def test_nobody_is_made_before_a_call_that_needs_somebody(
    world: World, version: str, tracking_id: str | None
) -> None:
    await world.change_server(walkthrough_toolset="both")
    guides = [await world.guide(2, title=title) for title in ("Install", "Deploy")]
    agent = Agent(version=version, tracking_id=tracking_id)
    for method in ("initialize" if not agent.is_stateless else "server/discover", "tools/list"):
        if method == "initialize":
            await agent.initialize()
        else:
            assert (await agent.post(method)).status_code == 200
    needless: list[tuple[str, dict[str, Any]]] = [
        ("start_walkthrough", {}),
        ("start_walkthrough", {"name": "No such thing"}),
        ("start_walkthrough", {"name": 3}),
        ("get_next_step", {}),
        ("get_next_step", {"currentStepId": guides[0].steps[0]}),
        ("list_walkthroughs", {}),
        ("next_walkthrough_step", {}),
        ("get_walkthrough_status", {"walkthrough_id": guides[0].id}),
        ("reset_walkthrough_progress", {"walkthrough_id": guides[0].id, "confirm": True}),
        ("reset_walkthrough_progress", {"walkthrough_id": guides[0].id, "confirm": False}),
        ("get_support", {**HELP, "email": "no address"}),
    ]
    for tool, arguments in needless:
        await agent.call(tool, **arguments)
    assert (await agent.error("get_support", **HELP))["code"] == -32602
    assert await end_users(world) == []
    await agent.call("start_walkthrough", name="Install")
    assert await end_users(world) == [(tracking_id, None, False)]


async def test_the_calls_of_one_tracking_id_are_one_end_users(world: World, version: str) -> None:
    await world.guide(3)
    agents = [Agent(version=version, tracking_id="ann", client=(name, "1")) for name in "abc"]
    await asyncio.gather(*(agent.call("start_walkthrough") for agent in agents for _ in range(4)))
    assert await end_users(world) == [("ann", None, False)]
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 1
    assert len(await world.owner.fetch("SELECT DISTINCT end_user_id FROM tool_call")) == 1


async def test_a_tracking_id_is_taken_to_the_letter(world: World, version: str) -> None:
    await world.guide(3)
    for tracking_id in ("ann", "Ann", "ann ".strip() + "+1", "a:n@n~"):
        await Agent(version=version, tracking_id=tracking_id).call("start_walkthrough")
    assert {user[0] for user in await end_users(world)} == {"ann", "Ann", "ann+1", "a:n@n~"}


async def test_progress_follows_the_tracking_id_across_sessions_and_eras(world: World) -> None:
    guide = await world.guide(3)
    first = Agent(tracking_id="ann")
    await first.call("start_walkthrough")
    await first.call("get_next_step", currentStepId=guide.steps[0])
    second = await Agent(tracking_id="ann", version=STATELESS).call("start_walkthrough")
    assert second["structuredContent"]["step"]["id"] == guide.steps[1]
    assert "run" not in second["structuredContent"]


async def test_anonymous_sessions_know_nothing_of_each_other(world: World) -> None:
    guide = await world.guide(3)
    first, second = Agent(), Agent()
    await first.call("start_walkthrough")
    await first.call("get_next_step", currentStepId=guide.steps[0])
    shown = await second.call("start_walkthrough")
    assert shown["structuredContent"]["step"]["id"] == guide.steps[0]
    assert await end_users(world) == [(None, None, False)] * 2


async def test_the_sessions_end_user_comes_before_the_tracking_id(world: World) -> None:
    await world.guide(3)
    tracked = await new_end_user(world, tracking_id="ann")
    kept = await new_end_user(world)
    agent = Agent(tracking_id="ann")
    await agent.initialize()
    await world.owner.execute("UPDATE session SET end_user_id = $1", kept)
    await agent.call("start_walkthrough")
    assert await last_caller(world) == kept != tracked


async def test_the_sessions_end_user_comes_before_a_run_handle(world: World) -> None:
    await world.guide(3)
    anonymous = Agent(version=STATELESS)
    await anonymous.call("start_walkthrough")
    of_run = await last_caller(world)
    agent = Agent()
    await agent.call("start_walkthrough")
    of_session = await last_caller(world)
    await agent.call("start_walkthrough", run=anonymous.run)
    assert await last_caller(world) == of_session != of_run


async def test_a_run_handle_tells_who_is_in_a_new_session(world: World) -> None:
    guide = await world.guide(3)
    anonymous = Agent(version=STATELESS)
    await anonymous.call("start_walkthrough")
    await anonymous.call("get_next_step", currentStepId=guide.steps[0])
    agent = Agent()
    shown = await agent.call("start_walkthrough", run=anonymous.run)
    assert shown["structuredContent"]["step"]["id"] == guide.steps[1]
    # From then on the session knows by itself.
    again = await Agent(session_id=agent.session_id).call("get_next_step")
    assert again["structuredContent"]["step"]["id"] == guide.steps[1]


@pytest.mark.parametrize("is_known", [True, False])
async def test_the_tracking_id_comes_before_a_run_handle(
    world: World, version: str, *, is_known: bool
) -> None:
    guide = await world.guide(3)
    anonymous = Agent(version=STATELESS)
    await anonymous.call("start_walkthrough")
    of_run = await last_caller(world)
    await anonymous.call("get_next_step", currentStepId=guide.steps[0])
    if is_known:
        await new_end_user(world, tracking_id="ann")
    ann = Agent(version=version, tracking_id="ann", run=anonymous.run)
    shown = await ann.call("start_walkthrough")
    # Nor is what was begun anonymously a tracked person's: the handle is no proof of who they are.
    assert shown["structuredContent"]["step"]["id"] == guide.steps[0]
    assert "run" not in shown["structuredContent"]
    tracked = await world.owner.fetchval("SELECT id FROM end_user WHERE tracking_id = 'ann'")
    assert await last_caller(world) == tracked != of_run


async def test_support_makes_nobody_of_a_caller_who_leaves_no_trace(world: World) -> None:
    agent = Agent(version=STATELESS)
    answered = await agent.call("get_support", **HELP, email="someone@acme.com")
    assert answered["isError"] is False
    assert await end_users(world) == []
    tickets = await world.rows("SELECT end_user_id, session_id, email FROM ticket")
    assert tickets == [(None, None, "someone@acme.com")]


async def test_support_remembers_the_address_of_whoever_comes_back(
    world: World, version: str
) -> None:
    agents = [Agent(version=version, tracking_id="ann")]
    if version != STATELESS:
        agents.append(Agent())
    for agent in agents:
        await agent.call("get_support", **HELP, email="someone@acme.com")
    known = [("ann", "someone@acme.com", False), (None, "someone@acme.com", False)]
    assert await end_users(world) == known[: len(agents)]


async def test_an_address_that_was_only_given_is_nobodys_identity(
    world: World, version: str
) -> None:
    guide = await world.guide(3)
    await world.change_server(auth_type="collect_email")
    ann = Agent(version=version)
    await ann.call("start_walkthrough", email="ann@acme.com")
    await ann.call("get_next_step", currentStepId=guide.steps[0])
    imposter = await Agent(version=version).call("start_walkthrough", email="ann@acme.com")
    assert imposter["structuredContent"]["step"]["id"] == guide.steps[0]
    assert await end_users(world) == [(None, "ann@acme.com", False)] * 2


async def test_a_verified_address_is_never_overwritten(world: World, version: str) -> None:
    await world.guide(1)
    await world.change_server(auth_type="collect_email")
    ann = Agent(version=version, tracking_id="ann")
    await ann.call("start_walkthrough")
    await world.owner.execute("UPDATE end_user SET email = 'ann@acme.com', email_verified = true")
    await ann.call("start_walkthrough", email="other@acme.com")
    await ann.call("get_support", **HELP, email="third@acme.com")
    assert await end_users(world) == [("ann", "ann@acme.com", True)]
    assert await world.owner.fetchval("SELECT email FROM ticket") == "third@acme.com"


async def test_merely_asking_changes_nothing(world: World, version: str) -> None:
    await world.guide(2, title="Install")
    await world.guide(2, title="Deploy")
    agent = Agent(version=version, tracking_id="ann")
    before = await dump(world.owner)
    for method in ("tools/list", "ping" if version != STATELESS else "server/discover"):
        await agent.post(method)
    assert await dump(world.owner) == before
