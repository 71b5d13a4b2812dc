"""What is left of a person who was forgotten, and what is told of one who asks."""

import asyncpg
import pytest

from app.core.enums import KeyScope, Role
from app.domain import admission
from app.domain.end_users import Person
from app.domain.server_directory import ServerConfig, ServerDirectory
from tests.support import authoring
from tests.support.agent import STATELESS, Agent
from tests.support.canary import EXPORT, WORDS, sing
from tests.support.graph import Graph, with_key
from tests.support.people import Reception
from tests.support.recognized import become_known
from tests.support.tables import Dump, dump
from tests.support.visitors import Venue, end_user_id, mentions, venue

FORGET = "forgetEndUser { forgottenId }"
PERSON = Person(
    issuer="https://canary.example",
    subject="canary-subject",
    email="canary@login.example",
    profile={"name": "Canary Bird"},
)
FIGURES = """
SELECT id, tool, outcome, output, duration_ms, created_at, server_id, end_user_id, session_id
FROM tool_call ORDER BY id
"""


@pytest.fixture
async def place(graph: Graph) -> Venue:
    """The organization of `graph` with a server that is used."""
    del graph
    return await venue()


async def test_no_word_of_a_person_stays_anywhere(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    canary = await sing(place, owner, graph)
    assert len(await mentions(owner, "canary")) >= 6
    assert (await graph.change(FORGET, id=canary, idempotencyKey="five")) == {
        "forgottenId": canary, "userErrors": [],
    }  # fmt: skip
    assert await mentions(owner, "canary") == []


async def test_no_word_of_a_person_who_logged_in_stays_anywhere(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    agent = await place.visitor()
    await agent.call("start_walkthrough", name=place.walkthrough.id)
    await agent.call("get_support", **WORDS)
    anonymous = await owner.fetchval("SELECT id FROM end_user")
    config = await config_of(place)
    person = await become_known(
        admission.server_scope(config), PERSON, anonymous_id=anonymous, session_id=agent.session_id
    )
    assert len(await mentions(owner, "canary")) >= 3
    await graph.change(FORGET, id=person)
    assert await mentions(owner, "canary") == []


async def test_tickets_that_were_opened_without_an_end_user_go_with_their_address(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    nobody = Agent(slug=place.server.slug, version=STATELESS)
    await nobody.call("get_support", **WORDS)
    other = Agent(slug=place.server.slug, version=STATELESS)
    await other.call("get_support", **{**WORDS, "email": "someone@else.example"})
    await place.learner("ann", email="canary@mail.EXAMPLE")
    assert await owner.fetchval("SELECT count(*) FROM ticket WHERE end_user_id IS NULL") == 2
    await graph.change(FORGET, id=await end_user_id(owner, "ann"))
    kept = await mentions(owner, "canary")
    assert len(kept) == 2
    assert all("someone@else.example" in row for row in kept)


async def test_the_figures_stay(graph: Graph, place: Venue, owner: asyncpg.Connection) -> None:
    canary = await sing(place, owner, graph)
    untouched = ("progress", "completion", "walkthrough", "step", "server", "ticket_counter")
    before = await dump(owner)
    figures = [tuple(row) for row in await owner.fetch(FIGURES)]
    await graph.change(FORGET, id=canary)
    after = await dump(owner)
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert [tuple(row) for row in await owner.fetch(FIGURES)] == figures
    tables = ("session", "tool_call", "ticket", "activity", "end_user")
    assert [len(after[name]) for name in tables] == [len(before[name]) for name in tables]
    ticket = await owner.fetchrow(
        "SELECT number, status, title, problem, context, email, end_user_id FROM ticket"
    )
    assert ticket is not None
    assert tuple(ticket) == (1, "resolved", "Erased", "Erased", None, "", canary)
    bodies = await owner.fetch("SELECT body, withdrawn_at IS NULL FROM activity")
    assert {tuple(row) for row in bodies} == {(None, True), (None, False)}


async def test_who_was_forgotten_reads_as_absent_and_their_calls_as_nobodys(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    canary = await sing(place, owner, graph)
    await graph.change(FORGET, id=canary)
    assert await graph.ask(
        """query ($id: ID!) {
          endUser(id: $id) { id } endUsers { nodes { id } totalCount }
          toolCalls(first: 1, filter: {endUserId: $id}) {
            nodes { tool input endUser { id } session { endUser { id } endedAt } }
          }
          tickets { nodes { title } }
        }""",
        id=canary,
    ) == {
        "endUser": None,
        "endUsers": {"nodes": [], "totalCount": 0},
        "toolCalls": {
            "nodes": [
                {
                    "tool": "get_support", "input": {}, "endUser": None,
                    "session": {"endUser": None, "endedAt": await ended_at(owner)},
                }
            ]
        },
        "tickets": {"nodes": [{"title": "Erased"}]},
    }  # fmt: skip


async def test_who_comes_again_is_a_new_end_user(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    agent = await place.learner("ann")
    forgotten = await end_user_id(owner, "ann")
    await graph.change(FORGET, id=forgotten)
    response = await agent.post("tools/call", {"name": "get_next_step", "arguments": {}})
    assert response.status_code == 404
    again = await place.learner("ann")
    assert again.session_id != agent.session_id
    ann = await end_user_id(owner, "ann")
    assert ann != forgotten
    done = await owner.fetch("SELECT end_user_id, done_count FROM progress")
    assert {tuple(row) for row in done} == {(ann, 1), (forgotten, 1)}


async def test_a_run_handle_of_someone_forgotten_leads_nowhere(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    agent = Agent(slug=place.server.slug, version=STATELESS)
    await agent.call("start_walkthrough", name=place.walkthrough.id)
    first = await owner.fetchval("SELECT id FROM end_user")
    await graph.change(FORGET, id=first)
    result = await agent.call("get_next_step")
    assert "No active walkthrough" in result["content"][0]["text"]
    assert await owner.fetchval("SELECT count(*) FROM run_handle") == 0


async def test_forgetting_twice_is_once(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann", email="ann@example.com")
    ann = await end_user_id(owner, "ann")
    told = await graph.change(FORGET, id=ann, idempotencyKey="once")
    before = await dump(owner)
    assert await graph.change(FORGET, id=ann, idempotencyKey="once") == told
    again = await graph.attempt(FORGET, id=ann)
    assert [error["code"] for error in again["userErrors"]] == ["NOT_FOUND"]
    assert again["forgottenId"] is None
    assert await dump(owner) == before


async def test_who_forgot_and_who_asked_is_on_record(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await place.learner("ann")
    ann = await end_user_id(owner, "ann")
    await graph.change(EXPORT, id=ann)
    await graph.change(FORGET, id=ann)
    rows = await owner.fetch(
        "SELECT actor_name, action, subject_id, before, after FROM audit_entry"
        " WHERE subject_type = 'end_user' ORDER BY created_at"
    )
    assert [tuple(row) for row in rows] == [
        ("Script", "end_user.exported", ann, "{}", "{}"),
        ("Script", "end_user.forgotten", ann, '{"is_forgotten": false}', '{"is_forgotten": true}'),
    ]


@pytest.mark.parametrize("mutation", [FORGET, EXPORT])
async def test_a_strangers_end_user_is_not_found(
    graph: Graph, place: Venue, owner: asyncpg.Connection, mutation: str
) -> None:
    await place.learner("ann", email="ann@example.com")
    ann = await end_user_id(owner, "ann")
    stranger = await other_organization()
    before = await held(owner, place)
    for unknown in (ann, "mcpu_none", ""):
        payload = await stranger.attempt(mutation, id=unknown)
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    payload = await stranger.attempt(mutation, id="\x00")
    assert [error["field"] for error in payload["userErrors"]] == ["id"]
    assert await held(owner, place) == before


@pytest.mark.parametrize("mutation", [FORGET, EXPORT])
async def test_a_key_for_reading_neither_forgets_nor_exports(
    graph: Graph, place: Venue, owner: asyncpg.Connection, mutation: str
) -> None:
    await place.learner("ann")
    key = await with_key("acme-tools", KeyScope.READ, KeyScope.WRITE, KeyScope.TICKETS)
    await key.ask("{ viewer { id } }")
    before = await dump(owner)
    payload = await key.attempt(mutation, id=await end_user_id(owner, "ann"))
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_PERMITTED"]
    assert await dump(owner) == before


async def test_a_member_cannot_forget_and_an_admin_can(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await people.owner()
    place = await venue()
    await place.learner("ann")
    ann = await end_user_id(owner, "ann")
    codes = []
    for role in (Role.MEMBER, Role.ADMIN):
        address = f"{role}@acme.test"
        await people.joined(olga, address, role)
        cookie = f"__Host-mcplatform={await people.sign_in(address)}"
        payload = await Graph(headers={"cookie": cookie}).attempt(FORGET, id=ann)
        codes.append([error["code"] for error in payload["userErrors"]])
    assert codes == [["NOT_PERMITTED"], []]


async def test_another_organization_with_the_same_words_keeps_them(
    graph: Graph, place: Venue, owner: asyncpg.Connection
) -> None:
    await other_organization()
    elsewhere = await venue("other-tools", "other-docs")
    for one in (elsewhere, place):
        agent = await one.learner("canary-1")
        await agent.call("get_support", **WORDS)
    before = await held(owner, elsewhere)
    found = await owner.fetchval(
        "SELECT id FROM end_user WHERE organization_id = $1", place.scope.organization_id
    )
    await graph.change(FORGET, id=found)
    assert await held(owner, elsewhere) == before


async def other_organization() -> Graph:
    """A script of another organization."""
    await authoring.found("other-tools")
    return await with_key("other-tools")


async def held(owner: asyncpg.Connection, place: Venue) -> Dump:
    """Everything that the venue's organization has."""
    return await dump(owner, owner_id=place.scope.organization_id)


async def config_of(place: Venue) -> ServerConfig:
    """The server's configuration, as requests see it."""
    config = await ServerDirectory().by_slug(place.server.slug)
    assert config is not None
    return config


async def ended_at(owner: asyncpg.Connection) -> str:
    """When the latest session ended, as GraphQL tells it."""
    ended = await owner.fetchval("SELECT max(ended_at) FROM session")
    return str(ended.isoformat())
