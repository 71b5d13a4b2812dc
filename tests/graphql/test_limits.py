"""How much one operation may ask for, and how the limits are told."""

import time

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
    ("query", "code"),
    [
        (DEEP, "DEPTH_LIMIT"),
        ("{ viewer " + "{ organizations " * 600 + "}" * 600 + "}", "GRAPHQL_PARSE_FAILED"),
        (ALIASES, "ALIAS_LIMIT"),
        (SPREADS, "COST_LIMIT"),
        (CYCLE, "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer { " + "id " * 600 + "} }", "COST_LIMIT"),
        ("{ viewer { " + "id " * 5000 + "} }", "GRAPHQL_PARSE_FAILED"),
        ("{ walkthroughs(first: 100) { nodes { assignments { server { assignments"
         " { walkthrough { id } } } } } } }", "COST_LIMIT"),
        ("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
         "GRAPHQL_VALIDATION_FAILED"),
        ('{ viewer { id(a: ' + "[" * 900 + "]" * 900 + ") } }", "GRAPHQL_PARSE_FAILED"),
    ],
    ids=["deep", "deeper", "aliases", "spreads", "cycle", "fields", "tokens", "cost",
         "introspection", "lists"],
)  # fmt: skip
async def test_too_much_is_refused_quickly(query: str, code: str) -> None:
    nobody = Graph()
    began = time.perf_counter()
    assert code in await codes(nobody, query)
    assert time.perf_counter() - began < 1


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
