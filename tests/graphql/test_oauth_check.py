"""Trying a server's OpenID provider over the API: a real one, over real HTTP."""

from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.core.attempts import Attempts
from app.core.sealed import Sealer
from app.domain import oauth_configs, provider_metadata
from app.oauth import pages
from tests.journeys.secret_upstream import Fault, repeating, shouting
from tests.support import authoring
from tests.support.edge import edge
from tests.support.graph import Graph, with_key
from tests.support.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
)
from tests.support.internet import Internet, response
from tests.support.people import Postbox, new_desk
from tests.support.redis_servers import free_port
from tests.support.secrets_watch import disguises
from tests.support.tables import dump
from tests.support.upstream import fetcher

DISCOVERY = "/.well-known/openid-configuration"
CHECK = "checkServerOauthConfig { ok problems { code message } redirectUri }"
SET = "setServerOauthConfig { server { id } }"
CALLBACK = "http://acme-docs.localhost:8000/oauth/callback"
GOOD = {"ok": True, "problems": [], "redirectUri": CALLBACK, "userErrors": []}
WRONG = "canary-secret-41d7"
CLIENT_REFUSED = (
    "Your provider does not accept the client id with this client secret. Enter both again as it "
    "shows them, and see that this client may use the authorization code flow."
)


@pytest.fixture
async def server_id(graph: Graph) -> str:
    """A server without a provider."""
    return await opened(graph, "acme-docs")


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """A customer's provider, which does all right but for what a test changes."""
    async with identity_provider() as one:
        yield one


async def opened(graph: Graph, slug: str) -> str:
    """A new server's id."""
    payload = await graph.change(
        "createServer { server { id } }", slug=slug, name="Acme Docs", product="Acme CLI"
    )
    return str(payload["server"]["id"])


async def enter(graph: Graph, server_id: str, issuer: str, **changes: Any) -> None:
    """Enter the provider, with its right client id and secret but for the changes."""
    told = {"issuer": issuer, "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET, **changes}
    await graph.change(SET, serverId=server_id, **told)


async def problems(graph: Graph, server_id: str) -> dict[str, str]:
    """What is wrong with the provider that was entered: messages by code."""
    payload = await graph.change(CHECK, serverId=server_id)
    assert (payload["ok"], payload["redirectUri"]) == (not payload["problems"], CALLBACK)
    return {problem["code"]: problem["message"] for problem in payload["problems"]}


async def test_a_good_provider_is_told_good_and_asked_as_a_login_asks_it(
    graph: Graph, server_id: str, provider: IdentityProvider, owner: asyncpg.Connection
) -> None:
    await enter(graph, server_id, provider.issuer)
    before = await dump(owner)
    assert await graph.attempt(CHECK, serverId=server_id) == GOOD
    assert await dump(owner) == before
    asked = {one.path: one for one in provider.asked}
    assert sorted(asked) == [DISCOVERY, "/jwks", "/token"]
    form = {name: values[0] for name, values in parse_qs(asked["/token"].body.decode()).items()}
    assert (form.pop("grant_type"), form.pop("redirect_uri")) == ("authorization_code", CALLBACK)
    assert 43 <= len(form.pop("code_verifier")) <= 128
    assert list(form) == ["code"]
    pair = b64decode(asked["/token"].headers["authorization"].removeprefix("Basic ")).decode()
    assert [unquote(part) for part in pair.split(":")] == [CLIENT_ID, CLIENT_SECRET]


def test_the_redirect_uri_that_is_told_is_the_one_that_logins_use() -> None:
    origin = CALLBACK.removesuffix(oauth_configs.CALLBACK_PATH)
    assert pages.callback_url(origin) == CALLBACK
    told = oauth_configs.redirect_uri("acme-docs", base_url="http://localhost:8000")
    assert told == CALLBACK


async def test_a_wrong_secret_is_told_and_shows_nowhere(
    graph: Graph, server_id: str, provider: IdentityProvider, owner: asyncpg.Connection
) -> None:
    await enter(graph, server_id, provider.issuer, clientSecret=WRONG)
    before = await dump(owner)
    with capture_logs() as logs:
        payload = await graph.attempt(CHECK, serverId=server_id)
    assert payload == {
        "ok": False,
        "problems": [{"code": "CLIENT_REFUSED", "message": CLIENT_REFUSED}],
        "redirectUri": CALLBACK,
        "userErrors": [],
    }
    told = f"{payload} {logs} {await dump(owner)}"
    assert [text for text in disguises(WRONG) if text in told] == []
    assert await dump(owner) == before
    await enter(graph, server_id, provider.issuer)
    assert await problems(graph, server_id) == {}


@pytest.mark.parametrize("wrongs", [repeating, shouting])
async def test_a_provider_that_repeats_the_secret_makes_it_show_nowhere(
    graph: Graph,
    server_id: str,
    provider: IdentityProvider,
    owner: asyncpg.Connection,
    wrongs: Callable[[str], Iterator[Fault]],
) -> None:
    await enter(graph, server_id, provider.issuer)
    before = await dump(owner)
    for faults, _ in wrongs(f"You sent {CLIENT_SECRET}"):
        provider.faults = faults
        with capture_logs() as logs:
            told = f"{await graph.change(CHECK, serverId=server_id)} {logs}"
        assert [text for text in disguises(CLIENT_SECRET) if text in told] == []
    assert await dump(owner) == before


async def test_a_client_without_a_secret_is_refused_where_it_needs_one(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    await enter(graph, server_id, provider.issuer, clientSecret=None)
    assert await problems(graph, server_id) == {
        "CLIENT_REFUSED": "Your provider does not accept the client id without a client "
        "secret. Enter the secret if there is one, see that the id is right, and see that this "
        "client may use the authorization code flow."
    }


async def test_an_issuer_that_the_provider_spells_otherwise_is_told_as_it_spells_it(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    await enter(graph, server_id, f"{provider.issuer}/")
    assert await problems(graph, server_id) == {
        "OTHER_ISSUER": "Your provider is entered under another name. It calls itself "
        f"'{provider.issuer}' and not '{provider.issuer}/'. If it is yours, enter the issuer "
        "as it spells it: both must be the same to the last character."
    }
    assert provider.count("/token") == 0


async def test_a_provider_that_is_down_is_told_unreachable(graph: Graph, server_id: str) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    await enter(graph, server_id, issuer)
    assert await problems(graph, server_id) == {
        "UNREACHABLE": f"Your provider gives no answer that can be used at {issuer}{DISCOVERY}. "
        "127.0.0.1 cannot be reached over a safe connection. See whether the issuer is right and "
        "the provider is up, with a certificate that is good."
    }


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token"])
async def test_a_provider_that_is_silent_is_waited_for_no_longer_than_a_login_waits(
    graph: Graph,
    server_id: str,
    provider: IdentityProvider,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider_metadata, "FETCH_SECONDS", 0.2)
    codes = {DISCOVERY: "UNREACHABLE", "/jwks": "KEYS_UNUSABLE", "/token": "CLIENT_UNCERTAIN"}
    provider.faults.silent.add(path)
    await enter(graph, server_id, provider.issuer)
    (told,) = (await problems(graph, server_id)).items()
    assert told[0] == codes[path]
    assert "127.0.0.1 took too long to answer." in told[1]


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (response(status=404), "DISCOVERY_UNUSABLE", "configuration answers with status 404."),
        (response(b"<html>"), "DISCOVERY_UNUSABLE", "is not that of an OpenID provider: "),
        (response(b"{}"), "DISCOVERY_UNUSABLE", "missing required field `issuer`."),
        (response(status=302), "DISCOVERY_UNUSABLE", "answered with a redirect"),
        (response(status=503), "UNREACHABLE", "It answered with status 503."),
    ],
)  # fmt: skip
async def test_a_discovery_document_that_cannot_be_used_ends_the_check(
    graph: Graph, server_id: str, provider: IdentityProvider, answer: bytes, code: str, reason: str
) -> None:
    provider.faults.answers[DISCOVERY] = answer
    await enter(graph, server_id, provider.issuer)
    (told,) = (await problems(graph, server_id)).items()
    assert told[0] == code
    assert reason in told[1]
    assert f"{provider.issuer}{DISCOVERY}" in told[1]
    assert len(provider.asked) == 1


async def test_an_address_in_the_document_that_logins_would_not_ask_is_told(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    provider.faults.metadata = {"token_endpoint": "https://169.254.169.254/token"}
    await enter(graph, server_id, provider.issuer)
    told = await problems(graph, server_id)
    reason = "The URL must name a public host, and no address."
    assert reason in told["DISCOVERY_UNUSABLE"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(status=404), "/jwks answers with status 404."),
        (response(status=500), "It answered with status 500."),
        (response(b"<html>"), "What it publishes as its keys is no JSON Web Key Set."),
        (response(b'{"keys": []}'), "It publishes no key that can be used."),
    ],
)
async def test_keys_that_cannot_be_used_are_told_beside_what_is_wrong_with_the_client(
    graph: Graph, server_id: str, provider: IdentityProvider, answer: bytes, reason: str
) -> None:
    provider.faults.answers["/jwks"] = answer
    await enter(graph, server_id, provider.issuer, clientId="other")
    told = await problems(graph, server_id)
    assert list(told) == ["KEYS_UNUSABLE", "CLIENT_REFUSED"]
    assert reason in told["KEYS_UNUSABLE"]


async def test_a_provider_that_signs_with_what_no_key_of_its_fits_is_told(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    provider.faults.metadata = {"id_token_signing_alg_values_supported": ["HS256", "RS256"]}
    await enter(graph, server_id, provider.issuer)
    assert await problems(graph, server_id) == {
        "KEYS_UNUSABLE": "Your provider's keys cannot be used. None of them fits the "
        "algorithms that it names for ID tokens (HS256, RS256). See that it publishes the key "
        f"with which it signs ID tokens, such as one for RS256 or ES256, at "
        f"{provider.issuer}/jwks."
    }


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (response(b'{"error": "invalid_client"}', status=400), "CLIENT_REFUSED", ""),
        (response(b'{"error": "unauthorized_client"}', status=400), "CLIENT_REFUSED", ""),
        (response(b'{"error": "access_denied"}', status=401), "CLIENT_REFUSED", ""),
        (response(status=401), "CLIENT_REFUSED", ""),
        (response(b'{"error": "invalid_request"}', status=400), "CLIENT_UNCERTAIN",
         "status 400 and the error 'invalid_request'."),
        (response(b'{"error": "<script>"}', status=403), "CLIENT_UNCERTAIN",
         "status 403 and the error '(no error code)'."),
        (response(b"{}"), "CLIENT_UNCERTAIN", "answers with status 200."),
        (response(status=404), "CLIENT_UNCERTAIN", "answers with status 404."),
        (response(status=503), "CLIENT_UNCERTAIN", "It answered with status 503."),
        (response(status=302), "CLIENT_UNCERTAIN", "answered with a redirect"),
    ],
)  # fmt: skip
async def test_what_the_token_endpoint_says_of_an_invented_code_tells_of_the_client(
    graph: Graph, server_id: str, provider: IdentityProvider, answer: bytes, code: str, reason: str
) -> None:
    provider.faults.answers["/token"] = answer
    await enter(graph, server_id, provider.issuer)
    (told,) = (await problems(graph, server_id)).items()
    assert told[0] == code
    assert reason in told[1]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_who_refuses_the_code_has_accepted_the_client(
    graph: Graph, server_id: str, provider: IdentityProvider, status: int
) -> None:
    answer = response(b'{"error": "invalid_grant"}', status=status)
    provider.faults.answers["/token"] = answer
    await enter(graph, server_id, provider.issuer)
    assert await problems(graph, server_id) == {}


async def test_a_provider_that_takes_no_secret_of_ours_is_told(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    methods = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    provider.faults.metadata = methods
    await enter(graph, server_id, provider.issuer)
    told = await problems(graph, server_id)
    assert list(told) == ["SECRET_NOT_TAKEN"]
    assert "client_secret_basic" in told["SECRET_NOT_TAKEN"]
    assert provider.count("/token") == 0


async def test_the_provider_is_asked_anew_each_time(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    await enter(graph, server_id, provider.issuer)
    assert await problems(graph, server_id) == {}
    provider.faults.answers["/jwks"] = response(b"{}")
    assert list(await problems(graph, server_id)) == ["KEYS_UNUSABLE"]
    provider.faults.answers[DISCOVERY] = response(status=404)
    assert list(await problems(graph, server_id)) == ["DISCOVERY_UNUSABLE"]
    provider.faults.answers.clear()
    assert await problems(graph, server_id) == {}


async def test_a_server_without_a_provider_says_so(graph: Graph, server_id: str) -> None:
    message = "Nobody has entered yet which identity provider this server logs in with."
    assert await graph.attempt(CHECK, serverId=server_id) == {
        "ok": None,
        "problems": [],
        "redirectUri": None,
        "userErrors": [{"field": None, "message": message, "code": "LOGIN_NOT_CONFIGURED"}],
    }


async def test_another_organization_has_nobodys_provider_asked(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    await authoring.found("other-tools")
    stranger = await with_key("other-tools", app=graph.app)
    await enter(graph, server_id, provider.issuer)
    for one in (server_id, "srv_aaaaaaaaaaaaaaaa"):
        payload = await stranger.attempt(CHECK, serverId=one)
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
        assert (payload["ok"], payload["redirectUri"]) == (None, None)
    assert provider.asked == []


async def test_an_organization_that_asks_too_often_is_told_when_to_ask_again(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    app = edge(desk=new_desk(Postbox(), Attempts()))
    insistent = await with_key("acme-tools", app=app)
    await authoring.found("other-tools")
    other = await with_key("other-tools", app=app)
    others = await opened(other, "other-docs")
    await enter(graph, server_id, provider.issuer)
    await enter(other, others, provider.issuer)
    for _ in range(10):
        await insistent.change(CHECK, serverId=server_id)
    query = f'mutation {{ checkServerOauthConfig(input: {{serverId: "{server_id}"}}) {{ ok }} }}'
    answer = await insistent.answer(query)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "TOO_MANY"
    assert error["extensions"]["retryAfterSeconds"] > 0
    assert provider.count(DISCOVERY) == 10
    assert (await other.change(CHECK, serverId=others))["ok"] is True


async def test_a_secret_that_can_no_longer_be_read_is_to_be_entered_again(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    desk = replace(new_desk(Postbox()), sealer=Sealer("n" * 32))
    later = await with_key("acme-tools", app=edge(desk=desk))
    await enter(graph, server_id, provider.issuer)
    assert await problems(later, server_id) == {
        "SECRET_UNREADABLE": "The client secret can no longer be read here, so nothing was "
        "asked. Enter it again."
    }
    assert provider.asked == []


async def in_production(names: dict[str, list[list[str]]]) -> Graph:
    """A script at a platform that asks no host of its own machine, in this internet."""
    strict = fetcher(allows_loopback=False, resolver=Internet(names).resolve)
    return await with_key("acme-tools", app=edge(desk=replace(new_desk(Postbox()), fetcher=strict)))


async def test_nothing_inside_our_network_is_asked_or_shows(
    graph: Graph, server_id: str, provider: IdentityProvider
) -> None:
    names = {"redis.acme.example": [["10.0.0.5"]], "both.acme.example": [["93.184.216.34", "::1"]]}
    script = await in_production(names)
    for name in (*names, "unknown.acme.example"):
        issuer = f"https://{name}"
        await enter(graph, server_id, issuer)
        assert await problems(script, server_id) == {
            "DISCOVERY_UNUSABLE": "Your provider's discovery document cannot be used. "
            f"{name} has no public address. It must be at {issuer}{DISCOVERY}: mend the issuer, or "
            "the provider."
        }
    await enter(graph, server_id, provider.issuer)
    assert list(await problems(script, server_id)) == ["DISCOVERY_UNUSABLE"]
    assert provider.asked == []
