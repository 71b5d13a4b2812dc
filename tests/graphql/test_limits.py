"""How much one operation may ask for, and how the limits are told."""

import pytest
from graphql import get_introspection_query

from app.graphql.limits import MOST_ALIASES, MOST_COST
from tests.support.graph import Graph

DEEP = (
    "{ walkthroughs { nodes "
    + "{ assignments { walkthrough " * 12
    + "{ id }"
    + " } }" * 12
    + " } }"
)
ALIASES = "{" + " ".join(f"a{number}: viewer {{ id }}" for number in range(MOST_ALIASES + 1)) + "}"
SPREADS = (
    "query { ...F0 } "
    + " ".join(
        f"fragment F{number} on Query {{ ...F{number + 1} ...F{number + 1} }}"
        for number in range(100)
    )
    + " fragment F100 on Query { viewer { id } }"
)
CYCLE = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"


async def codes(graph: Graph, query: str) -> set[str]:
    answer = await graph.answer(query)
    return {error["extensions"]["code"] for error in answer["errors"]}


@pytest.mark.parametrize(
    "query",
    ["{ viewer " + "{ organizations " * 600 + "}" * 600 + "}",
     "{ viewer { " + "id " * 5000 + "} }",
     "{ viewer { id(a: " + "[" * 900 + "]" * 900 + ") } }"],
    ids=["deep", "tokens", "lists"],
)  # fmt: skip
async def test_what_is_too_long_is_not_read_to_its_end(query: str) -> None:
    [error] = (await Graph().answer(f"{query} )"))["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert error["locations"][0]["column"] < len(query)  # and not at the mistake behind it


@pytest.mark.parametrize(
    ("query", "limits"),
    [
        (DEEP, {"DEPTH_LIMIT", "COST_LIMIT"}),
        (ALIASES, {"ALIAS_LIMIT"}),
        (SPREADS, {"COST_LIMIT"}),
        ("{ viewer { " + "id " * 600 + "} }", {"COST_LIMIT"}),
        ("{ walkthroughs(first: 100) { nodes { assignments { server { assignments"
         " { walkthrough { id } } } } } } }", {"COST_LIMIT"}),
    ],
    ids=["deep", "aliases", "spreads", "fields", "cost"],
)  # fmt: skip
async def test_what_is_too_large_is_not_even_validated(query: str, limits: set[str]) -> None:
    assert await codes(Graph(), f"{query} fragment Mistaken on Nothing {{ nothing }}") == limits


@pytest.mark.parametrize(
    "query",
    [CYCLE,
     "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"],
    ids=["fragments", "introspection"],
)  # fmt: skip
async def test_what_goes_round_and_round_is_not_valid(query: str) -> None:
    assert await codes(Graph(), query) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_what_an_operation_costs_is_told(graph: Graph) -> None:
    query = (
        "query Q($n: Int) { walkthroughs(first: $n) {"
        " nodes { title steps { title } } edges { cursor } pageInfo { endCursor } } }"
    )
    answer = await graph.answer(query, n=50)
    assert answer["extensions"] == {"cost": {"requested": 550, "limit": MOST_COST}}
    assert (await graph.answer("{ viewer { id name } }"))["extensions"]["cost"]["requested"] == 1


async def test_the_usual_introspection_is_within_the_limits() -> None:
    data = await Graph().ask(get_introspection_query())
    assert data["__schema"]["queryType"] == {"name": "Query", "kind": "OBJECT"}


@pytest.mark.parametrize(
    ("arguments", "field", "code"),
    [
        ("first: 0", "first", "OUT_OF_RANGE"),
        ("first: 101", "first", "OUT_OF_RANGE"),
        ("last: -1", "last", "OUT_OF_RANGE"),
        ("first: 1, last: 1", "last", "INVALID"),
        ('first: 1, before: "x"', "before", "INVALID"),
        ('after: "x"', "after", "INVALID"),
        ('after: "WyJ0aXRsZSIsbnVsbCwiYSIsImIiXQ=="', "after", "INVALID"),
        ('after: "\\u00e4"', "after", "INVALID"),
        ('filter: {tag: "\\u0000"}', "tag", "TOO_LONG"),
    ],
)
async def test_a_page_that_cannot_be_given_is_refused(
    graph: Graph, arguments: str, field: str, code: str
) -> None:
    answer = await graph.answer(f"{{ walkthroughs({arguments}) {{ nodes {{ id }} }} }}")
    [error] = answer["errors"]
    assert error["extensions"] == {"code": code, "field": field}
