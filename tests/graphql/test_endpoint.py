"""What the endpoint takes, refuses and says, before and after an operation runs."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.enums import Role
from app.core.errors import Unavailable
from app.core.scope import MemberScope
from app.domain import listings
from app.graphql.endpoint import GraphqlEndpoint
from app.graphql.request import MOST_BODY_BYTES
from app.graphql.schema import build_schema
from app.repositories import database
from tests.support.authoring import found
from tests.support.edge import ask, edge
from tests.support.graph import URL, Graph, with_key
from tests.support.people import Postbox, Reception, new_desk

VIEWER = b'{"query": "{ viewer { name organizationId } }"}'
ORIGIN = "http://localhost:8000"


def code_of(response: httpx.Response) -> str:
    [error] = response.json()["errors"]
    assert set(error) <= {"message", "extensions", "locations", "path"}
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_only_post_is_answered(method: str) -> None:
    response = await ask(edge(), f"{URL}?query={{viewer{{id}}}}", method=method)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("text/plain", VIEWER, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("application/x-www-form-urlencoded", VIEWER, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("multipart/form-data; boundary=x", VIEWER, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("application/json", b"[" + VIEWER + b"]", 400, "BAD_REQUEST"),
        ("application/json", b"", 400, "BAD_REQUEST"),
        ("application/json", b"{", 400, "BAD_REQUEST"),
        ("application/json", b'{"query": 1}', 400, "BAD_REQUEST"),
        ("application/json", b'{"query": " "}', 400, "BAD_REQUEST"),
        ("application/json", b'{"query": "{a}", "variables": 1}', 400, "BAD_REQUEST"),
        ("application/json", b'{"query":"{a}","variables":{"a":' + b"[" * 200 + b"]" * 200 + b"}}",
         400, "BAD_REQUEST"),
        ("application/json", b" " * (256 * 1024 + 1), 413, "TOO_LARGE"),
    ],
)  # fmt: skip
async def test_what_is_no_single_json_operation_is_refused(
    content_type: str, body: bytes, status: int, code: str
) -> None:
    response = await Graph().post(body, **{"content-type": content_type})
    assert (response.status_code, code_of(response)) == (status, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ viewer { id }", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { viewer { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Viewer { id }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ organization { id } }", "NOT_SIGNED_IN"),
        ("query Q($id: ID!) { server(id: $id) { id } }", "BAD_USER_INPUT"),
    ],
)
async def test_a_clients_mistake_has_a_code(query: str, code: str) -> None:
    answer = await Graph().answer(query)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


async def test_an_operation_that_is_not_in_the_query_is_refused() -> None:
    body = b'{"query": "query A { viewer { id } }", "operationName": "B"}'
    assert code_of(await Graph().post(body)) == "GRAPHQL_VALIDATION_FAILED"


async def test_servers_sites_have_no_graphql() -> None:
    response = await ask(edge(), "http://acme-docs.localhost:8000/graphql", method="POST")
    assert response.status_code == 404


@pytest.mark.parametrize("sent", ["Bearer mcpk_wrong", "Basic abc", "Bearer"])
async def test_a_credential_that_opens_nothing_is_refused(database: str, sent: str) -> None:
    response = await Graph().post(VIEWER, authorization=sent)
    assert (response.status_code, code_of(response)) == (401, "NOT_SIGNED_IN")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_member_is_known_by_the_sessions_cookie(people: Reception) -> None:
    token = await people.newcomer("ada@acme.test")
    person = Graph(headers={"cookie": f"a=b; __Host-mcplatform={token}"})
    answer = await person.answer("{ viewer { name organizationId } organization { slug } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["ORGANIZATION_REQUIRED"]
    owner = Graph(headers={"cookie": f"__Host-mcplatform={await people.founder()}"})
    data = await owner.ask(
        "{ viewer { name role organizations { slug role } } organization { slug } }"
    )
    assert data == {
        "viewer": {
            "name": "olga@acme.test",
            "role": Role.OWNER.name,
            "organizations": [{"slug": "acme-tools", "role": "OWNER"}],
        },
        "organization": {"slug": "acme-tools"},
    }
    stranger = Graph(headers={**owner.headers, "x-organization": "other-tools"})
    answer = await stranger.answer("{ organization { slug } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": ORIGIN}, 200),
        ({"origin": ORIGIN, "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:8000"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://acme-docs.localhost:8000"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:8001"}, 403),
    ],
)
async def test_the_cookie_counts_only_from_our_own_pages(
    people: Reception, headers: dict[str, str], status: int
) -> None:
    cookie = f"__Host-mcplatform={await people.newcomer('ada@acme.test')}"
    response = await Graph(headers={"cookie": cookie}).post(VIEWER, **headers)
    assert response.status_code == status


async def test_what_is_not_expected_is_masked_and_logged_once(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_given: object) -> None:
        message = "secret detail"
        raise RuntimeError(message)

    monkeypatch.setattr(listings, "servers", broken)
    capsys.readouterr()
    response = await graph.post(
        b'{"query": "{ servers { nodes { id } } }"}', **{"x-request-id": "req-12345"}
    )
    [error] = response.json()["errors"]
    assert error == {
        "message": "Something went wrong on our side. If it lasts, report request req-12345.",
        "extensions": {"code": "INTERNAL_ERROR", "requestId": "req-12345"},
        "locations": [{"line": 1, "column": 3}],
        "path": ["servers"],
    }
    assert capsys.readouterr().out.count("request failed") == 1


async def test_a_dead_database_reads_as_unavailable(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_given: object) -> None:
        message = "The database does not answer."
        raise Unavailable(message)

    monkeypatch.setattr(listings, "servers", down)
    answer = await graph.answer("{ servers { nodes { id } } }")
    assert answer["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryAfterSeconds": 1}


async def test_an_operation_that_takes_too_long_is_stopped(database: str) -> None:
    await found()
    endpoint = GraphqlEndpoint(
        build_schema(), desk=new_desk(Postbox()), origin=ORIGIN, time_limit_seconds=0.0
    )
    slow = await with_key("acme-tools", app=edge(graphql=endpoint))
    answer = await slow.answer("{ servers { nodes { id } } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TIMEOUT"]


@pytest.mark.parametrize("name", ["walkthroughs", "steps"])
async def test_what_is_stopped_gives_its_connections_back(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    endpoint = GraphqlEndpoint(
        build_schema(), desk=new_desk(Postbox()), origin=ORIGIN, time_limit_seconds=0.3
    )
    hasty = Graph(edge(graphql=endpoint), graph.headers)
    await graph.change("createWalkthrough { walkthrough { id } }", title="Guide")

    async def slow(scope: MemberScope, *_given: object) -> None:
        async with database.connection(scope):
            await database.fetch("SELECT pg_sleep(3600)")

    monkeypatch.setattr(listings, name, slow)
    answer = await hasty.answer(
        "{ servers { nodes { id } } walkthroughs { nodes { steps { id } assignments { id } } } }"
    )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TIMEOUT"]
    async with asyncio.timeout(30):
        while database.connections()[1]:
            await asyncio.sleep(0.01)


async def test_without_introspection_the_schema_stays_unread() -> None:
    endpoint = GraphqlEndpoint(
        build_schema(has_introspection=False), desk=new_desk(Postbox()), origin=ORIGIN
    )
    answer = await Graph(edge(graphql=endpoint)).answer(
        "{ __schema { types { name } } vewer { id } }"
    )
    messages = " ".join(error["message"] for error in answer["errors"])
    assert "introspection" in messages
    assert "Did you mean" not in messages


async def test_mistakes_in_an_input_are_data(graph: Graph) -> None:
    payload = await graph.attempt(
        "createServer { server { id } }", slug="No!", name="", product="x" * 41
    )
    assert payload == {
        "server": None,
        "userErrors": [
            {
                "field": "slug",
                "message": payload["userErrors"][0]["message"],
                "code": "INVALID_SLUG",
            },
            {"field": "name", "message": "name must not be empty.", "code": "REQUIRED"},
            {
                "field": "product",
                "message": "product has 41 characters; at most 40 are allowed.",
                "code": "TOO_LONG",
            },
        ],
    }


async def test_publishing_an_incomplete_walkthrough_names_each_step_and_field(graph: Graph) -> None:
    made = await graph.change("createWalkthrough { walkthrough { id } }", title="Empty")
    walkthrough_id = made["walkthrough"]["id"]
    for title in ("One", "Two"):
        await graph.change("createStep { step { id } }", walkthroughId=walkthrough_id, title=title)
    payload = await graph.attempt("publishWalkthrough { walkthrough { id } }", id=walkthrough_id)
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [
        ("steps[0].contentForUser", "REQUIRED"),
        ("steps[1].contentForUser", "REQUIRED"),
    ]


async def test_a_revision_that_has_risen_refuses_the_change(graph: Graph) -> None:
    made = await graph.change("createWalkthrough { walkthrough { id } }", title="Mine")
    given = {"id": made["walkthrough"]["id"], "expectedRevision": 1}
    await graph.change("updateWalkthrough { walkthrough { id } }", title="Ours", **given)
    payload = await graph.attempt(
        "updateWalkthrough { walkthrough { id } }", title="Yours", **given
    )
    [error] = payload["userErrors"]
    assert (error["field"], error["code"]) == ("expectedRevision", "REVISION_MISMATCH")


@pytest.mark.parametrize(
    ("announced", "most"), [({"content-length": "2000000"}, 0), ({}, MOST_BODY_BYTES // 64_000 + 1)]
)
async def test_a_query_of_two_megabytes_is_refused_unread(
    announced: dict[str, str], most: int
) -> None:
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(2_000_000 // 64_000):
            read += 1
            yield b" " * 64_000

    transport = httpx.ASGITransport(app=edge())  # type: ignore[arg-type]  # the same interface, typed apart
    async with httpx.AsyncClient(transport=transport) as client:
        headers = {"content-type": "application/json", **announced}
        response = await client.post(URL, content=pieces(), headers=headers)
    assert (response.status_code, code_of(response), read) == (413, "TOO_LARGE", most)
