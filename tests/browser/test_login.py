"""Logging in from an MCP client, in a real browser: small and wide, light and dark, no scripts."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import asyncpg
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from app.core.enums import AuthType
from app.core.sealed import Sealer
from app.core.settings import DEVELOPMENT_KEY, SAMPLE_SLUG
from tests.browser.desk import Platform
from tests.support.chromium import Watch
from tests.support.identity_provider import Faults, identity_provider
from tests.support.internet import Asked, Host, host, response
from tests.support.login_browser import query
from tests.support.logins import Door, configure, door
from tests.support.people import Reception
from tests.support.world import World, make_world

CODE = re.compile(r"^    (\d{4}) (\d{4})$", re.MULTILINE)
NAME = "A client with a rather long name, of a company whose name is long as well (Preview)"
SMALL: ViewportSize = {"width": 320, "height": 640}
WIDE: ViewportSize = {"width": 1200, "height": 800}
APP = "cursor://anysphere.cursor/callback"
MACHINE = ("http://127.0.0.1:", "cursor://")
WEB = "https://app.example/callback"


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in at the platform."""
    return await door(world, people)


@asynccontextmanager
async def waiting_client() -> AsyncIterator[Host]:
    """A client on this machine that waits for the browser to come back."""

    async def thank(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        page = b"<!doctype html><title>Back</title><p>Back in the client."
        writer.write(response(page, headers={"content-type": "text/html"}))

    async with host(thank) as waiting:
        yield waiting


@asynccontextmanager
async def still_tab(browser: Browser, origin: str, **options: Any) -> AsyncIterator[Page]:
    """A tab that runs no scripts of pages, and in which no page may ask for anything besides."""
    context = await browser.new_context(base_url=origin, java_script_enabled=False, **options)
    context.set_default_timeout(20_000)
    try:
        watch = Watch(origin, answers_may_refuse=True)
        watch.follow(context)
        page = await context.new_page()
        yield page
        assert not watch.complaints, watch.complaints
        assert all(url.startswith(MACHINE) for url in watch.foreign), watch.foreign
    finally:
        await context.close()


async def looked_at(page: Page, folder: Path, name: str) -> None:
    """Nothing is cut off at this width, and a picture is kept for whoever wants to look."""
    await page.screenshot(path=folder / f"{name}.png", full_page=True)
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    inside, shown = await page.evaluate(widths)
    assert inside <= shown, f"{name} is {inside} wide and {shown} are shown"


def code_in(outbox: Path, address: str) -> str | None:
    """The code in the last mail to this address."""
    mails = [mail.read_text() for mail in sorted(outbox.glob("*.eml"))]
    found = [CODE.search(mail) for mail in mails if f"To: {address}\n" in mail]
    return "".join(found[-1].groups()) if found and found[-1] else None


async def code_sent_to(address: str, outbox: Path) -> str:
    """The same, once it is there."""
    async with asyncio.timeout(20):
        while (code := code_in(outbox, address)) is None:
            await asyncio.sleep(0.05)
    return code


@pytest.mark.parametrize(("size", "scheme"), [(SMALL, "light"), (WIDE, "dark")])
async def test_a_person_logs_in_by_mail_without_scripts(
    platform: Platform,
    browser: Browser,
    here: Door,
    tmp_path: Path,
    size: ViewportSize,
    scheme: Literal["light", "dark"],
) -> None:
    origin = platform.origin.replace("localhost", "acme-docs.localhost")
    async with (
        waiting_client() as client,
        still_tab(browser, origin, color_scheme=scheme, viewport=size) as page,
    ):
        callback = f"http://127.0.0.1:{client.port}/callback"
        app = await here.registered(client_name=NAME, redirect_uris=[callback])
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=callback)}")
        await expect(page.get_by_role("heading", name="Allow")).to_be_visible()
        await looked_at(page, tmp_path, "consent")
        await page.get_by_role("button", name="Allow").click()
        await page.locator("form").first.evaluate("form => { form.noValidate = true }")
        await page.get_by_label("Your e-mail address").fill("ann")
        await looked_at(page, tmp_path, "email")
        await page.get_by_role("button", name="Send me a code").click()
        await expect(page.get_by_label("Your e-mail address")).to_have_attribute(
            "aria-invalid", "true"
        )
        await looked_at(page, tmp_path, "email-refused")
        await page.get_by_label("Your e-mail address").fill("ann@acme.test")
        await page.keyboard.press("Enter")
        login = page.url
        await page.get_by_label("Code").fill("1234")
        await looked_at(page, tmp_path, "code")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.locator("#code-fault")).to_contain_text("4 more times")
        await looked_at(page, tmp_path, "code-refused")
        await page.get_by_label("Code").fill(await code_sent_to("ann@acme.test", platform.outbox))
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Back in the client.")).to_be_visible()
        assert page.url.startswith(f"{callback}?code=mcpc_")
        await page.goto(login)
        await expect(page.get_by_role("heading", name="This login is over")).to_be_visible()
        await looked_at(page, tmp_path, "over")


async def test_a_person_logs_in_at_the_customers_own_provider(
    platform: Platform, browser: Browser, world: World, people: Reception, tmp_path: Path
) -> None:
    """From a form over three sites, which browsers hold to the policy of the form."""
    origin = platform.origin.replace("localhost", "acme-docs.localhost")
    async with (
        identity_provider() as provider,
        waiting_client() as client,
        still_tab(browser, origin, color_scheme="dark", viewport=SMALL) as page,
    ):
        desk = replace(people.desk, sealer=Sealer(DEVELOPMENT_KEY))
        reception = Reception(desk, people.postbox)
        here = await door(world, reception, auth_type=AuthType.CUSTOM_OAUTH)
        await configure(here, provider.issuer)
        callback = f"http://127.0.0.1:{client.port}/callback"
        app = await here.registered(redirect_uris=[callback])
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=callback)}")
        await looked_at(page, tmp_path, "consent")
        provider.faults = Faults(
            answers={"/.well-known/openid-configuration": response(status=503)}
        )
        await page.get_by_role("button", name="Allow").click()
        await expect(page.get_by_role("alert")).to_contain_text("does not answer just now")
        await looked_at(page, tmp_path, "provider-down")
        provider.faults = Faults()
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_text("Back in the client.")).to_be_visible()
        assert page.url.startswith(f"{callback}?code=mcpc_")


async def test_the_way_back_to_an_app_and_requests_that_lead_nowhere_have_pages(
    platform: Platform, browser: Browser, here: Door, tmp_path: Path
) -> None:
    origin = platform.origin.replace("localhost", "acme-docs.localhost")
    app = await here.registered(redirect_uris=[APP, WEB])
    async with still_tab(browser, origin, viewport=SMALL) as page:
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri='https://evil.example')}")
        await expect(page.get_by_role("heading")).to_have_text("This did not work")
        await looked_at(page, tmp_path, "bad-redirect")
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=WEB, response_type='x')}")
        await expect(page.get_by_role("link")).to_have_text("go back to it")
        await expect(page.get_by_text("It leads to app.example.")).to_be_visible()
        await looked_at(page, tmp_path, "unanswered")
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=APP)}")
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_role("heading")).to_have_text("You are not logged in to Acme Docs")
        link = page.get_by_role("link", name="go back to the app")
        assert str(await link.get_attribute("href")).startswith(f"{APP}?error=access_denied&")
        await looked_at(page, tmp_path, "not-let-in")
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=APP)}")
        await page.get_by_role("button", name="Allow").click()
        await page.get_by_label("Your e-mail address").fill("ann@acme.test")
        await page.keyboard.press("Enter")
        await page.get_by_label("Code").fill(await code_sent_to("ann@acme.test", platform.outbox))
        await page.keyboard.press("Enter")
        link = page.get_by_role("link", name="open Cursor")
        assert str(await link.get_attribute("href")).startswith(f"{APP}?code=mcpc_")
        await looked_at(page, tmp_path, "back-to-the-app")


@pytest.mark.parametrize("pause_ms", [0, 5, 20, 100])
async def test_who_clicks_twice_is_logged_in_all_the_same(
    platform: Platform, browser: Browser, here: Door, pause_ms: int
) -> None:
    origin = platform.origin.replace("localhost", "acme-docs.localhost")
    async with waiting_client() as client, still_tab(browser, origin) as page:
        callback = f"http://127.0.0.1:{client.port}/callback"
        app = await here.registered(redirect_uris=[callback])
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=callback)}")
        await page.get_by_role("button", name="Allow").dblclick(delay=pause_ms)
        await page.get_by_label("Your e-mail address").fill("ann@acme.test")
        await page.get_by_role("button", name="Send me a code").dblclick(delay=pause_ms)
        code = await code_sent_to("ann@acme.test", platform.outbox)
        await page.get_by_label("Code").fill(code)
        await page.get_by_role("button", name="Log in").dblclick(delay=pause_ms)
        await expect(page.get_by_text("Back in the client.")).to_be_visible()
        assert page.url.startswith(f"{callback}?code=mcpc_")
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=callback)}")
        await page.get_by_role("button", name="Cancel").dblclick(delay=pause_ms)
        await expect(page.get_by_text("Back in the client.")).to_be_visible()
        assert page.url.startswith(f"{callback}?error=access_denied&")


async def test_a_person_logs_in_at_a_servers_loopback_address(
    platform: Platform, browser: Browser, owner: asyncpg.Connection, people: Reception
) -> None:
    """Where newcomers are sent who try the product on their own machine."""
    here = await door(await make_world(owner, slug=SAMPLE_SLUG), people)
    origin = platform.origin.replace("localhost", "127.0.0.1")
    async with waiting_client() as client, still_tab(browser, origin, viewport=SMALL) as page:
        callback = f"http://127.0.0.1:{client.port}/callback"
        app = await here.registered(redirect_uris=[callback])
        await page.goto(f"/oauth/authorize?{query(app, redirect_uri=callback)}")
        await page.get_by_role("button", name="Allow").click()
        await page.get_by_label("Your e-mail address").fill("ann@acme.test")
        await page.keyboard.press("Enter")
        code = await code_sent_to("ann@acme.test", platform.outbox)
        await page.get_by_label("Code").fill(code)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Back in the client.")).to_be_visible()
