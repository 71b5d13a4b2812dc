"""Logging in from an MCP client, in a real browser: small and wide, light and dark, no scripts."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.desk import Platform
from tests.support.chromium import Watch
from tests.support.internet import Asked, Host, host, response
from tests.support.login_browser import query
from tests.support.logins import Door, door
from tests.support.people import Reception
from tests.support.world import World

CODE = re.compile(r"^    (\d{4}) (\d{4})$", re.MULTILINE)
NAME = "A client with a rather long name, of a company whose name is long as well (Preview)"
SIZES = {"small": (320, 640), "wide": (1200, 800)}
SCREENS: list[tuple[str, Literal["light", "dark"]]] = [("small", "light"), ("wide", "dark")]


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
        page = await context.new_page()
        watch = Watch(origin, answers_may_refuse=True)
        watch.follow(page)
        yield page
        assert not watch.complaints, watch.complaints
        assert all(url.startswith("http://127.0.0.1:") for url in watch.foreign), watch.foreign
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


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
async def test_a_person_logs_in_by_mail_without_scripts(
    platform: Platform,
    browser: Browser,
    here: Door,
    tmp_path: Path,
    size: str,
    scheme: Literal["light", "dark"],
) -> None:
    width, height = SIZES[size]
    origin = platform.origin.replace("localhost", "acme-docs.localhost")
    async with (
        waiting_client() as client,
        still_tab(
            browser, origin, color_scheme=scheme, viewport={"width": width, "height": height}
        ) as page,
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
