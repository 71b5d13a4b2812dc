"""Files are larger than queries: how much of a body is read, and from whom."""

import msgspec
import pytest

from app.core.enums import KeyScope
from app.graphql.request import MOST_BODY_BYTES, MOST_FILE_BODY_BYTES
from tests.support.graph import Graph, with_key

IMPORT = (
    "mutation ($input: ImportWalkthroughInput!) { importWalkthrough(input: $input)"
    " { userErrors { field code } walkthrough { stepCount } } }"
)


def file(steps: int) -> str:
    """A walkthrough file with 20,000 characters in each step."""
    content = {"contentForUser": "x" * 20_000}
    listed = [{"title": f"Step {number}", "contentFields": content} for number in range(steps)]
    document = {"walkthrough": {"title": "A long one"}, "steps": listed}
    return msgspec.json.encode(document).decode()


def body(content: str) -> bytes:
    return msgspec.json.encode({"query": IMPORT, "variables": {"input": {"content": content}}})


async def test_a_key_may_send_a_file_that_is_larger_than_what_strangers_may_send(
    graph: Graph,
) -> None:
    payload = (await graph.ask(IMPORT, input={"content": file(100)}))["importWalkthrough"]
    assert payload == {"userErrors": [], "walkthrough": {"stepCount": 100}}


async def test_a_key_may_not_send_more_than_a_file_takes(graph: Graph) -> None:
    response = await graph.post(b" " * (MOST_FILE_BODY_BYTES + 1))
    assert response.status_code == 413
    assert response.json()["errors"][0]["message"] == "The body is larger than 4096 KiB."


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 413, "TOO_LARGE"),
        ({"authorization": "Basic abc"}, 413, "TOO_LARGE"),
        ({"cookie": "__Host-mcplatform=abc"}, 413, "TOO_LARGE"),
        ({"authorization": "Bearer mcpk_nobody"}, 401, "NOT_SIGNED_IN"),
    ],
    ids=["nobody", "another scheme", "a cookie", "an unknown key"],
)
async def test_whoever_has_no_good_key_is_refused_before_the_file_is_read(
    graph: Graph, headers: dict[str, str], status: int, code: str
) -> None:
    response = await Graph(graph.app).post(body(file(20)), **headers)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == code


async def test_a_query_stays_small_whoever_sends_it(database: str, graph: Graph) -> None:
    query = "{ viewer { id } } #" + "x" * MOST_BODY_BYTES
    response = await graph.post(msgspec.json.encode({"query": query}))
    assert response.status_code == 413
    reader = await with_key("acme-tools", KeyScope.READ)
    answer = await reader.ask(IMPORT, input={"content": file(20)})
    assert answer["importWalkthrough"]["userErrors"] == [{"field": None, "code": "NOT_PERMITTED"}]
