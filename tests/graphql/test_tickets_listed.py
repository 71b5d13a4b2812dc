"""Tickets in lists: filters, search, orders from both ends, and how many statements they take."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.domain import admission
from app.models.engine import Unit
from tests.support import authoring
from tests.support.graph import Graph
from tests.support.tickets import ask_for_help

PAGE = """
query Page($first: Int, $after: String, $last: Int, $before: String, $orderBy: TicketOrder,
    $filter: TicketFilterInput) {
  tickets(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy,
      filter: $filter) {
    totalCount
    nodes { id number }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
TITLES = ("No sound", "No picture", "ÜBER slow", "Error 2", "100 % CPU_load")
ORDERS = {
    "NEWEST_FIRST": [5, 4, 3, 2, 1],
    "OLDEST_FIRST": [1, 2, 3, 4, 5],
    "RECENTLY_UPDATED": [1, 2, 4, 5, 3],
    "MOST_URGENT": [4, 2, 3, 5, 1],
}


@pytest.fixture
async def ids(graph: Graph) -> list[str]:
    """Five tickets: 4 is critical, 2 high, 1 low; they were changed in the order 4, 2, 1."""
    scope = await admission.operator("acme-tools")
    await authoring.open_server(scope)
    for number, title in enumerate(TITLES, start=1):
        await ask_for_help(
            title,
            problem=f"Since version {number}.0 it fails.",
            email=f"User{number}@Example.com",
            tracking_id=f"user-{number % 2}",
        )
    made = (await graph.ask(PAGE, orderBy="OLDEST_FIRST"))["tickets"]["nodes"]
    ids = [node["id"] for node in made]
    for number, priority in ((4, "CRITICAL"), (2, "HIGH"), (1, "LOW")):
        await graph.change(
            "setTicketPriority { ticket { id } }", id=ids[number - 1], priority=priority
        )
    return ids


async def page(graph: Graph, **asked: Any) -> tuple[list[int], dict[str, Any]]:
    listed = (await graph.ask(PAGE, **asked))["tickets"]
    return [node["number"] for node in listed["nodes"]], listed["pageInfo"]


async def found(graph: Graph, **asked: Any) -> list[int]:
    """The numbers that a filter finds, which are counted as well."""
    listed = (await graph.ask(PAGE, filter=asked, orderBy="OLDEST_FIRST"))["tickets"]
    numbers = [node["number"] for node in listed["nodes"]]
    assert listed["totalCount"] == len(numbers)
    return numbers


@pytest.mark.parametrize("order", ORDERS)
async def test_a_list_is_read_from_both_ends(graph: Graph, ids: list[str], order: str) -> None:
    expected = ORDERS[order]
    first, at_start = await page(graph, first=2, orderBy=order)
    second, in_middle = await page(graph, first=2, after=at_start["endCursor"], orderBy=order)
    third, at_end = await page(graph, first=2, after=in_middle["endCursor"], orderBy=order)
    assert first + second + third == expected
    assert (at_start["hasPreviousPage"], at_end["hasNextPage"]) == (False, False)
    last, end = await page(graph, last=2, orderBy=order)
    before, _ = await page(graph, last=2, before=end["startCursor"], orderBy=order)
    assert before + last == expected[1:]
    assert len(ids) == len(expected)


async def test_a_cursor_of_another_order_is_refused(graph: Graph, ids: list[str]) -> None:
    _, info = await page(graph, first=2, orderBy="MOST_URGENT")
    answer = await graph.answer(PAGE, after=info["endCursor"], orderBy="NEWEST_FIRST")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID"]
    assert len(ids) == len(TITLES)


async def test_a_ticket_that_becomes_urgent_meanwhile_shifts_no_page(
    graph: Graph, ids: list[str]
) -> None:
    first, info = await page(graph, first=2, orderBy="MOST_URGENT")
    await graph.change("setTicketPriority { ticket { id } }", id=ids[2], priority="CRITICAL")
    rest, _ = await page(graph, first=9, after=info["endCursor"], orderBy="MOST_URGENT")
    assert (first, rest) == ([4, 2], [5, 1])


async def test_a_list_is_filtered(graph: Graph, ids: list[str]) -> None:
    await graph.change("setTicketStatus { ticket { id } }", id=ids[2], status="RESOLVED")
    query = "query Q($id: ID!) { ticket(id: $id) { serverId endUserId } }"
    of_one = (await graph.ask(query, id=ids[0]))["ticket"]
    assert await found(graph, statuses=["RESOLVED", "CLOSED"]) == [3]
    assert await found(graph, statuses=[]) == [1, 2, 3, 4, 5]
    assert await found(graph, priorities=["CRITICAL", "LOW"]) == [1, 4]
    assert await found(graph, priorities=["MEDIUM"], statuses=["PENDING"]) == [5]
    assert await found(graph, endUserId=of_one["endUserId"]) == [1, 3, 5]
    assert await found(graph, serverId=of_one["serverId"]) == [1, 2, 3, 4, 5]
    assert await found(graph, serverId="srv_none") == []
    assert await found(graph, isUnassigned=True) == [1, 2, 3, 4, 5]
    assert await found(graph, isUnassigned=False) == []
    assert await found(graph, assigneeId="mbr_none") == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("no ", [1, 2]),
        ("über SLOW", [3]),
        ("VERSION 4.0", [4]),
        ("user5@example.com", [5]),
        (" #3 ", [3]),
        ("#30", []),
        ("2", [2, 4]),
        ("2.0", [2]),
        ("%", [5]),
        ("c_u", []),
        ("", [1, 2, 3, 4, 5]),
    ],
)
async def test_a_text_is_searched(
    graph: Graph, ids: list[str], text: str, numbers: Sequence[int]
) -> None:
    assert await found(graph, search=text) == numbers
    assert len(ids) == len(TITLES)


async def test_a_search_is_narrowed_and_sorted(graph: Graph, ids: list[str]) -> None:
    await graph.change("setTicketStatus { ticket { id } }", id=ids[0], status="CLOSED")
    assert await found(graph, search="NO ", statuses=["PENDING"]) == [2]
    assert await found(graph, search="#1", statuses=["PENDING"]) == []
    assert await found(graph, search="2", priorities=["CRITICAL"]) == [4]
    numbers, _ = await page(graph, filter={"search": "version"}, orderBy="MOST_URGENT")
    assert numbers == ORDERS["MOST_URGENT"]


async def test_a_ticket_is_found_by_the_title_that_it_has_now(graph: Graph, ids: list[str]) -> None:
    await graph.change("updateTicket { ticket { id } }", id=ids[0], title="Silence")
    assert await found(graph, search="silence") == [1]
    assert await found(graph, search="sound") == []


@pytest.mark.parametrize("field", ["search", "assigneeId", "serverId", "endUserId"])
async def test_what_cannot_be_looked_for_is_refused(graph: Graph, field: str) -> None:
    for text in ("x" * 201, "a\x00b"):
        answer = await graph.answer(PAGE, filter={field: text})
        (error,) = answer["errors"]
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("TOO_LONG", field)


HISTORY = """
query History($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  ticket(id: $id) {
    activities(first: $first, after: $after, last: $last, before: $before) {
      nodes { body event }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""


async def test_a_history_is_read_from_both_ends(graph: Graph, ids: list[str]) -> None:
    for body in ("One", "Two", "Three"):
        await graph.change("addTicketComment { ticket { id } }", ticketId=ids[2], body=body)

    async def part(**asked: Any) -> tuple[list[str], dict[str, Any]]:
        read = (await graph.ask(HISTORY, id=ids[2], **asked))["ticket"]["activities"]
        return [node["body"] or node["event"] for node in read["nodes"]], read["pageInfo"]

    first, start = await part(first=3)
    rest, end = await part(first=3, after=start["endCursor"])
    assert (first, rest) == (["opened", "One", "Two"], ["Three"])
    assert (start["hasNextPage"], end["hasNextPage"]) == (True, False)
    last, info = await part(last=2)
    before, at_start = await part(last=2, before=info["startCursor"])
    assert (before, last) == (["opened", "One"], ["Two", "Three"])
    assert (at_start["hasPreviousPage"], info["hasPreviousPage"]) == (False, True)


HEAVIEST = """
{
  tickets(first: 20) {
    totalCount
    nodes {
      title commentCount
      assignee { email } server { name } endUser { email } walkthrough { title } step { title }
      activities(last: 5) { nodes { type body author { name } } }
    }
  }
}
"""


async def test_the_heaviest_query_takes_as_many_statements_for_many_rows_as_for_few(
    graph: Graph, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    send = Unit._send

    async def counted(unit: Unit, sql: str, args: Any) -> Any:
        statements.append(sql)
        return await send(unit, sql, args)

    async def count() -> int:
        statements.clear()
        listed = (await graph.ask(HEAVIEST))["tickets"]
        assert len(listed["nodes"]) == listed["totalCount"]
        return sum("set_config" not in sql for sql in statements)

    monkeypatch.setattr(Unit, "_send", counted)
    few = await count()
    for number in range(6, 16):
        await ask_for_help(f"Problem {number}", tracking_id=f"user-{number}")
    for ticket_id in ids:
        await graph.change("addTicketComment { ticket { id } }", ticketId=ticket_id, body="One")
    assert await count() == few
    assert few <= 8
