"""Faulty requests that bring secrets: in wrong places, to the wrong server, twice, by force."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote, urlencode

from app.oauth.metadata import PROTECTED_RESOURCE
from app.oauth.routes import ROUTES
from tests.journeys.secret_logins import MCP_PATH, App, agreed
from tests.journeys.secret_members import OLGA, Office
from tests.support.oauth_site import basic
from tests.support.watched_platform import Platform

# What is made to be shown again (state, email, next, an X-Request-Id) is in none of these.
PARAMETERS = (
    "access_token", "client_id", "client_secret", "code", "code_challenge", "code_verifier",
    "csrf", "grant_type", "login", "refresh_token", "resource", "response_type", "scope", "token",
)  # fmt: skip
HEADERS = ("accept", "cookie", "mcp-session-id", "referer", "user-agent", "x-organization")
PAGES = ("/", "/sign-in", "/account", "/graphql", "/metrics", "/ready", "/api/mcpserver/health")
OF_AUTHORIZE = (
    "client_id", "redirect_uri", "response_type", "scope", "resource", "code_challenge",
    "code_challenge_method", "response_mode", "prompt", "request", "request_uri",
)  # fmt: skip
OF_CLIENTS = (  # a redirect URI is none of them: it is public, and named when it is refused
    "grant_types", "response_types", "token_endpoint_auth_method", "scope", "contacts", "jwks",
    "jwks_uri", "client_uri",
)  # fmt: skip
_FORM = "application/x-www-form-urlencoded"


async def misuse(app: App, other: App, stranger: App) -> None:
    """Everything that can be wrong about asking for tokens, with an unused code in hand."""
    wrongs: tuple[dict[str, Any], ...] = (
        {"code_verifier": other.verifier or "v" * 43},
        {"code_verifier": None},
        {"redirect_uri": f"{app.callback}/other"},
        {"resource": "https://elsewhere.example"},
        {"client_id": other.client_id},
        {"client_secret": app.code},
        {"code": [app.code, app.code]},
        {"code": app.verifier, "code_verifier": app.code},
        *({name: app.code} for name in ("client_id", "grant_type", "redirect_uri", "resource")),
        *({name: app.verifier} for name in ("code", "redirect_uri", "grant_type", "resource")),
    )
    for changes in wrongs:
        answer = await app.redeem(**changes)
        assert answer.status_code in {400, 401}, (changes, answer.text)
    for wrong in (other, stranger):
        wrong.code, wrong.verifier = app.code, app.verifier
        assert (await wrong.redeem()).status_code == 400


async def use_up(app: App, other: App, stranger: App) -> None:
    """Redeem, refresh, call, replay and revoke; at last the client holds what is good no more."""
    assert (await app.redeem()).status_code == 200
    code, first = app.code, dict(app.tokens)
    await app.walk()
    assert (await app.call("tools/list", origin=stranger.origin)).status_code == 401
    for wrong in (other, stranger):
        wrong.tokens = dict(app.tokens)
        assert (await wrong.refresh()).status_code == 400
        for token in (app.tokens["access_token"], app.tokens["refresh_token"]):
            assert (await wrong.revoke(token)).status_code == 200  # and it goes on being good
    assert (await app.refresh()).status_code == 200
    for name in ("resource", "scope", "grant_type", "client_id"):
        for secret in (app.tokens["access_token"], app.tokens["refresh_token"]):
            assert (await app.refresh(**{name: secret})).status_code in {400, 401}
    assert (await app.refresh()).status_code == 200
    last = dict(app.tokens)
    app.tokens = first  # somebody has gone on since: this is no retry
    assert (await app.refresh()).status_code == 400
    app.tokens = last
    assert (await app.refresh()).status_code == 400
    app.code = code
    assert (await app.redeem()).status_code == 400
    for token in (last["access_token"], last["refresh_token"], code):
        assert (await app.revoke(token)).status_code == 200
    assert (await app.call("tools/list")).status_code == 401


async def mistake(app: App, secrets: Sequence[str]) -> None:
    """A sound client's requests with one parameter that is somebody's secret."""
    platform, next_one = app.platform, cycle(secrets)
    for name in OF_AUTHORIZE:
        for secret in islice(next_one, 3):
            asking = app.asking(**{name: secret})
            answer = await platform.ask("GET", f"{app.origin}/oauth/authorize?{asking}")
            assert answer.status_code < 500, (name, answer.text)
    for name in OF_CLIENTS:
        for value in ([next(next_one)], next(next_one), {"keys": next(next_one)}):
            told = {"redirect_uris": [app.callback], name: value}
            await platform.ask("POST", f"{app.origin}/oauth/register", json=told)
    browser = await agreed(app)
    forms: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("/oauth/login", {"step": "code"}),
        ("/oauth/login", {"step": "email", "email": "no address"}),
        ("/oauth/consent", {"choice": "allow"}),
    )
    known = {"login": next(iter(browser.cookies)).removeprefix("__Host-mcplogin-")}
    for path, form in forms:
        for name in ("code", "step", "choice", "login", "csrf"):
            inputs = {**known, "csrf": "wrong", **form, name: next(next_one)}
            assert (await browser.send(path, inputs)).is_client_error


async def scatter(platform: Platform, slug: str, secrets: Sequence[str]) -> None:
    """Ask every address of a server and of the platform in every wrong way, each with others."""
    for method, url in _addresses(platform, slug):
        for given in _wrong(cycle(secrets)):
            address = f"{url}{given.pop('query', '')}"
            answer = await platform.ask(method, address, name="faulty request", **given)
            assert answer.status_code < 500, (method, url, answer.text)


async def lose_the_way(platform: Platform, slug: str, secrets: Sequence[str]) -> None:
    """Ask for addresses that end in a secret, as a client does that takes one for a path."""
    next_one = cycle(secrets)
    for method, url in _addresses(platform, slug):
        address = f"{url}/{quote(next(next_one), safe='')}"
        await platform.ask(method, address, name="request that lost its way")
    tracked = platform.watch.keep("tracking id", "ann.tracked@acme.test")
    metadata = f"{platform.origin(slug)}{PROTECTED_RESOURCE}/api/mcpserver/{tracked}/mcp"
    assert (await platform.ask("GET", metadata)).status_code == 200


def _addresses(platform: Platform, slug: str) -> Iterator[tuple[str, str]]:
    for path, route in ROUTES.items():
        for method in route.handlers:
            yield method, f"{platform.origin(slug)}{path}"
    for method in ("GET", "POST", "DELETE"):
        yield method, f"{platform.origin(slug)}{MCP_PATH}"
    for path in PAGES:
        for method in ("GET", "POST"):
            yield method, f"{platform.origin()}{path}"


def _wrong(secrets: Iterator[str]) -> Iterator[dict[str, Any]]:
    every = dict(zip(PARAMETERS, secrets, strict=False))
    form, form_type = urlencode(every).encode(), {"content-type": _FORM}
    yield {"query": f"?{urlencode(every)}"}
    yield {"query": f"?{urlencode([(name, next(secrets)) for name in PARAMETERS * 2])}"}
    yield {"content": form, "headers": form_type}
    yield {"content": urlencode(dict(zip(PARAMETERS, secrets, strict=False))), "headers": form_type}
    yield {"content": form + b"&" + form, "headers": form_type}
    yield {"content": form + b"&a=" + b"a" * 400_000, "headers": form_type}
    yield {"content": form, "headers": {"content-type": "text/plain"}}
    yield {"content": form, "headers": {"content-type": "application/json"}}
    yield {"json": every}
    yield {"json": [next(secrets)]}
    yield {"json": {"jsonrpc": "2.0", "id": 1, "method": next(secrets), "params": every}}
    yield {"headers": {"authorization": f"Bearer {quoted(next(secrets))}"}}
    yield {"headers": {"authorization": f"Digest {quoted(next(secrets))}"}}
    yield {"headers": basic(next(secrets), next(secrets))}
    yield {"headers": basic("nobody", next(secrets)), "data": every}
    yield {"headers": {name: quoted(next(secrets)) for name in HEADERS}}
    yield {"headers": {"cookie": f"__Host-mcplatform={quoted(next(secrets))}"}}
    yield {"headers": {"origin": f"https://{quoted(next(secrets))}.example"}}


def quoted(secret: str) -> str:
    """The secret as a header can have it."""
    return urlencode({"": secret})[1:]


async def mistake_over_graphql(office: Office, secrets: Mapping[str, str]) -> None:
    """Sound operations with a secret where another one belongs."""
    platform, viewer = office.owner.platform, "{ viewer { id } }"
    token = "mutation T($input: %sInput!) { %s(input: $input) { userErrors { message code } } }"
    for secret in secrets.values():
        await platform.graphql(viewer, authorization=f"Bearer {quoted(secret)}")
        await platform.graphql(viewer, cookie=f"__Host-mcplatform={quoted(secret)}")
        for mutation in ("verifyEmail", "resetPassword", "acceptInvitation"):
            query = token % (f"{mutation[0].upper()}{mutation[1:]}", mutation)
            given = {"token": secret}
            if mutation == "resetPassword":
                given["password"] = secret
            answer = await office.owner.graphql(query, {"input": given}, name="a wrong token")
            assert answer.json()["data"][mutation]["userErrors"] != [], answer.text


async def misspell(office: Office, secrets: Mapping[str, str]) -> None:
    """Operations that cannot be run, with secrets where secrets belong."""
    sign_in = "mutation S($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }"
    config = (
        "mutation C($input: SetServerOauthConfigInput!)"
        " { setServerOauthConfig(input: $input) { userErrors { message } } }"
    )
    for secret in secrets.values():
        text = json.dumps(secret)
        for query, given in (
            (sign_in, {"email": OLGA, "password": [secret]}),
            (sign_in, {"password": secret}),
            (sign_in, {"email": OLGA, "passwrd": secret}),
            (sign_in, {"email": OLGA, "password": secret, "remember": True}),
            (sign_in, secret),
            (config, {"serverId": office.ids["acme-own"], "clientSecret": secret}),
            (config, {"serverId": office.ids["acme-own"], "clientSecret": {"value": secret}}),
            (_inline(f"{{password: {text}}}"), None),
            (_inline(f"{{email: {text}, password: [{text}]}}"), None),
            (_inline(f"{{email: 1 {text}}}"), None),
            (_inline(text), None),
        ):
            variables = {"input": given} if given else None
            answer = await office.owner.graphql(query, variables, name="a faulty operation")
            assert "errors" in answer.json(), answer.text


def _inline(given: str) -> str:
    return f"mutation {{ signIn(input: {given}) {{ userErrors {{ message }} }} }}"
