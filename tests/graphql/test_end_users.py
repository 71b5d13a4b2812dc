"""End users as members see them: lists, search, detail, and how many statements it takes."""

from typing import Any

import asyncpg
import pytest

from app.core.enums import KeyScope
from tests.support import authoring
from tests.support.agent import STATELESS, Agent
from tests.support.graph import Graph, with_key
from tests.support.visitors import Venue, end_user_id, venue

LIST = """
query List($filter: EndUserFilterInput, $orderBy: EndUserOrder!, $first: Int, $after: String,
    $last: Int, $before: String) {
  endUsers(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last,
      before: $before) {
    totalCount nodes { trackingId email } pageInfo { startCursor endCursor hasNextPage }
  }
}
"""
DETAIL = """
query Detail($id: ID!) {
  endUser(id: $id) {
    trackingId email emailVerified issuer isAnonymous profile
    sessions { nodes { kind clientName clientVersion trackingId endedAt server { slug } } }
    toolCalls { nodes { tool outcome input output session { clientName } endUser { trackingId } } }
    tickets { nodes { number title email } }
    progress {
      status percent completedSteps totalSteps run versionSeen firstCompletedAt
      walkthrough { title } currentStep { title } server { slug }
    }
  }
}
"""
PROGRESS = """
query Progress($id: ID!) {
  endUser(id: $id) { progress { status percent completedSteps totalSteps run } }
}
"""


@pytest.fixture
async def place(graph: Graph) -> Venue:
    """The organization of `graph` with a server that is used."""
    del graph
    return await venue()


async def listed(graph: Graph, order: str = "LAST_SEEN", **asked: Any) -> list[str | None]:
    """The tracking ids of a page."""
    found = (await graph.ask(LIST, orderBy=order, **asked))["endUsers"]
    return [node["trackingId"] for node in found["nodes"]]


async def known(owner: asyncpg.Connection, venue: Venue) -> None:
    """Five end users, seen one after the other, and one who is anonymous."""
    for number, name in enumerate(("dora", "Carl", "carla", "beth", "anna")):
        await owner.execute(
            "INSERT INTO end_user (id, organization_id, tracking_id, email, email_verified,"
            " profile, first_seen_at, last_seen_at) VALUES ($1, $2, $3, $4, false,"
            " jsonb_build_object('name', $5::text), now() - $6::integer * interval '1 day',"
            " now() + $6::integer * interval '1 minute')",
            f"mcpu_{name}", venue.scope.organization_id, f"T-{name}",
            None if name == "beth" else f"{name}@Mail.example", f"Family {name}", number,
        )  # fmt: skip
    nobody = Agent(slug=venue.server.slug, version=STATELESS)
    await nobody.call("start_walkthrough", name=venue.walkthrough.id)


async def test_end_users_are_listed_in_three_orders_from_both_ends(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await known(owner, place)
    tracked = {"isAnonymous": False}
    assert await listed(graph, filter=tracked) == [
        "T-anna",
        "T-beth",
        "T-carla",
        "T-Carl",
        "T-dora",
    ]
    assert (await listed(graph, "FIRST_SEEN", filter=tracked))[::-1] == await listed(
        graph, filter=tracked
    )
    by_address = ["T-anna", "T-Carl", "T-carla", "T-dora"]
    assert await listed(graph, "EMAIL") == by_address
    assert await listed(graph, "EMAIL", last=2) == by_address[2:]
    page = (await graph.ask(LIST, orderBy="EMAIL", first=2))["endUsers"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (4, True)
    after = page["pageInfo"]["endCursor"]
    assert await listed(graph, "EMAIL", first=2, after=after) == by_address[2:]
    assert await listed(graph, "EMAIL", last=1, before=after) == by_address[:1]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"search": "CARL"}, ["T-carla", "T-Carl"]),  # addresses, in any case
        ({"search": " carla@mail "}, ["T-carla"]),
        ({"search": "family b"}, ["T-beth"]),  # a name
        ({"search": "T-Carl"}, ["T-Carl"]),  # tracking ids, in this very case
        ({"search": "t-carl"}, []),
        ({"search": "mcpu_dora"}, ["T-dora"]),
        ({"search": "mail.example"}, []),  # beginnings only
        ({"search": "%"}, []),
        ({"search": "family", "hasEmail": False}, ["T-beth"]),
        ({"isAnonymous": True}, [None]),
        ({"hasEmail": False}, ["T-beth", None]),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"until": "2000-01-01T00:00:00+02:00"}, []),
        ({"since": "2999-01-01T00:00:00"}, []),  # in UTC, as every time without an offset
        ({"until": "2000-01-01T00:00:00"}, []),
    ],
)
async def test_end_users_are_found(
    graph: Graph, place: Venue, owner: asyncpg.Connection, asked: Any, found: list[str | None]
) -> None:
    await known(owner, place)
    answer = (await graph.ask(LIST, orderBy="LAST_SEEN", filter=asked))["endUsers"]
    assert [node["trackingId"] for node in answer["nodes"]] == found
    assert answer["totalCount"] == len(found)


async def test_a_common_beginning_finds_as_exactly_as_a_rare_one(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await owner.execute(
        "INSERT INTO end_user (id, organization_id, tracking_id, email_verified, profile,"
        " first_seen_at, last_seen_at) SELECT 'mcpu_' || n, $1, 'many-' || n, false, '{}', now(),"
        " now() + n * interval '1 second' FROM generate_series(1, 1500) n",
        place.scope.organization_id,
    )
    answer = await graph.ask(LIST, orderBy="LAST_SEEN", first=2, filter={"search": "many-"})
    found = answer["endUsers"]
    assert [node["trackingId"] for node in found["nodes"]] == ["many-1500", "many-1499"]
    assert found["totalCount"] == 1500
    assert await listed(graph, filter={"search": "many-77"}) == [
        f"many-{number}" for number in (*range(779, 769, -1), 77)
    ]


async def test_end_users_are_found_by_the_server_that_they_were_on(
    graph: Graph, place: Venue
) -> None:
    other = await authoring.open_server(place.scope, "acme-labs")
    await place.learner("ann")
    assert await listed(graph, filter={"serverId": place.server.id}) == ["ann"]
    assert await listed(graph, filter={"serverId": other.id}) == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"search": "x" * 201}, "search"),
        ({"search": "\x00"}, "search"),
        ({"serverId": "\x00"}, "serverId"),
        ({"since": "9999-12-31T23:59:59-14:00"}, "since"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until"),
    ],
)
async def test_a_filter_that_cannot_be_meant_is_refused_by_name(
    graph: Graph, place: Venue, asked: Any, field: str
) -> None:
    answer = await graph.answer(LIST, orderBy="LAST_SEEN", filter=asked)
    assert [error["extensions"]["field"] for error in answer["errors"]] == [field]


async def test_a_list_by_address_has_nobody_without_one(graph: Graph, place: Venue) -> None:
    answer = await graph.answer(LIST, orderBy="EMAIL", filter={"hasEmail": False})
    assert [error["extensions"]["field"] for error in answer["errors"]] == ["hasEmail"]


async def test_one_end_user_is_shown_with_all_that_belongs_to_them(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann", email="Ann@example.com")
    ann = (await graph.ask(DETAIL, id=await end_user_id(owner, "ann")))["endUser"]
    assert {name: ann[name] for name in ("trackingId", "email", "emailVerified", "issuer")} == {
        "trackingId": "ann", "email": "Ann@example.com", "emailVerified": False, "issuer": None,
    }  # fmt: skip
    assert (ann["isAnonymous"], ann["profile"]) == (False, {})
    assert ann["sessions"]["nodes"] == [
        {
            "kind": "SESSION", "clientName": "test-agent", "clientVersion": "1.0",
            "trackingId": "ann", "endedAt": None, "server": {"slug": "acme-docs"},
        }
    ]  # fmt: skip
    calls = ann["toolCalls"]["nodes"]
    assert [(call["tool"], call["outcome"]) for call in calls] == [
        ("get_support", "OK"), ("get_next_step", "OK"), ("start_walkthrough", "OK"),
    ]  # fmt: skip
    assert calls[0]["input"]["problemDescription"] == "Error 42"
    assert calls[0]["output"]["number"] == 1
    assert calls[0]["session"] == {"clientName": "test-agent"}
    assert calls[0]["endUser"] == {"trackingId": "ann"}
    assert ann["tickets"]["nodes"] == [
        {"number": 1, "title": "Cannot log in", "email": "Ann@example.com"}
    ]
    assert ann["progress"] == [
        {
            "status": "IN_PROGRESS", "percent": 33, "completedSteps": 1, "totalSteps": 3, "run": 1,
            "versionSeen": place.walkthrough.version, "firstCompletedAt": None,
            "walkthrough": {"title": "Getting started"}, "currentStep": {"title": "Two"},
            "server": {"slug": "acme-docs"},
        }
    ]  # fmt: skip


async def test_progress_is_reckoned_by_the_steps_that_there_are_now(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann")
    ann = await end_user_id(owner, "ann")
    seen = []
    for change in (
        ("deleteStep { walkthrough { id } }", {"id": place.steps[2]}),
        ("unpublishWalkthrough { walkthrough { id } }", {"id": place.walkthrough.id}),
        ("deleteStep { walkthrough { id } }", {"id": place.steps[1]}),
        ("deleteStep { walkthrough { id } }", {"id": place.steps[0]}),
    ):
        await graph.change(change[0], **change[1])
        [progress] = (await graph.ask(PROGRESS, id=ann))["endUser"]["progress"]
        seen.append(tuple(progress.values()))
    assert seen == [
        ("IN_PROGRESS", 50, 1, 2, 1),
        ("IN_PROGRESS", 50, 1, 2, 1),
        ("COMPLETED", 100, 1, 1, 1),
        ("IN_PROGRESS", 0, 0, 0, 1),
    ]


async def test_progress_that_was_reset_is_shown_as_not_started(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE server SET walkthrough_toolset = 'both'")
    agent = await place.learner("ann")
    await agent.call(
        "reset_walkthrough_progress", walkthrough_id=place.walkthrough.id, confirm=True
    )
    ann = (await graph.ask(PROGRESS, id=await end_user_id(owner, "ann")))["endUser"]
    assert [tuple(one.values()) for one in ann["progress"]] == [("NOT_STARTED", 0, 0, 3, 2)]


async def test_there_is_no_end_user_with_an_id_of_nothing(graph: Graph, place: Venue) -> None:
    for unknown in ("mcpu_none", ""):
        assert await graph.ask("query ($id: ID!) { endUser(id: $id) { id } }", id=unknown) == {
            "endUser": None
        }


@pytest.mark.parametrize(
    ("scope", "read", "refused"),
    [
        (KeyScope.READ, ["endUsers", "sessions", "toolCalls"], []),
        (KeyScope.END_USERS, ["endUsers", "sessions", "toolCalls"], []),
        (KeyScope.WRITE, [], ["endUsers", "sessions", "toolCalls"]),
    ],
)
async def test_who_may_read_what_end_users_did(
    graph: Graph, place: Venue, scope: KeyScope, read: list[str], refused: list[str]
) -> None:
    key = await with_key("acme-tools", scope)
    for name in read:
        assert await key.ask(f"{{ {name} {{ nodes {{ id }} }} }}") == {name: {"nodes": []}}
    for name in refused:
        answer = await key.answer(f"{{ {name} {{ nodes {{ id }} }} }}")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_PERMITTED"]


async def test_a_key_for_end_users_reads_no_tickets(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann", email="ann@example.com")
    key = await with_key("acme-tools", KeyScope.END_USERS)
    answer = await key.answer(DETAIL, id=await end_user_id(owner, "ann"))
    paths = {tuple(error["path"][:2]) for error in answer["errors"]}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"NOT_PERMITTED"}
    assert ("endUser", "tickets") in paths
