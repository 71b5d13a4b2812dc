"""The list that graphql-cop goes through, each entry as what must not work here."""

from urllib.parse import quote

import httpx
import msgspec
import pytest
from graphql import get_introspection_query

from app.graphql.endpoint import GraphqlEndpoint
from app.graphql.schema import build_schema
from tests.support.edge import ask, edge
from tests.support.graph import URL, Graph
from tests.support.people import Postbox, new_desk
from tests.support.tables import dump
from tests.support.world import World

TYPENAME = "{ __typename }"
SIGN_UP = (
    'mutation { signUp(input: {email: "eve@evil.test", password: "x"}) { userErrors { code } } }'
)
INTERNALS = ("Traceback", "asyncpg", "strawberry", "site-packages", "/app/", "SELECT")


def codes(response: httpx.Response) -> list[str]:
    """The codes of the errors, of which there must be some, and nothing else beside the cost."""
    answer = response.json()
    assert answer.get("data") is None
    return [error["extensions"]["code"] for error in answer["errors"]]


async def asked(query: str, **headers: str) -> httpx.Response:
    return await Graph().post(msgspec.json.encode({"query": query}), **headers)


def switched_off() -> Graph:
    """Nobody, at a platform that tells nobody its schema."""
    schema = build_schema(has_introspection=False)
    endpoint = GraphqlEndpoint(schema, desk=new_desk(Postbox()), origin="http://localhost:8000")
    return Graph(edge(graphql=endpoint))


async def test_aliases_cannot_be_overloaded() -> None:
    aliases = " ".join(f"alias{number}: __typename" for number in range(101))
    assert codes(await asked(f"{{ {aliases} }}")) == ["ALIAS_LIMIT"]


async def test_queries_cannot_be_sent_in_batches() -> None:
    for batch in ([{"query": TYPENAME}] * 10, [{"query": TYPENAME}], []):
        response = await Graph().post(msgspec.json.encode(batch))
        assert (response.status_code, codes(response)) == (400, ["BAD_REQUEST"])


@pytest.mark.parametrize("directive", ["@aa", "@skip(if: false)", "@include(if: true)"])
async def test_directives_cannot_be_overloaded(directive: str) -> None:
    response = await asked(f"{{ __typename {directive * 200} }}")
    assert set(codes(response)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert len(codes(response)) <= 11


async def test_circular_introspection_is_refused() -> None:
    inner = "fields { type { " * 4 + "name" + " } }" * 4
    response = await asked(f"{{ __schema {{ types {{ {inner} }} }} }}")
    assert set(codes(response)) == {"COST_LIMIT"}


async def test_circular_fragments_are_refused() -> None:
    response = await asked("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")
    assert set(codes(response)) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_fields_cannot_be_duplicated_without_end() -> None:
    assert codes(await asked(f"{{ {'__typename ' * 500} }}")) == ["COST_LIMIT"]


async def test_what_is_merged_is_answered_once() -> None:
    response = await asked(f"{{ {'__typename ' * 300} }}")
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("query", [TYPENAME, SIGN_UP], ids=["a query", "a mutation"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
async def test_no_other_method_runs_anything(world: World, query: str, method: str) -> None:
    before = await dump(world.owner)
    response = await ask(edge(), f"{URL}?query={quote(query)}", method=method)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "data" not in response.text
    assert await dump(world.owner) == before


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-Method-Override"])
async def test_no_header_makes_a_post_of_another_method(override: str) -> None:
    url = f"{URL}?query={quote(TYPENAME)}"
    response = await ask(edge(), url, headers={override: "POST"})
    assert response.status_code == 405


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", f"query={quote(TYPENAME)}"),
        ("multipart/form-data; boundary=x", "--x\r\ncontent-disposition: form-data; "
         f'name="operations"\r\n\r\n{{"query": "{TYPENAME}"}}\r\n--x--\r\n'),
        ("text/plain", f'{{"query": "{TYPENAME}"}}'),
        ("text/plain; application/json", f'{{"query": "{TYPENAME}"}}'),
        ("application/graphql", TYPENAME),
        ("", f'{{"query": "{TYPENAME}"}}'),
    ],
    ids=["url-encoded", "multipart", "text", "text in disguise", "graphql", "none"],
)  # fmt: skip
async def test_forms_that_any_page_could_send_are_refused(content_type: str, body: str) -> None:
    response = await Graph().post(body.encode(), **{"content-type": content_type})
    assert (response.status_code, codes(response)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


async def test_a_query_in_the_address_is_not_read() -> None:
    response = await ask(edge(), f"{URL}?query={quote(TYPENAME)}", method="POST")
    assert response.status_code == 415


@pytest.mark.parametrize(
    "query",
    ["{ vewer { id } }", "{ viewer { nme } }", "{ server(idd: 1) { id } }",
     "{ ...on Viewr { id } }", 'mutation { signUp(input: {emial: "a"}) { userErrors { code } } }',
     "{ tickets(filter: {statuses: [PENDNG]}) { totalCount } }"],
)  # fmt: skip
async def test_names_are_not_suggested_where_the_schema_is_not_told(query: str) -> None:
    body = msgspec.json.encode({"query": query})
    assert "Did you mean" in (await Graph().post(body)).text
    response = await switched_off().post(body)
    assert set(codes(response)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert "Did you mean" not in response.text


async def test_nor_are_they_for_what_comes_in_variables() -> None:
    query = "query ($f: TicketFilterInput) { tickets(filter: $f) { totalCount } }"
    for given in ({"statuses": ["PENDNG"]}, {"statusess": ["PENDING"]}):
        body = msgspec.json.encode({"query": query, "variables": {"f": given}})
        assert "Did you mean" in (await Graph().post(body)).text
        response = await switched_off().post(body)
        assert codes(response) == ["BAD_USER_INPUT"]
        assert "Did you mean" not in response.text


@pytest.mark.parametrize(
    "query",
    [get_introspection_query(), "{ __schema { queryType { name } } }",
     '{ __type(name: "Viewer") { name } }',
     "{ viewer { id } ...on Query { __schema { __typename } } }"],
    ids=["all", "some", "a type", "beside something"],
)  # fmt: skip
async def test_the_schema_is_not_told_where_that_is_switched_off(query: str) -> None:
    response = await switched_off().post(msgspec.json.encode({"query": query}))
    assert set(codes(response)) == {"GRAPHQL_VALIDATION_FAILED"}
    assert "Viewer" not in response.text


@pytest.mark.parametrize("header", ["apollo-tracing", "apollo-federation-include-trace", "x-debug"])
async def test_nothing_is_traced_for_those_who_ask(header: str) -> None:
    response = await asked(TYPENAME, **{header: "ftv1"})
    assert response.json() == {
        "data": {"__typename": "Query"},
        "extensions": {"cost": {"requested": 0, "limit": 5_000}},
    }


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"1", b'"{ __typename }"', b"{}", b'{"query": null}', b'{"query": ["a"]}',
     b'{"query": {"a": 1}}', b"\xff\xfe", b'{"query": "\\ud800"}', b'{"query": "{ __typename',
     b'{"query": "{ __typename }", "variables": []}',
     b'{"query": "{ __typename }", "variables": "{}"}',
     b'{"query": "{ __typename }", "operationName": 1}', b'{"id": "a", "documentId": "b"}',
     b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a"}}}'],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_with_a_code(body: bytes) -> None:
    response = await Graph().post(body)
    assert response.status_code in {200, 400}
    assert set(codes(response)) <= {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}
    assert [word for word in INTERNALS if word in response.text] == []


@pytest.mark.parametrize("accept", ["text/html", "text/html,*/*", "TEXT/HTML"])
async def test_there_is_no_console_where_it_is_switched_off(accept: str) -> None:
    for path in ("/graphql", "/graphql/", "/graphiql", "/playground", "/altair", "/console"):
        response = await ask(edge(), f"http://localhost:8000{path}", headers={"accept": accept})
        assert response.status_code in {404, 405}
        assert "<" not in response.text


async def test_the_console_is_not_switched_on_by_a_header() -> None:
    response = await asked(TYPENAME, accept="text/html")
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "query", ["{", "{ nothing }", "{ organization { id } }", "query ($a: No) { a }"]
)
async def test_errors_tell_nothing_of_how_it_is_built(query: str) -> None:
    response = await asked(query)
    assert codes(response)
    assert [word for word in INTERNALS if word in response.text] == []
    for error in response.json()["errors"]:
        assert set(error) <= {"message", "extensions", "locations", "path"}
    assert "server" not in response.headers
    assert "x-powered-by" not in response.headers
