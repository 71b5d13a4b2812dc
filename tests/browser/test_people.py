"""People at the front desk, each with a real browser, which must not complain of anything."""

import pytest
from playwright.async_api import Browser, expect

from app.core.enums import Role
from app.domain import invitations
from tests.browser.desk import Platform, link_sent_to, sign_in
from tests.support.chromium import tab
from tests.support.people import PASSWORD, Reception

ADA = "ada@acme.test"
PATHS = (
    "/",
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/forgot-password",
    "/verify-email?token=x",
    "/reset-password?token=x",
    "/invitation?token=x",
)


async def test_someone_new_signs_up_confirms_the_address_and_signs_in_and_out(
    platform: Platform, browser: Browser
) -> None:
    async with tab(browser, platform.origin) as page:
        await page.goto("/")
        await page.get_by_role("link", name="sign up").click()
        await page.get_by_label("E-mail address").fill(ADA)
        await page.get_by_label("Name (optional)").fill("Ada")
        await page.get_by_label("New password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign up").click()
        await expect(page.get_by_role("heading")).to_have_text("Look at your mail")

        await page.goto(await link_sent_to(ADA, platform.outbox))
        await page.get_by_role("button", name="Confirm").click()
        await page.get_by_role("link", name="sign in").click()
        await sign_in(page, ADA)
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed in")
        await expect(page.locator("main")).to_contain_text(f"Ada, {ADA}")

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading")).to_have_text("Sign in")
        await page.goto("/account")
        await expect(page).to_have_url(f"{platform.origin}/sign-in?next=%2Faccount")


async def test_a_wrong_password_is_told_where_one_reads_next(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    await people.newcomer(ADA)
    async with tab(browser, platform.origin, answers_may_refuse=True) as page:
        await page.goto("/sign-in")
        await sign_in(page, ADA, "quite another secret")
        await expect(page.get_by_role("alert")).to_contain_text("the password is wrong")
        await expect(page.get_by_label("E-mail address")).to_have_value(ADA)
        await expect(page.get_by_label("Password")).to_have_value("")
        await expect(page.get_by_label("Password")).to_be_focused()
        await sign_in(page, ADA)
        await expect(page).to_have_url(f"{platform.origin}/account")


async def test_an_invited_colleague_signs_in_and_accepts(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    olga = await people.owner()
    await people.newcomer(ADA)
    await invitations.invite(olga, people.desk, email=ADA, role=Role.ADMIN)
    token = await people.token_sent_to(ADA)
    async with tab(browser, platform.origin) as page:
        await page.goto(f"/invitation?token={token}")
        await expect(page.get_by_role("heading")).to_have_text("Join Acme")
        await page.get_by_role("link", name="Sign in").click()
        await sign_in(page, ADA)
        await page.get_by_role("button", name="Accept").click()
        await expect(page.get_by_role("listitem")).to_have_text("Acme (acme-tools), as admin")


async def test_a_forgotten_password_is_chosen_anew(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    await people.newcomer(ADA)
    async with tab(browser, platform.origin) as page:
        await page.goto("/sign-in")
        await page.get_by_role("link", name="Choose a new password").click()
        await page.get_by_label("E-mail address").fill(ADA)
        await page.get_by_role("button", name="Send me a link").click()
        await page.goto(await link_sent_to(ADA, platform.outbox))
        await page.get_by_label("New password").fill("another good secret")
        await page.get_by_role("button", name="Write the new password").click()
        await page.get_by_role("link", name="sign in").click()
        await sign_in(page, ADA, "another good secret")
        await expect(page).to_have_url(f"{platform.origin}/account")


async def test_the_keyboard_alone_signs_in_and_out(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    await people.newcomer(ADA)
    async with tab(browser, platform.origin) as page:
        await page.goto("/sign-in")
        await expect(page.get_by_label("E-mail address")).to_be_focused()
        await page.keyboard.type(ADA)
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Sign in")).to_be_focused()
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await page.evaluate(outline) == "solid"
        await page.keyboard.press("Space")
        await expect(page).to_have_url(f"{platform.origin}/account")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Sign out")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{platform.origin}/sign-in")


async def test_without_scripts_one_signs_in_all_the_same(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    await people.newcomer(ADA)
    async with tab(browser, platform.origin, java_script_enabled=False) as page:
        await page.goto("/sign-in")
        await sign_in(page, ADA)
        await expect(page).to_have_url(f"{platform.origin}/account")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_small_screen_in_any_light_pages_fit_and_can_be_read(
    platform: Platform, browser: Browser, scheme: str
) -> None:
    small = {"viewport": {"width": 320, "height": 568}, "color_scheme": scheme}
    async with tab(browser, platform.origin, answers_may_refuse=True, **small) as page:
        for path in PATHS:
            await page.goto(path)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, path
            for selector in ("h1", "button", "p", "input", "a"):
                for ratio in await page.evaluate(CONTRASTS, selector):
                    assert ratio >= 4.5, f"{selector} of {path}"


# The ratio of WCAG 2.2 between an element's colour and what is painted behind it.
CONTRASTS = """
(selector) => {
  const painter = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const sheet = document.body.appendChild(document.createElement("div"));
  sheet.style.background = "Canvas";
  const paper = getComputedStyle(sheet).backgroundColor;
  const rgba = (colour) => {
    painter.clearRect(0, 0, 1, 1);
    painter.fillStyle = colour;
    painter.fillRect(0, 0, 1, 1);
    return [...painter.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba(paper);
  };
  return [...document.querySelectorAll(selector)]
    .filter((element) => element.type !== "hidden")
    .map((element) => [rgba(getComputedStyle(element).color), behind(element)].map(light))
    .map(([one, other]) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
}
"""
