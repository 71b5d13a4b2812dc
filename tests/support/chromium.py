"""A real browser, and a tab that tells of everything that went wrong in it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

expect.set_options(timeout=20_000)  # a loaded machine answers late
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str:
    """The browser of MCPLATFORM_CHROMIUM, else of the PATH."""
    named = os.environ.get("MCPLATFORM_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "no Chromium on the PATH: install one, or name it in MCPLATFORM_CHROMIUM"
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, while the block lasts."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable(), headless=True, args=ARGUMENTS
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass  # without slots: Playwright keeps its own notes on whoever listens
class Watch:
    """What a tab must not do: complain, and load from elsewhere."""

    origin: str
    answers_may_refuse: bool = False
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Listen to all its tabs. A breach of a Content-Security-Policy is a complaint as well."""
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self._asked(request.url))

    def _said(self, message: Any) -> None:
        is_refusal = message.text.startswith("Failed to load resource: the server responded")
        if message.type in {"error", "warning"} and not (is_refusal and self.answers_may_refuse):
            self.complaints.append(message.text)

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.foreign.append(url)


@asynccontextmanager
async def tab(
    browser: Browser, origin: str, *, answers_may_refuse: bool = False, **options: Any
) -> AsyncIterator[Page]:
    """A tab of a browser without a past; when the block ends, nothing may have gone wrong in it.

    The browser complains of each 4xx, which `answers_may_refuse` lets pass.
    """
    context = await browser.new_context(base_url=origin, **options)
    context.set_default_timeout(20_000)
    try:
        watch = Watch(origin, answers_may_refuse)
        watch.follow(context)
        yield await context.new_page()
        assert not watch.complaints, watch.complaints
        assert not watch.foreign, watch.foreign
    finally:
        await context.close()
