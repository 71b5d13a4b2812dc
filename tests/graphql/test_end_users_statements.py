"""How many statements it takes to show end users with all that belongs to them."""

from typing import Any

import pytest

from app.models.engine import Unit
from tests.support.graph import Graph
from tests.support.visitors import Venue, venue

HEAVIEST = """
{
  endUsers(first: 20) {
    totalCount
    nodes {
      email
      sessions(first: 3) { nodes { server { slug } endUser { id } } }
      toolCalls(first: 3) { nodes { session { id } server { slug } endUser { id } } }
      tickets(first: 3) { nodes { number } }
      progress { walkthrough { title } currentStep { title } server { slug } }
    }
  }
  toolCalls(first: 20) { nodes { endUser { email } session { id } server { slug } } }
  sessions(first: 20) { nodes { endUser { email } server { slug } } }
}
"""


@pytest.fixture
async def place(graph: Graph) -> Venue:
    """The organization of `graph` with a server that is used."""
    del graph
    return await venue()


async def test_the_heaviest_query_takes_as_many_statements_for_many_end_users_as_for_few(
    graph: Graph, place: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    send = Unit._send

    async def counted(unit: Unit, sql: str, args: Any) -> Any:
        statements.append(sql)
        return await send(unit, sql, args)

    async def count() -> int:
        statements.clear()
        await graph.ask(HEAVIEST)
        return sum("set_config" not in sql for sql in statements)

    await place.learner("ann", email="ann@example.com")
    await graph.ask(HEAVIEST)  # the key's last use is written once a minute
    monkeypatch.setattr(Unit, "_send", counted)
    few = await count()
    for number in range(12):
        await place.learner(f"bob-{number}", email=f"bob-{number}@example.com")
    # What is asked for at different depths may be read in one go, or in two.
    assert await count() <= few + 6
    assert few <= 18
