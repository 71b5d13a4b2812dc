"""Every code that the product's rules give is one that clients can know."""

import ast

from app.core.errors import Conflict, Invalid, NotFound
from app.graphql.errors import UserErrorCode, user_errors
from tests.architecture.sources import Source, called_name, sources
from tests.support.graph import Graph

# What these give is told elsewhere: to agents, or not in `userErrors`.
ELSEWHERE = {
    "app/domain/progress.py",
    "app/domain/admission.py",
    "app/domain/callers.py",
    "app/domain/oauth_errors.py",
    "app/domain/upstream_errors.py",
    "app/repositories/accounts.py",
}
KNOWN = {name.lower() for name in UserErrorCode.__members__}


def codes(source: Source) -> set[str]:
    """The third argument of each noted fault, and each `code = …` of an error."""
    found = set()
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(args=[_, _, ast.Constant(value=str() as code)]) if (
                called_name(node) == "add"
            ):
                found.add(code)
            case ast.keyword(arg="code", value=ast.Constant(value=str() as code)):
                found.add(code)
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str() as code)):
                found.add(code)
    return found


def test_every_code_of_the_rules_is_in_the_enum() -> None:
    unknown = {
        source.name: codes(source) - KNOWN
        for source in sources("app/domain", "app/repositories")
        if source.name not in ELSEWHERE
    }
    assert {name: found for name, found in unknown.items() if found} == {}


def test_another_code_reads_as_its_family() -> None:
    told = [
        user_errors(error)[0].code.name
        for error in (
            NotFound("Gone.", code="lost"),
            Invalid("Odd.", field="a", code="odd"),
            Conflict("Busy.", code="busy"),
        )
    ]
    assert told == ["NOT_FOUND", "INVALID", "CONFLICT"]


async def test_an_id_that_no_database_takes_is_told_as_such(graph: Graph) -> None:
    answer = await graph.answer('{ server(id: "srv_\\u0000") { id } }')
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_CHARACTER"]
    payload = await graph.attempt("deleteStep { step { id } }", id="ws_\x00")
    assert [error["code"] for error in payload["userErrors"]] == ["INVALID_CHARACTER"]


async def test_null_where_a_value_must_be_is_the_users_error(graph: Graph) -> None:
    made = await graph.change("createWalkthrough { walkthrough { id } }", title="Guide")
    given = {"id": made["walkthrough"]["id"], "title": None, "metadata": "text"}
    payload = await graph.attempt("updateWalkthrough { walkthrough { id } }", **given)
    assert payload["userErrors"] == [
        {
            "field": "title",
            "message": "title cannot be null. Leave it out to keep it.",
            "code": "REQUIRED",
        }
    ]
    del given["title"]
    payload = await graph.attempt("updateWalkthrough { walkthrough { id } }", **given)
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [
        ("metadata", "WRONG_TYPE")
    ]
