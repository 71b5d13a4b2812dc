"""An end user with one word in everything, to see where it stays."""

import asyncpg

from tests.support.graph import Graph
from tests.support.visitors import Venue, end_user_id

EXPORT = "exportEndUser { content }"
WORDS = {
    "title": "Canary title",
    "problemDescription": "A canary sings",
    "problemContext": "in a canary cage",
    "email": "Canary@mail.example",
}


async def sing(place: Venue, owner: asyncpg.Connection, graph: Graph) -> str:
    """The id of an end user with this word in all that they, and those who answered, wrote."""
    agent = await place.learner("canary-1")
    agent.client = ("canary-client", "canary-version")
    await agent.initialize()
    await agent.call("start_walkthrough", name="A canary's walkthrough")
    await agent.call("get_support", **WORDS)
    await agent.call("get_support", **{**WORDS, "title": "canary" * 50})
    ticket = await owner.fetchval("SELECT id FROM ticket")
    keyed = {"id": ticket, "idempotencyKey": "one"}
    await graph.change("updateTicket { ticket { title } }", **keyed, title="Another canary")
    answer = "addTicketComment { ticket { title } activity { body } }"
    made = await graph.change(answer, ticketId=ticket, body="Dear canary", idempotencyKey="two")
    assert made["activity"]["body"] == "Dear canary"
    await graph.change(
        "setTicketStatus { ticket { problem } }",
        id=ticket, status="RESOLVED", comment="Fly, canary", idempotencyKey="three",
    )  # fmt: skip
    found = await end_user_id(owner, "canary-1")
    told = await graph.change(EXPORT, id=found, idempotencyKey="four")
    assert "A canary sings" in str(told["content"])
    return found
