"""The front desk as a browser finds it: where it is, its mail, its form to sign in."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from tests.support.people import PASSWORD

LINK = re.compile(r"^(http://localhost:\d+/\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Platform:
    """A running process, the address that people know it by, and the folder of its mail."""

    origin: str
    outbox: Path


def link_in(outbox: Path, address: str) -> str | None:
    """The link in the first mail to this address in the platform's outbox."""
    for mail in sorted(outbox.glob("*.eml")):
        text = mail.read_text()
        if f"To: {address}\n" in text:
            match = LINK.search(text)
            assert match is not None
            return match[1]
    return None


async def link_sent_to(address: str, outbox: Path) -> str:
    """The same, once it is there."""
    async with asyncio.timeout(20):
        while (link := link_in(outbox, address)) is None:
            await asyncio.sleep(0.05)
    return link


async def sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    """Fill in the form that is open, and send it."""
    await page.get_by_label("E-mail address").fill(address)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
