"""End users log in, at the platform and at the customer's provider, and what clients then hold."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from app.core.ids import new_id
from tests.journeys.secret_members import MARK, Office
from tests.support.identity_provider import CLIENT_ID, IdentityProvider, visit
from tests.support.oauth_site import basic
from tests.support.watched_platform import Browser, Platform

CALLBACK = "http://127.0.0.1:33418/callback"
MCP_PATH = "/api/mcpserver/mcp"
VERSION = "2025-11-25"


@dataclass(slots=True)
class App:
    """A client of one server, and what it holds: of its login and of its tokens, the last."""

    platform: Platform
    origin: str
    client_id: str
    secret: str | None
    method: str
    callback: str = CALLBACK
    verifier: str = ""
    code: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    def asking(self, **changes: str) -> str:
        """The query of a request for a login, with a verifier and a state that are watched."""
        watch = self.platform.watch
        self.verifier = watch.keep("PKCE verifier", new_id("verifier", groups=6))
        digest = sha256(self.verifier.encode()).digest()
        told = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "state": watch.keep("state of the client", new_id("state", groups=4)),
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "scope": "openid profile email offline_access",
        }
        return urlencode({**told, **changes})

    def brought_back(self, location: str) -> None:
        """Take the code that the browser brings."""
        self.code = parse_qs(urlsplit(location).query)["code"][0]

    async def send(self, path: str, parameters: Mapping[str, Any]) -> httpx.Response:
        """What a form is answered with, to which the client adds who it is."""
        given, headers = {"client_id": self.client_id, **parameters}, {}
        if self.method == "client_secret_basic":
            headers = basic(self.client_id, self.secret or "")
        elif self.secret is not None:
            given = {"client_secret": self.secret, **given}
        return await self.platform.ask("POST", f"{self.origin}{path}", data=given, headers=headers)

    async def redeem(self, **changes: Any) -> httpx.Response:
        """What the code is answered with."""
        given = {
            "grant_type": "authorization_code",
            "code": self.code,
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
        }
        return self._taken(await self.send("/oauth/token", {**given, **changes}))

    async def refresh(self, **changes: Any) -> httpx.Response:
        """What the refresh token is answered with."""
        given = {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]}
        return self._taken(await self.send("/oauth/token", {**given, **changes}))

    async def revoke(self, token: str) -> httpx.Response:
        """What ending a token is answered with."""
        return await self.send("/oauth/revoke", {"token": token})

    async def walk(self) -> None:
        """Open a session, begin a walkthrough and ask for help, as an agent does."""
        who = {"name": MARK, "version": "1"}
        told: dict[str, Any] = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": who}
        assert (await self.call("initialize", **told)).status_code == 200
        help_wanted = {"title": MARK, "problemDescription": "Nothing happens."}
        for tool, arguments in (("start_walkthrough", {}), ("get_support", help_wanted)):
            answer = await self.call("tools/call", name=tool, arguments=arguments)
            assert answer.json()["result"]["isError"] is False, answer.text

    async def call(self, method: str, *, origin: str = "", **params: Any) -> httpx.Response:
        """What an MCP request with the access token is answered with."""
        headers = {
            "authorization": f"Bearer {self.tokens['access_token']}",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": VERSION,
        }
        if "session" in self.tokens:
            headers["mcp-session-id"] = self.tokens["session"]
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        url = f"{origin or self.origin}{MCP_PATH}"
        answer = await self.platform.ask("POST", url, json=message, headers=headers)
        if "mcp-session-id" in answer.headers:
            self.tokens["session"] = answer.headers["mcp-session-id"]
        return answer

    def _taken(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer


async def registered(
    platform: Platform, slug: str, method: str = "none", callback: str = CALLBACK
) -> App:
    """A new client of this server."""
    origin = platform.origin(slug)
    metadata = {
        "client_name": MARK,
        "redirect_uris": [callback],
        "token_endpoint_auth_method": method,
    }
    answer = await platform.ask("POST", f"{origin}/oauth/register", json=metadata)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    return App(platform, origin, told["client_id"], told.get("client_secret"), method, callback)


async def agreed(app: App) -> Browser:
    """The browser of somebody who has let the client know who they are."""
    browser = Browser(app.platform, app.origin)
    await browser.open(f"/oauth/authorize?{app.asking()}")
    await browser.follow()
    await browser.submit("Allow")
    return browser


async def log_in_by_mail(app: App, email: str) -> Browser:
    """A login with a code by mail, at the second attempt; the client holds an unused code."""
    browser = await agreed(app)
    await browser.follow()
    await browser.submit("Send me a code", email="no address")
    await browser.submit("Send me a code", email=email)
    await browser.follow()
    first = await app.platform.mailed_code(email)
    await browser.submit("Send another code")
    await browser.follow()
    second = await app.platform.mailed_code(email)
    assert (await browser.submit("Log in", code=first)).status_code == 400
    end = await browser.submit("Log in", code=second)
    app.brought_back(end.headers.get("location") or end.headers["refresh"])
    return browser


async def at_the_provider(app: App, provider: IdentityProvider) -> tuple[Browser, dict[str, str]]:
    """The same at the customer's provider, up to where it sends the browser back with an answer."""
    browser = await agreed(app)
    assert browser.page is not None
    return browser, await _vouched(browser, provider)


async def again_at_the_provider(browser: Browser, provider: IdentityProvider) -> dict[str, str]:
    """Another trip there, which the person begins with a button."""
    await browser.submit("Try again")
    return await _vouched(browser, provider)


async def _vouched(browser: Browser, provider: IdentityProvider) -> dict[str, str]:
    assert browser.page is not None
    watch, there = browser.platform.watch, browser.page.headers["location"]
    sent = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    watch.keep("upstream state", sent["state"])
    watch.keep("upstream nonce", sent["nonce"])
    back = await visit(there)
    if "code" in back:
        watch.keep("upstream code", back["code"])
    return back


async def come_back(
    browser: Browser, provider: IdentityProvider, back: Mapping[str, str]
) -> httpx.Response:
    """What the browser is answered that comes back; what the provider was told is watched."""
    answer = await browser.open(f"/oauth/callback?{urlencode(back)}")
    watch = browser.platform.watch
    for asked in provider.asked:
        for verifier in parse_qs(asked.body.decode()).get("code_verifier", ()):
            watch.keep("upstream verifier", verifier)
    for secret in provider.secrets:
        if secret not in watch.secrets:
            watch.keep("upstream token", secret)
    return answer


def provider_of(office: Office, provider: IdentityProvider, secret: str | None) -> dict[str, str]:
    """What is entered over the API; without a secret, the one that is there stays."""
    given = {"serverId": office.ids["acme-own"], "issuer": provider.issuer, "clientId": CLIENT_ID}
    if secret is not None:
        given["clientSecret"] = office.owner.platform.watch.keep("provider's client secret", secret)
    return given


async def set_provider(
    office: Office, provider: IdentityProvider, secret: str | None, **more: str
) -> None:
    """Enter it, read it again, and have it tried."""
    fields = "{ server { oauthConfig { issuer clientId scopes hasClientSecret } } }"
    given = provider_of(office, provider, secret)
    await office.owner.change(f"setServerOauthConfig {fields}", **given, **more)
    tried = "checkServerOauthConfig { ok problems { code message } redirectUri }"
    await office.owner.change(tried, serverId=given["serverId"])
