"""What codes and refresh tokens are worth over HTTP: OAuth 2.1, RFC 6749, RFC 7636, RFC 8707."""

import asyncio
from typing import Any

import httpx
import pytest
from mcp.shared.auth import OAuthToken

from app.core.enums import AuthType
from app.domain import oauth_clients
from tests.support.logins import CALLBACK, VERIFIER, Door, code_in, door, kept, let_retries_pass
from tests.support.oauth_site import MCP_URL, ORIGIN, Site, basic, site_of
from tests.support.people import Reception
from tests.support.world import World, make_world

ANN = "ann@acme.test"
# What is changed in a good request, and what it is answered with then.
WRONG: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"grant_type": None}, (400, "invalid_request")),
    ({"grant_type": "password"}, (400, "unsupported_grant_type")),
    ({"grant_type": "client_credentials"}, (400, "unsupported_grant_type")),
    ({"grant_type": ["authorization_code", "password"]}, (400, "invalid_request")),
    ({"code": None}, (400, "invalid_request")),
    ({"code": "mcpc_unknown"}, (400, "invalid_grant")),
    ({"code": ["a", "b"]}, (400, "invalid_request")),
    ({"client_id": None}, (401, "invalid_client")),
    ({"client_id": "oacl_unknown"}, (401, "invalid_client")),
    ({"client_id": "https://client.example/never-read.json"}, (401, "invalid_client")),
    ({"client_id": "\x00'"}, (401, "invalid_client")),
    ({"client_secret": "guessed"}, (401, "invalid_client")),
    ({"code_verifier": None}, (400, "invalid_grant")),
    ({"code_verifier": "w" * 43}, (400, "invalid_grant")),
    ({"code_verifier": "v" * 42}, (400, "invalid_grant")),
    ({"redirect_uri": "http://127.0.0.1:1/other"}, (400, "invalid_grant")),
    ({"redirect_uri": f"{CALLBACK}/"}, (400, "invalid_grant")),
    ({"resource": "https://evil.example/mcp"}, (400, "invalid_target")),
    ({"resource": "http://other-docs.localhost:8000/api/mcpserver/mcp"},
     (400, "invalid_target")),
    ({"resource": [MCP_URL, "https://evil.example/mcp"]}, (400, "invalid_target")),
    ({"code_verifier": ["v" * 43, "w" * 43]}, (400, "invalid_request")),
]  # fmt: skip


async def code_of(site: Site, client_id: str | None = None, **asking: Any) -> tuple[str, str]:
    """A code that Ann's login ended with, and the client that it is for."""
    client = (
        await oauth_clients.by_client_id(site.door.scope, client_id)
        if client_id
        else await site.door.the_client()
    )
    completed = await site.door.logged_in(ANN, client, **asking)
    return code_in(completed), client.client_id


async def logged_in(site: Site, **asking: Any) -> tuple[dict[str, Any], str]:
    """What Ann's client is given, and what it calls itself."""
    code, client_id = await code_of(site, **asking)
    response = await site.redeem(code, client_id)
    assert response.status_code == 200, response.text
    return dict(response.json()), client_id


def told(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which nobody may keep."""
    assert (response.headers["cache-control"], response.headers["pragma"]) == (
        "no-store",
        "no-cache",
    )
    body = response.json()
    assert set(body) == {"error", "error_description"}
    return response.status_code, body["error"]


# Codes


async def test_a_code_becomes_a_bearer_token_that_nobody_may_keep(site: Site) -> None:
    code, client_id = await code_of(site)
    response = await site.redeem(code, client_id)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert (response.headers["cache-control"], response.headers["pragma"]) == (
        "no-store",
        "no-cache",
    )
    tokens = response.json()
    assert tokens.pop("access_token").startswith("mcpa_")
    assert tokens.pop("refresh_token").startswith("mcpr_")
    assert tokens == {"token_type": "Bearer", "expires_in": 900, "scope": "openid profile email"}
    OAuthToken.model_validate(response.json())


async def test_a_request_that_is_wrong_in_one_thing_gets_nothing_and_uses_up_nothing(
    site: Site, world: World
) -> None:
    code, client_id = await code_of(site)
    before = await kept(world)
    for changes, expected in WRONG:
        assert told(await site.redeem(code, client_id, **changes)) == expected, changes
    assert await kept(world) == before
    assert (await site.redeem(code, client_id)).status_code == 200


async def test_a_refused_client_is_challenged(site: Site) -> None:
    response = await site.redeem("mcpc_x", "oacl_unknown")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")


async def test_what_is_no_form_is_refused(site: Site) -> None:
    for media_type in ("application/json", "text/plain", ""):
        headers = {"content-type": media_type}
        response = await site.send("POST", "/oauth/token", content=b"{}", headers=headers)
        assert told(response) == (400, "invalid_request")


async def test_parameters_in_the_query_do_not_count(site: Site) -> None:
    code, client_id = await code_of(site)
    response = await site.send(
        "POST",
        "/oauth/token",
        params={"grant_type": "authorization_code", "code": code, "client_id": client_id},
        data={"redirect_uri": CALLBACK, "code_verifier": VERIFIER},
    )
    assert told(response) == (401, "invalid_client")


async def test_a_form_that_cannot_be_read_is_refused(site: Site) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"code=%ff", b"&".join(b"a=1" for _ in range(200)), b""):
        response = await site.send("POST", "/oauth/token", content=body, headers=headers)
        assert response.status_code in {400, 401}
    response = await site.send("POST", "/oauth/token", content=b"a" * 70_000, headers=headers)
    assert told(response) == (413, "invalid_request")


async def test_a_code_counts_once_and_its_replay_ends_all_that_came_of_it(site: Site) -> None:
    tokens, client_id = await logged_in(site)
    code, _ = await code_of(site)
    first = (await site.redeem(code, client_id)).json()
    assert told(await site.redeem(code, client_id)) == (400, "invalid_grant")
    refused = await site.refresh(first["refresh_token"], client_id)
    assert told(refused) == (400, "invalid_grant")
    assert (await site.refresh(tokens["refresh_token"], client_id)).status_code == 200


async def test_of_many_that_redeem_a_code_at_once_one_is_given_tokens(site: Site) -> None:
    code, client_id = await code_of(site)
    answers = await asyncio.gather(*(site.redeem(code, client_id) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 19]


async def test_the_redirect_uri_may_be_left_out_as_oauth_2_1_has_it(site: Site) -> None:
    code, client_id = await code_of(site)
    assert (await site.redeem(code, client_id, redirect_uri=None)).status_code == 200


async def test_a_code_of_one_client_is_worth_nothing_to_another(site: Site, world: World) -> None:
    code, client_id = await code_of(site)
    other = (await site.registered())["client_id"]
    before = await kept(world)
    assert told(await site.redeem(code, other)) == (400, "invalid_grant")
    assert await kept(world) == before
    assert (await site.redeem(code, client_id)).status_code == 200


async def test_a_code_of_one_server_is_worth_nothing_at_another(
    site: Site, world: World, people: Reception
) -> None:
    code, _ = await code_of(site)
    other = await make_world(world.owner, slug="other-docs", auth_type=AuthType.PLATFORM_OAUTH)
    there = site_of(await door(other, people))
    client = (
        await there.send(
            "POST",
            "/oauth/register",
            json={"redirect_uris": [CALLBACK]},
            origin="http://other-docs.localhost:8000",
        )
    ).json()["client_id"]
    response = await there.send(
        "POST",
        "/oauth/token",
        origin="http://other-docs.localhost:8000",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client,
            "code_verifier": VERIFIER,
        },
    )
    assert told(response) == (400, "invalid_grant")


# Resources


async def test_every_address_of_the_server_is_the_resource(site: Site) -> None:
    tokens, client_id = await logged_in(site, resource=MCP_URL)
    for resource in (
        MCP_URL,
        f"{MCP_URL}/",
        ORIGIN,
        f"{ORIGIN}/",
        f"{ORIGIN}/api/mcpserver/user-1/mcp",
        MCP_URL.replace("http://acme", "HTTP://ACME"),
        [ORIGIN, MCP_URL],
    ):
        response = await site.refresh(tokens["refresh_token"], client_id, resource=resource)
        assert response.status_code == 200, resource
        tokens = response.json()


async def test_a_refresh_for_another_resource_is_refused_and_can_be_asked_anew(site: Site) -> None:
    tokens, client_id = await logged_in(site, resource=MCP_URL)
    for wrong in (
        "https://evil.example/mcp",
        f"{ORIGIN}/other",
        f"{MCP_URL}?x",
        "mcp",
        f"{ORIGIN}:1",
    ):
        refused = await site.refresh(tokens["refresh_token"], client_id, resource=wrong)
        assert told(refused) == (400, "invalid_target"), wrong
    again = await site.refresh(tokens["refresh_token"], client_id, resource=MCP_URL)
    assert again.status_code == 200


# Refresh tokens


async def test_a_refresh_token_becomes_new_tokens_once(site: Site) -> None:
    tokens, client_id = await logged_in(site)
    again = (await site.refresh(tokens["refresh_token"], client_id)).json()
    assert again["access_token"] != tokens["access_token"]
    assert again["refresh_token"] != tokens["refresh_token"]
    assert (again["token_type"], again["expires_in"]) == ("Bearer", 900)


async def test_a_refresh_token_that_comes_again_ends_the_family(world: World, site: Site) -> None:
    tokens, client_id = await logged_in(site)
    again = (await site.refresh(tokens["refresh_token"], client_id)).json()
    await let_retries_pass(world)
    replayed = await site.refresh(tokens["refresh_token"], client_id)
    assert told(replayed) == (400, "invalid_grant")
    assert told(await site.refresh(again["refresh_token"], client_id)) == (400, "invalid_grant")


async def test_clients_that_refresh_several_times_at_once_are_told_the_same(site: Site) -> None:
    """Each of several calls finds the access token too old, and refreshes for itself."""
    tokens, client_id = await logged_in(site)
    answers = await asyncio.gather(
        *(site.refresh(tokens["refresh_token"], client_id) for _ in range(20))
    )
    told_all = [answer.json() for answer in answers]
    assert {answer.status_code for answer in answers} == {200}
    assert len({(one["access_token"], one["refresh_token"]) for one in told_all}) == 1
    assert (await site.refresh(told_all[0]["refresh_token"], client_id)).status_code == 200


async def test_a_refresh_may_ask_for_less_and_not_for_more(site: Site) -> None:
    tokens, client_id = await logged_in(site, scopes=("openid", "email"))
    refused = await site.refresh(tokens["refresh_token"], client_id, scope="openid profile")
    assert told(refused) == (400, "invalid_scope")
    less = (await site.refresh(tokens["refresh_token"], client_id, scope="openid")).json()
    assert less["scope"] == "openid"
    all_again = (await site.refresh(less["refresh_token"], client_id)).json()
    assert all_again["scope"] == "openid email"


async def test_a_client_without_refresh_tokens_gets_one_for_offline_access(site: Site) -> None:
    made = await site.registered(grant_types=["authorization_code"])
    code, client_id = await code_of(site, made["client_id"])
    assert "refresh_token" not in (await site.redeem(code, client_id)).json()
    code, _ = await code_of(site, client_id, scopes=("openid", "offline_access"))
    tokens = (await site.redeem(code, client_id)).json()
    assert (await site.refresh(tokens["refresh_token"], client_id)).status_code == 200


# Clients with a secret


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_proves_itself_with_it(site: Site, method: str) -> None:
    made = await site.registered(token_endpoint_auth_method=method)
    client_id, secret = made["client_id"], made["client_secret"]
    code, _ = await code_of(site, client_id)
    unproved: list[dict[str, Any]] = [
        {},
        {"client_secret": f"{secret}x"},
        {"headers": basic(client_id, "guessed")},
        {"headers": {"authorization": "Basic !!!"}},
        {"headers": {"authorization": "Basic //////8="}},
        {"headers": {"authorization": f"Bearer {secret}"}},
    ]
    for wrong in unproved:
        refused = await site.redeem(code, client_id, **wrong)
        assert told(refused) == (401, "invalid_client"), wrong
        assert refused.headers["www-authenticate"].startswith("Basic ")
    twice = await site.redeem(
        code, client_id, client_secret=secret, headers=basic(client_id, secret)
    )
    assert told(twice) == (400, "invalid_request")
    proof: dict[str, Any] = (
        {"headers": basic(client_id, secret), "client_id": None}
        if method == "client_secret_basic"
        else {"client_secret": secret}
    )
    tokens = (await site.redeem(code, client_id, **proof)).json()
    assert told(await site.refresh(tokens["refresh_token"], client_id))[1] == "invalid_client"
    assert (await site.refresh(tokens["refresh_token"], client_id, **proof)).status_code == 200


async def test_of_two_proofs_none_counts(site: Site) -> None:
    made = await site.registered(token_endpoint_auth_method="client_secret_basic")
    client_id, secret = made["client_id"], made["client_secret"]
    code, _ = await code_of(site, client_id)
    good = basic(client_id, secret)["authorization"]
    for other in (good, basic(client_id, "guessed")["authorization"], "Bearer token"):
        for pair in ((good, other), (other, good)):
            headers = [("authorization", proof) for proof in pair]
            refused = await site.redeem(code, client_id, headers=headers)
            assert told(refused) == (401, "invalid_client"), pair
    assert (await site.redeem(code, client_id, headers={"authorization": good})).status_code == 200


async def test_two_names_for_one_client_are_refused(site: Site) -> None:
    made = await site.registered(token_endpoint_auth_method="client_secret_basic")
    other = (await site.registered())["client_id"]
    code, _ = await code_of(site, other)
    proof = basic(made["client_id"], made["client_secret"])
    assert told(await site.redeem(code, other, headers=proof)) == (400, "invalid_request")


# What never shows


async def test_a_refusal_repeats_nothing_secret(site: Site) -> None:
    code, client_id = await code_of(site)
    canary = "c4n4ry" + "x" * 60
    answers = [
        await site.redeem(canary, client_id),
        await site.redeem(code, client_id, code_verifier=canary),
        await site.redeem(code, client_id, client_secret=canary),
        await site.refresh(canary, client_id),
        await site.redeem(code, client_id, headers={"authorization": f"Basic {canary}"}),
    ]
    assert not [answer for answer in answers if "c4n4ry" in answer.text]


async def test_no_log_line_has_a_code_a_token_or_a_verifier(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens, client_id = await logged_in(site)
    await site.refresh(tokens["refresh_token"], client_id)
    await site.refresh(tokens["refresh_token"], client_id)
    out = "".join(capsys.readouterr())
    assert "/oauth/token" in out
    for secret in (tokens["access_token"], tokens["refresh_token"], VERIFIER, "mcpc_"):
        assert secret not in out


async def test_a_login_of_before_is_over_once_people_log_in_in_another_way(
    site: Site, world: World, here: Door
) -> None:
    tokens, client_id = await logged_in(site)
    await world.change_server(auth_type="custom_oauth")
    refused = await site.refresh(tokens["refresh_token"], client_id)
    assert told(refused) == (400, "invalid_grant")
