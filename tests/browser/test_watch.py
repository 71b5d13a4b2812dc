"""A tab that does what it must not fails its test: otherwise the others would prove nothing."""

import pytest
from playwright.async_api import Browser

from tests.browser.desk import Platform
from tests.support.chromium import tab


async def misbehave(browser: Browser, origin: str, script: str) -> None:
    """Open a page, and do in it what it never does by itself."""
    async with tab(browser, origin) as page:
        await page.goto("/sign-in")
        await page.evaluate(script)
        await page.evaluate("new Promise(requestAnimationFrame)")


async def stray(browser: Browser, origin: str, address: str) -> None:
    """Leave for an address elsewhere."""
    async with tab(browser, origin, answers_may_refuse=True) as page:
        await page.goto(address)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            "document.body.append(Object.assign(new Image(), {src: '/picture.png'}))",
            "Content Security Policy",
        ),
        ("console.error('something is wrong')", "something is wrong"),
        ("setTimeout(() => { throw new Error('something is wrong') })", "something is wrong"),
    ],
)
async def test_a_breach_of_the_policy_and_an_error_are_noticed(
    platform: Platform, browser: Browser, script: str, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        await misbehave(browser, platform.origin, script)


async def test_a_request_to_another_host_is_noticed(platform: Platform, browser: Browser) -> None:
    elsewhere = platform.origin.replace("localhost", "elsewhere.localhost")
    with pytest.raises(AssertionError, match="elsewhere"):
        await stray(browser, platform.origin, f"{elsewhere}/")
