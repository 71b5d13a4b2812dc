"""Keys over the API: made by admins, shown once, good for what they were made for."""

import asyncpg

from app.core.enums import Role
from app.graphql.schema import build_schema
from tests.support.browser import colleague, founder
from tests.support.edge import edge
from tests.support.graph import Graph
from tests.support.people import Reception
from tests.support.tables import dump

CREATE = "createApiKey { token apiKey { id name scopes hint createdByName lastUsedAt revokedAt } }"
KEYS = "{ apiKeys { nodes { id name scopes hint createdByName lastUsedAt revokedAt } } }"


def script(people: Reception, token: str) -> Graph:
    """Someone with this key."""
    return Graph(edge(desk=people.desk), {"authorization": f"Bearer {token}"})


async def test_a_key_is_shown_once_and_does_what_it_was_made_for(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    made = await olga.change(CREATE, name=" CI ", scopes=["WRITE", "READ"], lifeDays=7)
    token, key = made["token"], made["apiKey"]
    assert key == {
        "id": key["id"],
        "name": "CI",
        "scopes": ["READ", "WRITE"],
        "hint": token[-4:],
        "createdByName": "olga@acme.test",
        "lastUsedAt": None,
        "revokedAt": None,
    }
    assert (await olga.ask(KEYS))["apiKeys"]["nodes"] == [key]
    ci = script(people, token)
    await ci.change("createWalkthrough { walkthrough { id } }", title="Guide")
    refused = await ci.attempt("createApiKey { token }", name="More", scopes=["END_USERS"])
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_PERMITTED"]
    [used] = (await olga.ask(KEYS))["apiKeys"]["nodes"]
    assert used["lastUsedAt"] is not None
    assert token not in str(await dump(owner))
    assert [answer for answer in olga.answers if token in answer] == [olga.answers[0]]


async def test_a_revoked_key_opens_nothing_with_the_next_request(people: Reception) -> None:
    olga = await founder(people)
    made = await olga.change(CREATE, name="CI", scopes=["READ"])
    ci = script(people, made["token"])
    await ci.ask("{ servers { nodes { id } } }")
    given = {"id": made["apiKey"]["id"]}
    revoked = await olga.change("revokeApiKey { apiKey { revokedAt } }", **given)
    assert revoked["apiKey"]["revokedAt"] is not None
    response = await ci.post(b'{"query": "{ viewer { id } }"}')
    assert response.status_code == 401
    again = await olga.change("revokeApiKey { apiKey { revokedAt } }", **given)
    assert again == revoked
    unknown = await olga.attempt("revokeApiKey { apiKey { id } }", id="key_unknown")
    assert [error["code"] for error in unknown["userErrors"]] == ["NOT_FOUND"]


async def test_what_is_wrong_with_a_key_is_named_by_field(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    await olga.ask("{ viewer { id } }")
    before = await dump(owner)
    payload = await olga.attempt(CREATE, name="", scopes=[], lifeDays=367)
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [
        ("name", "REQUIRED"),
        ("lifeDays", "OUT_OF_RANGE"),
        ("scopes", "REQUIRED"),
    ]
    assert (payload["token"], payload["apiKey"]) == (None, None)
    assert await dump(owner) == before


async def test_a_member_neither_makes_nor_reads_keys(people: Reception) -> None:
    olga = await founder(people)
    mia = await colleague(people, olga, "mia@acme.test", Role.MEMBER)
    payload = await mia.attempt(CREATE, name="CI", scopes=["READ"])
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_PERMITTED"]
    assert (await olga.ask(KEYS))["apiKeys"]["nodes"] == []


def test_making_a_key_takes_no_idempotency_key_and_says_why() -> None:
    schema = build_schema()._schema
    assert schema.mutation_type is not None
    field = schema.mutation_type.fields["createApiKey"]
    assert "idempotencyKey, because the token" in (field.description or "")
    assert "idempotencyKey" not in str(
        build_schema()._schema.type_map["CreateApiKeyInput"].to_kwargs()
    )
