"""Tickets over GraphQL: from an end user's call for help to the answer."""

from typing import Any

import asyncpg
import msgspec
import pytest

from app.core.enums import KeyScope, Role
from app.domain import admission
from tests.support.agent import Agent
from tests.support.graph import Graph, with_key
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.tickets import ask_for_help, opened

TICKET = """
query Ticket($id: ID!) {
  ticket(id: $id) {
    number title problem context email status priority revision commentCount
    assignee { name email role } assigneeId
    server { slug } endUser { trackingId email } walkthrough { title } step { title }
    activities {
      nodes { type author { kind name } body changes { field before after } event isOwn }
    }
  }
}
"""
OPENED: dict[str, Any] = {
    "type": "SYSTEM",
    "author": None,
    "body": None,
    "changes": [],
    "event": "opened",
    "isOwn": False,
}


@pytest.fixture
async def ticket_id(graph: Graph) -> str:
    """The first ticket of acme-tools."""
    del graph
    return (await opened(await admission.operator("acme-tools"))).id


async def read(graph: Graph, ticket_id: str) -> Any:
    return (await graph.ask(TICKET, id=ticket_id))["ticket"]


def entry(kind: str, *changes: tuple[str, str | None, str | None], **more: Any) -> dict[str, Any]:
    """An entry that the graph's own key made."""
    told = [dict(zip(("field", "before", "after"), one, strict=True)) for one in changes]
    author = {"kind": "API_KEY", "name": "Script"}
    return OPENED | {
        "type": kind, "author": author, "changes": told, "event": None, "isOwn": True, **more
    }  # fmt: skip


async def test_a_ticket_is_read_with_its_history(graph: Graph, ticket_id: str) -> None:
    assert await read(graph, ticket_id) == {
        "number": 1,
        "title": "It does not start",
        "problem": "Nothing happens.",
        "context": None,
        "email": "ann@example.com",
        "status": "PENDING",
        "priority": "MEDIUM",
        "revision": 1,
        "commentCount": 0,
        "assignee": None,
        "assigneeId": None,
        "server": {"slug": "acme-docs"},
        "endUser": {"trackingId": "ann", "email": "ann@example.com"},
        "walkthrough": None,
        "step": None,
        "activities": {"nodes": [OPENED]},
    }
    by_number = await graph.ask("{ ticketByNumber(number: 1) { id } }")
    assert by_number == {"ticketByNumber": {"id": ticket_id}}


async def test_what_is_not_there_reads_as_null(graph: Graph) -> None:
    for number in (2, 0, -1, 2**31 - 1):
        query = f"{{ ticketByNumber(number: {number}) {{ id }} }}"
        assert await graph.ask(query) == {"ticketByNumber": None}
    assert await graph.ask('{ ticket(id: "sr_none") { id } }') == {"ticket": None}


async def test_a_ticket_is_answered(graph: Graph, ticket_id: str) -> None:
    payload = await graph.change(
        "setTicketStatus { ticket { status revision } activity { type body } }",
        id=ticket_id, status="IN_PROGRESS", comment="We look into it.",
    )  # fmt: skip
    assert payload["ticket"] == {"status": "IN_PROGRESS", "revision": 2}
    assert payload["activity"] == {"type": "COMMENT", "body": "We look into it."}
    await graph.change("setTicketPriority { ticket { id } }", id=ticket_id, priority="HIGH")
    await graph.change("addTicketComment { activity { id } }", ticketId=ticket_id, body="Try now.")
    await graph.change(
        "updateTicket { ticket { title } }", id=ticket_id, title="Blank", context="Version 2"
    )
    ticket = await read(graph, ticket_id)
    assert [ticket[name] for name in ("status", "priority", "title", "context")] == [
        "IN_PROGRESS", "HIGH", "Blank", "Version 2",
    ]  # fmt: skip
    assert (ticket["revision"], ticket["commentCount"]) == (5, 2)
    assert ticket["activities"]["nodes"] == [
        OPENED,
        entry("COMMENT", body="We look into it."),
        entry("STATUS_CHANGE", ("status", "PENDING", "IN_PROGRESS")),
        entry("FIELD_UPDATE", ("priority", "MEDIUM", "HIGH")),
        entry("COMMENT", body="Try now."),
        entry("FIELD_UPDATE", ("title", None, None), ("context", None, None)),
    ]


async def test_a_comment_is_edited_and_withdrawn(graph: Graph, ticket_id: str) -> None:
    added = await graph.change(
        "addTicketComment { activity { id } }", ticketId=ticket_id, body="Tyr again."
    )
    comment_id = added["activity"]["id"]
    fields = "{ activity { id body isOwn } ticket { revision commentCount } }"
    edited = await graph.change(f"editTicketComment {fields}", id=comment_id, body="Try again.")
    assert edited["activity"] == {"id": comment_id, "body": "Try again.", "isOwn": True}
    assert edited["ticket"] == {"revision": 3, "commentCount": 1}
    gone = await graph.change(f"withdrawTicketComment {fields}", id=comment_id)
    assert gone["activity"] == {"id": comment_id, "body": None, "isOwn": True}
    assert gone["ticket"] == {"revision": 4, "commentCount": 0}
    refused = await graph.attempt(f"editTicketComment {fields}", id=comment_id, body="Back.")
    assert [error["code"] for error in refused["userErrors"]] == ["COMMENT_WITHDRAWN"]


async def test_a_key_cannot_change_anothers_comment(graph: Graph, ticket_id: str) -> None:
    added = await graph.change(
        "addTicketComment { activity { id } }", ticketId=ticket_id, body="Mine."
    )
    other = await with_key("acme-tools", KeyScope.TICKETS)
    for mutation, given in (
        ("editTicketComment", {"body": "Ours."}),
        ("withdrawTicketComment", {}),
    ):
        payload = await other.attempt(
            f"{mutation} {{ ticket {{ id }} }}", id=added["activity"]["id"], **given
        )
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_OWN_COMMENT"]
        assert payload["ticket"] is None
    assert (await read(graph, ticket_id))["activities"]["nodes"][1]["body"] == "Mine."


async def test_a_ticket_is_given_to_a_member(people: Reception) -> None:
    scope = await people.owner()
    await people.joined(scope, "mia@acme.test", Role.MEMBER)
    ticket_id = (await opened(scope)).id
    graph = await with_key("acme-tools", KeyScope.TICKETS)
    members = (await graph.ask("{ members { nodes { id email } } }"))["members"]["nodes"]
    mia = next(one["id"] for one in members if one["email"] == "mia@acme.test")
    fields = "{ ticket { assignee { email } } activity { changes { field before after } } }"
    given = await graph.change(f"assignTicket {fields}", id=ticket_id, assigneeId=mia)
    assert given == {
        "ticket": {"assignee": {"email": "mia@acme.test"}},
        "activity": {"changes": [{"field": "assignee", "before": None, "after": "mia@acme.test"}]},
        "userErrors": [],
    }
    again = await graph.change(f"assignTicket {fields}", id=ticket_id, assigneeId=mia)
    assert again["activity"] is None
    taken = await graph.change(f"assignTicket {fields}", id=ticket_id, assigneeId=None)
    assert taken["ticket"] == {"assignee": None}


async def test_assigning_to_nobody_in_particular_is_refused(
    graph: Graph, ticket_id: str, owner: asyncpg.Connection
) -> None:
    await graph.ask("{ viewer { id } }")  # the key's last use is noted
    before = await dump(owner)
    fields = "{ ticket { id } }"
    missing = await graph.attempt(f"assignTicket {fields}", id=ticket_id)
    stranger = await graph.attempt(f"assignTicket {fields}", id=ticket_id, assigneeId="mbr_none")
    found = [
        (error["field"], error["code"])
        for payload in (missing, stranger)
        for error in payload["userErrors"]
    ]
    assert found == [("assigneeId", "REQUIRED"), ("assigneeId", "NOT_FOUND")]
    assert await dump(owner) == before


async def test_mistakes_name_their_fields_and_change_nothing(
    graph: Graph, ticket_id: str, owner: asyncpg.Connection
) -> None:
    await graph.ask("{ viewer { id } }")
    before = await dump(owner)
    fields = "{ ticket { id } }"
    told = []
    for mutation, given in (
        ("setTicketStatus", {"id": ticket_id, "status": "CLOSED", "comment": " "}),
        ("addTicketComment", {"ticketId": ticket_id, "body": "x" * 10_001}),
        ("updateTicket", {"id": ticket_id, "title": ""}),
        ("setTicketPriority", {"id": ticket_id, "priority": "LOW", "expectedRevision": 7}),
    ):
        payload = await graph.attempt(f"{mutation} {fields}", **given)
        told += [(error["field"], error["code"]) for error in payload["userErrors"]]
    assert told == [
        ("comment", "REQUIRED"),
        ("body", "TOO_LONG"),
        ("title", "REQUIRED"),
        ("expectedRevision", "REVISION_MISMATCH"),
    ]
    assert await dump(owner) == before


async def test_what_is_sent_twice_with_one_key_is_done_once(graph: Graph, ticket_id: str) -> None:
    fields = "{ activity { id } ticket { revision } }"
    given = {"ticketId": ticket_id, "body": "Once.", "idempotencyKey": "k-1"}
    first = await graph.change(f"addTicketComment {fields}", **given)
    assert await graph.change(f"addTicketComment {fields}", **given) == first
    other = await graph.attempt(f"addTicketComment {fields}", **{**given, "body": "Twice."})
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert (await read(graph, ticket_id))["commentCount"] == 1


async def test_the_audit_log_tells_every_change_and_no_words(
    graph: Graph, ticket_id: str, owner: asyncpg.Connection
) -> None:
    fields = "{ activity { id } }"
    await graph.change(f"setTicketStatus {fields}", id=ticket_id, status="CLOSED", comment="Canary")
    await graph.change(f"updateTicket {fields}", id=ticket_id, title="Canary", idempotencyKey="k")
    added = await graph.change(f"addTicketComment {fields}", ticketId=ticket_id, body="Canary")
    comment_id = added["activity"]["id"]
    await graph.change(f"editTicketComment {fields}", id=comment_id, body="Canary two")
    await graph.change(f"withdrawTicketComment {fields}", id=comment_id)
    rows = await owner.fetch(
        "SELECT action, subject_type, subject_id, before, after FROM audit_entry"
        " WHERE subject_type LIKE 'ticket%' ORDER BY created_at"
    )
    assert [(row["action"], row["subject_id"]) for row in rows] == [
        ("ticket.status_set", ticket_id),
        ("ticket.edited", ticket_id),
        ("ticket_comment.added", comment_id),
        ("ticket_comment.edited", comment_id),
        ("ticket_comment.withdrawn", comment_id),
    ]
    assert msgspec.json.decode(rows[0]["before"]) == {"status": "pending"}
    assert msgspec.json.decode(rows[0]["after"]) == {"status": "closed"}
    assert msgspec.json.decode(rows[1]["after"]) == {"edited": ["title"]}
    held = await dump(owner)
    assert "Canary" not in f"{held['audit_entry']} {held['idempotency_record']}"


async def test_a_key_for_tickets_answers_and_one_for_reading_reads(
    graph: Graph, ticket_id: str
) -> None:
    answering = await with_key("acme-tools", KeyScope.TICKETS)
    reading = await with_key("acme-tools", KeyScope.READ)
    payload = await answering.change(
        "setTicketStatus { ticket { status } }", id=ticket_id, status="CLOSED"
    )
    assert payload["ticket"] == {"status": "CLOSED"}
    assert (await read(reading, ticket_id))["status"] == "CLOSED"
    refused = await reading.attempt(
        "setTicketStatus { ticket { status } }", id=ticket_id, status="PENDING"
    )
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_PERMITTED"]
    answer = await answering.answer("{ ticketByNumber(number: 1) { title server { slug } } }")
    assert answer["data"] == {"ticketByNumber": {"title": "It does not start", "server": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_PERMITTED"]


async def test_a_member_answers_as_oneself(people: Reception) -> None:
    scope = await people.owner()
    mia = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    ticket_id = (await opened(scope)).id
    token = await people.sign_in("mia@acme.test")
    graph = Graph(headers={"cookie": f"__Host-mcplatform={token}"})
    payload = await graph.change(
        "addTicketComment { activity { author { kind id name } isOwn } }",
        ticketId=ticket_id, body="Hello.",
    )  # fmt: skip
    assert payload["activity"] == {
        "author": {"kind": "USER", "id": mia.actor_id, "name": "mia@acme.test"},
        "isOwn": True,
    }
    script = await with_key("acme-tools")
    assert (await read(script, ticket_id))["activities"]["nodes"][1]["isOwn"] is False


async def test_a_ticket_knows_where_its_end_user_was(graph: Graph, ticket_id: str) -> None:
    del ticket_id
    made = await graph.change("createWalkthrough { walkthrough { id } }", title="Set up")
    walkthrough_id = made["walkthrough"]["id"]
    await graph.change(
        "createStep { step { id } }",
        walkthroughId=walkthrough_id, title="One", contentForUser="Now.",
    )  # fmt: skip
    servers = (await graph.ask("{ servers { nodes { id } } }"))["servers"]["nodes"]
    await graph.change(
        "assignWalkthrough { assignment { id } }",
        serverId=servers[0]["id"], walkthroughId=walkthrough_id,
    )  # fmt: skip
    await graph.change("publishWalkthrough { walkthrough { id } }", id=walkthrough_id)
    await Agent(tracking_id="bob").call("start_walkthrough")
    await ask_for_help("Lost", tracking_id="bob")
    query = "{ ticketByNumber(number: 2) { walkthrough { title } step { title } } }"
    assert await graph.ask(query) == {
        "ticketByNumber": {"walkthrough": {"title": "Set up"}, "step": {"title": "One"}}
    }
    await graph.change("deleteWalkthrough { deletedId }", id=walkthrough_id)
    assert await graph.ask(query) == {"ticketByNumber": {"walkthrough": None, "step": None}}
