"""Lists in pages, from either end, while they change; and how many statements they take."""

from typing import Any

import pytest

from app.models.engine import Unit
from tests.support.graph import Graph

PAGE = """
query Page($first: Int, $after: String, $last: Int, $before: String, $orderBy: WalkthroughOrder!,
    $filter: WalkthroughFilterInput) {
  walkthroughs(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy,
      filter: $filter) {
    totalCount
    nodes { title }
    edges { cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ORDERS = {
    "TITLE": ["A", "B", "C", "D", "E"],
    "NEWEST_FIRST": ["B", "D", "A", "E", "C"],
    "RECENTLY_UPDATED": ["B", "D", "A", "E", "C"],
}


async def written(graph: Graph, *titles: str) -> list[str]:
    ids = []
    for title in titles:
        made = await graph.change("createWalkthrough { walkthrough { id } }", title=title)
        ids.append(made["walkthrough"]["id"])
    return ids


async def page(graph: Graph, **asked: Any) -> tuple[list[str], dict[str, Any]]:
    listed = (await graph.ask(PAGE, **{"orderBy": "TITLE", **asked}))["walkthroughs"]
    info = listed["pageInfo"]
    assert [info["startCursor"], info["endCursor"]] == [
        edge["cursor"] for edge in (listed["edges"][0], listed["edges"][-1])
    ]
    return [node["title"] for node in listed["nodes"]], info


@pytest.mark.parametrize("order", ORDERS)
async def test_a_list_is_read_from_both_ends(graph: Graph, order: str) -> None:
    await written(graph, "C", "E", "A", "D", "B")
    expected = ORDERS[order]
    first, at_start = await page(graph, first=2, orderBy=order)
    second, in_middle = await page(graph, first=2, after=at_start["endCursor"], orderBy=order)
    third, at_end = await page(graph, first=2, after=in_middle["endCursor"], orderBy=order)
    assert first + second + third == expected
    assert [at_start["hasNextPage"], in_middle["hasNextPage"], at_end["hasNextPage"]] == [
        True, True, False,
    ]  # fmt: skip
    assert [at_start["hasPreviousPage"], in_middle["hasPreviousPage"]] == [False, True]
    last, end = await page(graph, last=2, orderBy=order)
    before, middle = await page(graph, last=2, before=end["startCursor"], orderBy=order)
    assert before + last == expected[1:]
    assert (end["hasNextPage"], end["hasPreviousPage"]) == (False, True)
    assert (middle["hasNextPage"], middle["hasPreviousPage"]) == (True, True)


async def test_what_comes_and_goes_meanwhile_shifts_no_page(graph: Graph) -> None:
    ids = await written(graph, "B", "C", "D", "E")
    _, info = await page(graph, first=2)
    await written(graph, "A")
    await graph.change("deleteWalkthrough { deletedId }", id=ids[1])
    rest, _ = await page(graph, first=2, after=info["endCursor"])
    assert rest == ["D", "E"]


async def test_a_list_is_filtered(graph: Graph) -> None:
    ids = await written(graph, "Set up", "Set down", "Leave")
    await graph.change(
        "updateWalkthrough { walkthrough { id } }", id=ids[0], tags=["new"], type="INSTALLER"
    )
    await graph.change("archiveWalkthrough { walkthrough { id } }", id=ids[2])
    found = {
        name: (await page(graph, filter=asked))[0]
        for name, asked in {
            "search": {"search": "SET"},
            "tag": {"tag": "new"},
            "type": {"types": ["INSTALLER"]},
            "status": {"statuses": ["ARCHIVED"]},
            "all": {"search": "set", "statuses": ["DRAFT"], "tag": "new"},
        }.items()
    }
    assert found == {
        "search": ["Set down", "Set up"],
        "tag": ["Set up"],
        "type": ["Set up"],
        "status": ["Leave"],
        "all": ["Set up"],
    }


HEAVIEST = """
{
  servers(first: 50) { totalCount nodes { name assignments { walkthrough { title stepCount } } } }
  walkthroughs(first: 50) {
    totalCount
    nodes { title stepCount steps { title } assignments { server { name } walkthrough { title } } }
  }
}
"""


async def test_the_heaviest_query_takes_as_many_statements_for_many_rows_as_for_few(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
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

    async def add(number: int) -> None:
        server = await graph.change(
            "createServer { server { id } }", slug=f"acme-docs-{number}", name="A", product="B"
        )
        [walkthrough_id] = await written(graph, f"Guide {number}")
        for title in ("One", "Two"):
            await graph.change(
                "createStep { step { id } }", walkthroughId=walkthrough_id, title=title
            )
        await graph.change(
            "assignWalkthrough { assignment { id } }",
            serverId=server["server"]["id"], walkthroughId=walkthrough_id,
        )  # fmt: skip

    monkeypatch.setattr(Unit, "_send", counted)
    await graph.ask(HEAVIEST)  # the key's last use is written once a minute
    await add(0)
    few = await count()
    for number in range(1, 8):
        await add(number)
    assert await count() == few
    assert few <= 13
