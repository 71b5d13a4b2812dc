"""Which tools a server lists, and which of them answer: product.md §4, through the whole path."""

import pytest

from app.core import clock
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.world import World

COMPACT = ["start_walkthrough", "get_next_step"]
CLASSIC = [
    "list_walkthroughs",
    "select_walkthrough",
    "next_walkthrough_step",
    "get_walkthrough_status",
    "reset_walkthrough_progress",
]
BY_TOOLSET = {"compact": COMPACT, "classic": CLASSIC, "both": COMPACT + CLASSIC}
HELP = {"title": "Help", "problemDescription": "Broken", "email": "a@acme.com"}
# Arguments with which each tool has something to answer.
SOUND: dict[str, dict[str, object]] = {
    "start_walkthrough": {},
    "get_next_step": {},
    "list_walkthroughs": {},
    "select_walkthrough": {"walkthrough_id": "wt_none"},
    "next_walkthrough_step": {},
    "get_walkthrough_status": {"walkthrough_id": "wt_none"},
    "reset_walkthrough_progress": {"walkthrough_id": "wt_none", "confirm": False},
    "get_support": {**HELP},
}
NONE_AVAILABLE = "No walkthroughs are currently available on this server."


async def listed(version: str = HANDSHAKE, slug: str = "acme-docs") -> list[str]:
    """The names that tools/list shows."""
    response = await Agent(version=version, slug=slug).post("tools/list")
    return [tool["name"] for tool in response.json()["result"]["tools"]]


async def answering(version: str) -> list[str]:
    """The tools that are not unknown."""
    found = []
    for tool, arguments in SOUND.items():
        agent = Agent(version=version, tracking_id="ann")
        body = (await agent.post("tools/call", {"name": tool, "arguments": arguments})).json()
        if "result" in body:
            found.append(tool)
        else:
            assert body["error"]["code"] == -32602
            assert body["error"]["data"] == {"details": "Unknown tool"}
    return found


@pytest.mark.parametrize("toolset", BY_TOOLSET)
async def test_a_toolset_is_listed_and_answers_and_the_other_is_unknown(
    world: World, version: str, toolset: str
) -> None:
    await world.guide(1)
    await world.change_server(walkthrough_toolset=toolset)
    assert await listed(version) == [*BY_TOOLSET[toolset], "get_support"]
    assert await answering(version) == [*BY_TOOLSET[toolset], "get_support"]


async def test_walkthrough_tools_that_are_switched_off_are_unknown(
    world: World, version: str
) -> None:
    await world.guide(1)
    await world.change_server(walkthrough_toolset="both", walkthrough_tools_enabled=False)
    assert await listed(version) == ["get_support"]
    assert await answering(version) == ["get_support"]


async def test_support_that_is_switched_off_is_unknown(world: World, version: str) -> None:
    await world.guide(1)
    await world.change_server(support_ticket_type="none")
    assert await listed(version) == COMPACT
    assert await answering(version) == COMPACT


async def test_a_server_with_everything_switched_off_still_answers(
    world: World, version: str
) -> None:
    await world.change_server(support_ticket_type="none", walkthrough_tools_enabled=False)
    assert await listed(version) == []
    error = await Agent(version=version).error("get_support", **HELP)
    assert error["message"] == "There is no tool 'get_support' on this server. Its tools: none."


async def test_tickets_for_slack_and_linear_behave_as_those_of_the_dashboard(
    world: World, version: str
) -> None:
    shown, answers = [], []
    for number, kind in enumerate(("dashboard", "slack", "linear"), start=1):
        await world.change_server(support_ticket_type=kind)
        shown.append((await Agent(version=version).post("tools/list")).json()["result"])
        agent = Agent(version=version, tracking_id=kind)
        answer = await agent.call("get_support", **HELP)
        answers.append(answer["content"][0]["text"].replace(f"#{number}", "#1"))
        assert answer["isError"] is False
    assert shown == [shown[0]] * 3
    assert answers == [answers[0]] * 3
    assert await world.owner.fetchval("SELECT count(*) FROM ticket") == 3


async def assign_to_nobody(world: World) -> None:
    await world.guide(1, assigned=False)


async def disable_the_assignment(world: World) -> None:
    await world.guide(1)
    await world.owner.execute("UPDATE assignment SET is_enabled = false")


async def leave_it_a_draft(world: World) -> None:
    await world.guide(1, status="draft")


async def archive_it(world: World) -> None:
    await world.guide(1, status="archived")


async def write_no_steps(world: World) -> None:
    await world.guide(0)


@pytest.mark.parametrize(
    "arrange",
    [assign_to_nobody, disable_the_assignment, leave_it_a_draft, archive_it, write_no_steps],
)
async def test_without_an_available_walkthrough_its_tools_answer_but_are_not_listed(
    world: World, arrange: object
) -> None:
    assert callable(arrange)
    await arrange(world)
    await world.change_server(walkthrough_toolset="both")
    for version in (HANDSHAKE, STATELESS):
        assert await listed(version) == ["get_support"]
        assert await answering(version) == [*COMPACT, *CLASSIC, "get_support"]
        for tool in ("start_walkthrough", "list_walkthroughs"):
            answer = await Agent(version=version).call(tool)
            assert answer["content"] == [{"type": "text", "text": NONE_AVAILABLE}]
            assert answer["isError"] is False


async def test_any_available_walkthrough_brings_the_tools_back(world: World) -> None:
    await leave_it_a_draft(world)
    assert await listed() == ["get_support"]
    await world.guide(1, title="Another")
    assert await listed() == [*COMPACT, "get_support"]


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("tool", ["get_next_step", "next_walkthrough_step"])
async def test_going_on_where_nothing_is_available_is_refused_with_that_reason(
    world: World, version: str, tool: str, *, is_known: bool
) -> None:
    await world.change_server(walkthrough_toolset="both")
    if is_known:
        now = clock.now()
        await world.owner.execute(
            "INSERT INTO end_user (id, organization_id, tracking_id, email_verified, profile,"
            " first_seen_at, last_seen_at) VALUES ('mcpu_1', $1, 'ann', false, '{}', $2, $2)",
            world.organization_id,
            now,
        )
    answer = await Agent(version=version, tracking_id="ann").call(tool)
    text = f"No active walkthrough found. {NONE_AVAILABLE}"
    assert answer["content"] == [{"type": "text", "text": text}]
    assert answer["isError"] is True
    assert answer["structuredContent"] == {
        "kind": "refused",
        "errors": [
            {
                "field": None,
                "message": "No active walkthrough found.",
                "code": "nothing_active",
            }
        ],
        "nextAction": None,
        "text": text,
    }
    assert await world.rows("SELECT outcome FROM tool_call") == [("refused",)]


async def test_what_is_listed_depends_on_the_server_alone(world: World, version: str) -> None:
    guide = await world.guide(1)
    before = (await Agent(version=version).post("tools/list")).json()["result"]
    agent = Agent(version=version, tracking_id="ann")
    await agent.call("start_walkthrough")
    await agent.call("get_next_step", currentStepId=guide.steps[0])
    assert (await agent.post("tools/list")).json()["result"] == before


async def test_the_list_tells_nothing_that_authors_wrote(world: World, version: str) -> None:
    await world.change_server(walkthrough_toolset="both")
    for title in ("Zebra crossing", "Yellow brick road"):
        await world.guide(3, title=title)
    told = (await Agent(version=version).post("tools/list")).text
    for written in ("Zebra", "Yellow", "How to begin", "Step 1", "Part 1", "Do thing"):
        assert written not in told


async def test_an_email_is_asked_for_where_the_server_collects_them(
    world: World, version: str
) -> None:
    await world.guide(1)
    await world.change_server(walkthrough_toolset="both")
    taking = {}
    for auth_type in ("none", "collect_email"):
        await world.change_server(auth_type=auth_type)
        tools = (await Agent(version=version).post("tools/list")).json()["result"]["tools"]
        taking[auth_type] = [
            tool["name"] for tool in tools if "email" in tool["inputSchema"]["properties"]
        ]
    assert taking == {
        "none": ["get_support"],
        "collect_email": ["start_walkthrough", "select_walkthrough", "get_support"],
    }
