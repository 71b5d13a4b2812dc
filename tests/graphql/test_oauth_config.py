"""Entering a server's OpenID provider over the API, which never tells the secret again."""

from typing import Any

import asyncpg
import pytest

from tests.support.graph import Graph
from tests.support.tables import dump

CANARY = "canary-secret-88c0"
CONFIG = "oauthConfig { issuer clientId redirectUri scopes hasClientSecret }"
SET = f"setServerOauthConfig {{ server {{ revision {CONFIG} }} }}"
DELETE = f"deleteServerOauthConfig {{ server {{ revision {CONFIG} }} }}"
GIVEN = {"issuer": "https://id.example.com", "clientId": "acme", "clientSecret": CANARY}


@pytest.fixture
async def server_id(graph: Graph) -> str:
    """A server without a provider."""
    payload = await graph.change(
        "createServer { server { id } }", slug="acme-docs", name="Acme Docs", product="Acme CLI"
    )
    return str(payload["server"]["id"])


async def config_of(graph: Graph, server_id: str) -> Any:
    """What the API tells of the server's provider."""
    query = f"query Q($id: ID!) {{ server(id: $id) {{ {CONFIG} }} }}"
    return (await graph.ask(query, id=server_id))["server"]["oauthConfig"]


async def test_a_provider_is_entered_changed_and_forgotten(graph: Graph, server_id: str) -> None:
    assert await config_of(graph, server_id) is None
    entered = await graph.change(SET, serverId=server_id, **GIVEN)
    config = {
        "issuer": "https://id.example.com",
        "clientId": "acme",
        "redirectUri": "http://acme-docs.localhost:8000/oauth/callback",
        "scopes": ["openid", "profile", "email"],
        "hasClientSecret": True,
    }
    assert entered["server"] == {"revision": 2, "oauthConfig": config}
    assert await config_of(graph, server_id) == config
    without = {"serverId": server_id, **GIVEN, "clientId": "other", "scopes": ["openid"]}
    del without["clientSecret"]
    changed = await graph.change(SET, **without, expectedRevision=2)
    config |= {"clientId": "other", "scopes": ["openid"]}
    assert changed["server"] == {"revision": 3, "oauthConfig": config}
    removed = await graph.change(SET, **without | {"clientSecret": None})
    assert removed["server"]["oauthConfig"]["hasClientSecret"] is False
    deleted = await graph.change(DELETE, serverId=server_id)
    assert deleted["server"] == {"revision": 5, "oauthConfig": None}


async def test_the_audit_log_tells_of_the_change_and_nothing_of_the_secret(
    graph: Graph, server_id: str, owner: asyncpg.Connection
) -> None:
    await graph.change(SET, serverId=server_id, **GIVEN, idempotencyKey="once")
    again = await graph.change(SET, serverId=server_id, **GIVEN, idempotencyKey="once")
    assert again["server"]["revision"] == 2
    await graph.change(SET, serverId=server_id, **{**GIVEN, "clientSecret": "another"})
    await graph.change(DELETE, serverId=server_id)
    rows = await owner.fetch(
        "SELECT action, before::text, after::text FROM audit_entry WHERE subject_id = $1"
        " ORDER BY created_at",
        server_id,
    )
    assert [row["action"] for row in rows] == [
        "server.opened",
        "server.oauth_config_set",
        "server.oauth_config_set",
        "server.oauth_config_deleted",
    ]
    assert "client_secret_set_at" in rows[2]["after"]
    assert CANARY not in str(await dump(owner))


async def test_mistakes_are_told_with_their_field_and_change_nothing(
    graph: Graph, server_id: str, owner: asyncpg.Connection
) -> None:
    await graph.change(SET, serverId=server_id, **GIVEN)
    before = await dump(owner)
    elsewhere = {"issuer": "https://evil.example", "clientId": "acme"}
    for change, field, code in (
        ({**GIVEN, "issuer": "http://id.example.com"}, "issuer", "INVALID_ISSUER"),
        ({**GIVEN, "issuer": f"{GIVEN['issuer']}/.well-known/x"}, "issuer", "INVALID_ISSUER"),
        ({**GIVEN, "clientId": ""}, "clientId", "REQUIRED"),
        ({**GIVEN, "scopes": ["email"]}, "scopes", "INVALID"),
        ({**GIVEN, "expectedRevision": 1}, "expectedRevision", "REVISION_MISMATCH"),
        (elsewhere, "clientSecret", "REQUIRED"),
    ):
        payload = await graph.attempt(SET, serverId=server_id, **change)
        assert payload["server"] is None
        (error,) = payload["userErrors"]
        assert (error["field"], error["code"]) == (field, code)
        assert CANARY not in error["message"]
    assert await dump(owner) == before


async def test_a_server_logs_in_with_its_own_provider_only_once_that_was_entered(
    graph: Graph, server_id: str
) -> None:
    change = "updateServer { server { authType } }"
    payload = await graph.attempt(change, id=server_id, authType="CUSTOM_OAUTH")
    assert payload == {
        "server": None,
        "userErrors": [
            {
                "field": "authType",
                "message": "Enter the provider first with setServerOauthConfig.",
                "code": "LOGIN_NOT_CONFIGURED",
            }
        ],
    }
    await graph.change(SET, serverId=server_id, **GIVEN)
    changed = await graph.change(change, id=server_id, authType="CUSTOM_OAUTH")
    assert changed["server"] == {"authType": "CUSTOM_OAUTH"}
    assert (await graph.change(DELETE, serverId=server_id))["server"]["oauthConfig"] is None


async def test_a_new_server_may_begin_with_a_provider_that_is_yet_to_be_entered(
    graph: Graph,
) -> None:
    told = {"slug": "acme-new", "name": "Acme", "product": "CLI", "authType": "CUSTOM_OAUTH"}
    made = await graph.change("createServer { server { id authType } }", **told)
    assert made["server"]["authType"] == "CUSTOM_OAUTH"
    await graph.change(SET, serverId=made["server"]["id"], **GIVEN)


async def test_forgetting_what_was_never_entered_is_not_found(graph: Graph, server_id: str) -> None:
    payload = await graph.attempt(DELETE, serverId=server_id)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
