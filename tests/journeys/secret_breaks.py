"""Faults of ours with secrets in flight: what is logged of them holds the row that was refused."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.journeys.secret_logins import (
    App,
    agreed,
    at_the_provider,
    come_back,
    provider_of,
)
from tests.journeys.secret_members import MARK, MAX, OLGA, Office, new_password
from tests.support.identity_provider import CLIENT_SECRET, IdentityProvider
from tests.support.watched_platform import Browser

SORRY = "Something went wrong on our side."


@asynccontextmanager
async def refusing(owner: asyncpg.Connection, table: str) -> AsyncIterator[None]:
    """Have the database refuse every row that is written there, and say what is in it."""
    await owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {MARK} CHECK (false) NOT VALID")
    try:
        yield
    finally:
        await owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {MARK}")


async def break_the_office(office: Office, provider: IdentityProvider) -> None:
    """Make each secret of a member's while the database does not take it."""
    browser, watch = office.owner, office.owner.platform.watch
    newcomer = {"email": "new@acme.test", "password": new_password(watch, f"new, {watch.chapter}")}
    config = provider_of(office, provider, CLIENT_SECRET)
    for table, mutation, given in (
        ("account", "signUp", newcomer),
        ("member_session", "signIn", {"email": OLGA, "password": office.password}),
        ("api_key", "createApiKey", {"name": MARK, "scopes": ["READ"]}),
        ("invitation", "inviteMember", {"email": f"{watch.chapter}@acme.test"}),
        ("oauth_config", "setServerOauthConfig", config),
        ("audit_entry", "setServerOauthConfig", config),
        ("idempotency_record", "setServerOauthConfig", {**config, "idempotencyKey": "a key"}),
    ):
        asking = browser if mutation.startswith(("set", "create", "invite")) else _nobody(browser)
        async with refusing(browser.platform.owner, table):
            answer = await asking.attempt(mutation, given)
        assert SORRY in answer.text, (table, answer.text)


async def break_a_login_by_mail(app: App, email: str) -> None:
    """Have a code sent and enter it, both at first in vain."""
    owner, browser = app.platform.owner, await agreed(app)
    page = await browser.follow()
    async with refusing(owner, "oauth_flow"):
        assert SORRY in (await browser.submit("Send me a code", email=email)).text
    browser.page = page
    await browser.submit("Send me a code", email=email)
    page = await browser.follow()
    code = await app.platform.mailed_code(email)
    for table in ("login_account", "end_user", "oauth_grant", "oauth_code"):
        async with refusing(owner, table):
            assert SORRY in (await browser.submit("Log in", code=code)).text, table
        browser.page = page
    app.brought_back((await browser.submit("Log in", code=code)).headers["location"])
    await _break_what_follows(app)


async def break_a_login_at_the_provider(app: App, provider: IdentityProvider) -> None:
    """Register, begin, come back from the provider, and redeem, each at first in vain."""
    platform, owner = app.platform, app.platform.owner
    metadata = {"client_name": MARK, "redirect_uris": [app.callback]}
    metadata["token_endpoint_auth_method"] = "client_secret_basic"
    async with refusing(owner, "oauth_client"):
        answer = await platform.ask("POST", f"{app.origin}/oauth/register", json=metadata)
        assert SORRY in answer.text
    async with refusing(owner, "oauth_flow"):
        begun = await Browser(platform, app.origin).open(f"/oauth/authorize?{app.asking()}")
        assert SORRY in begun.text
    for table in ("end_user", "oauth_grant", "oauth_code"):
        browser, back = await at_the_provider(app, provider)
        async with refusing(owner, table):
            assert SORRY in (await come_back(browser, provider, back)).text, table
    browser, back = await at_the_provider(app, provider)
    app.brought_back((await come_back(browser, provider, back)).headers["location"])
    await _break_what_follows(app)


async def _break_what_follows(app: App) -> None:
    owner = app.platform.owner
    async with refusing(owner, "oauth_token"):
        assert SORRY in (await app.redeem()).text
    assert (await app.redeem()).status_code == 200
    async with refusing(owner, "oauth_token"):
        assert SORRY in (await app.refresh()).text
    who = {"name": MARK, "version": "1"}
    told: dict[str, Any] = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who}
    async with refusing(owner, "session"):
        assert (await app.call("initialize", **told)).status_code == 500
    await app.walk()
    async with refusing(owner, "progress"):
        await app.call("tools/call", name="start_walkthrough", arguments={})


def _nobody(browser: Browser) -> Browser:
    return Browser(browser.platform, browser.origin)


async def have_mail_refused(office: Office) -> None:
    """Ask for a link, which the mail server does not take."""
    platform = office.owner.platform
    await _nobody(office.owner).attempt("requestPasswordReset", {"email": MAX})
    async with asyncio.timeout(20):
        while not any("mail not sent" in line for line in platform.watch.said):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def repeating_post_office(tls: ssl.SSLContext) -> AsyncIterator[int]:
    """The port of a mail server that lets nobody in, and says with which password it did not."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 localhost ESMTP\r\n")
        while line := await reader.readline():
            greets = line.upper().startswith(b"EHLO")
            writer.write(b"250-localhost\r\n250 AUTH PLAIN\r\n" if greets else b"535 Not " + line)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
