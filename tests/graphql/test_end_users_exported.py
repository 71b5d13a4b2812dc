"""What is told of an end user who asks what is held."""

import re

import asyncpg
import pytest

from tests.support.canary import EXPORT, sing
from tests.support.graph import Graph
from tests.support.visitors import Venue, end_user_id, venue


@pytest.fixture
async def place(graph: Graph) -> Venue:
    """The organization of `graph` with a server that is used."""
    del graph
    return await venue()


async def test_everything_that_is_held_is_told(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    canary = await sing(place, owner, graph)
    content = (await graph.change(EXPORT, id=canary))["content"]
    assert content["endUser"]["trackingId"] == "canary-1"
    assert content["endUser"]["email"] == "Canary@mail.example"
    assert [one["percent"] for one in content["progress"]] == [33]
    assert [one["stepId"] for one in content["completions"]] == [place.steps[0]]
    assert {one["clientName"] for one in content["sessions"]} == {"test-agent", "canary-client"}
    assert [one["tool"] for one in content["toolCalls"]][-1] == "start_walkthrough"
    assert [one["problem"] for one in content["tickets"]] == ["A canary sings"]
    assert [one["body"] for one in content["ticketComments"]] == ["Fly, canary", "Dear canary"]
    assert (content["logins"], content["truncated"], content["version"]) == ([], [], "1.0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", content["exportedAt"])


async def test_a_list_that_is_cut_short_is_named(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann")
    ann = await end_user_id(owner, "ann")
    await owner.execute(
        "INSERT INTO tool_call (id, organization_id, server_id, end_user_id, tool, input, output,"
        " outcome, duration_ms, created_at) SELECT 'tc_' || n, $1, $2, $3, 'get_support',"
        " jsonb_build_object('problemDescription', repeat('x', 5000)), '{}', 'ok', 1,"
        " now() + n * interval '1 second' FROM generate_series(1, 1000) n",
        place.scope.organization_id, place.server.id, ann,
    )  # fmt: skip
    content = (await graph.change(EXPORT, id=ann))["content"]
    assert content["truncated"] == ["toolCalls"]
    assert 700 < len(content["toolCalls"]) < 800
    assert content["toolCalls"][0]["id"] == "tc_1000"
