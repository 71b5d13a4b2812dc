"""Logging in with a code by mail, as the person sees it, and what stops whoever guesses."""

import asyncio

import pytest
import structlog

from tests.support.login_browser import STATE, Browser, attributes, form_with, told, wrong
from tests.support.logins import CALLBACK, Door
from tests.support.oauth_site import ORIGIN, Site
from tests.support.tables import dump
from tests.support.world import World

ANN = "ann@acme.test"
CODES = "SELECT * FROM oauth_code"


async def test_a_login_by_mail_ends_at_the_client_with_a_code(
    world: World, site: Site, here: Door, browser: Browser
) -> None:
    app = await here.registered()
    answer = await browser.log_in(app)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=mcpc_")
    assert answer.headers["cache-control"] == "no-store"
    heard = told(answer)
    assert (heard["state"], heard["iss"]) == (STATE, ORIGIN)
    tokens = (await site.redeem(heard["code"], app.client_id)).json()
    caller = await here.admitted(tokens["access_token"])
    assert caller.verified_email == ANN
    assert "set-cookie" not in answer.headers
    assert await world.rows("SELECT stage FROM oauth_flow") == [("done",)]


async def test_the_code_may_have_spaces(here: Door, browser: Browser) -> None:
    await browser.agree(await here.registered())
    code = await browser.ask_for_code()
    assert "code" in told(await browser.submit("Log in", code=f" {code[:4]} {code[4:]} "))


async def test_the_forms_help_the_browser_to_fill_them_in(here: Door, browser: Browser) -> None:
    page = await browser.agree(await here.registered())
    assert 'type="email" autocomplete="email"' in page.text
    assert '<label for="email">Your e-mail address</label>' in page.text
    await browser.ask_for_code()
    assert browser.page is not None
    assert 'inputmode="numeric" autocomplete="one-time-code"' in browser.page.text
    assert f"<strong>{ANN}</strong>" in browser.page.text


async def test_what_is_no_address_is_told_at_the_field_which_keeps_it(
    here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    for typed in (
        "ann",
        '"><script>',
        "ann@acme.test\nbcc: eve@evil.test",
        "a@b@c",
        "\N{KELVIN SIGN}ate@acme.test",
    ):
        page = await browser.submit("Send me a code", email=typed)
        assert page.status_code == 400
        assert 'aria-invalid="true" aria-describedby="email-fault"' in page.text
        assert "<title>Error: Log in to Acme Docs</title>" in page.text
        assert attributes(page.text)["email"] == typed
        assert "<script" not in page.text
    assert here.people.postbox.mails == []


@pytest.mark.parametrize(
    "typed",
    [
        "=?x?q?eve=40evil.test=3e=00?=ann@acme.test",
        "=?utf-8?q?=61=6e=6e?=@acme.test",
        "ann=?utf-8?b?zxzl?=@acme.test",
    ],
)
async def test_an_address_that_mail_programs_read_as_another_gets_no_code(
    here: Door, browser: Browser, typed: str
) -> None:
    """An encoded word (RFC 2047): the mail would go to an address that is not the one kept."""
    await browser.agree(await here.registered())
    assert (await browser.submit("Send me a code", email=typed)).status_code == 400
    await here.people.desk.mail.emptied()
    assert here.people.postbox.mails == []


async def test_a_wrong_code_is_told_at_the_field_and_the_fifth_ends_the_login(
    world: World, here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    code = await browser.ask_for_code()
    assert browser.page is not None
    form = form_with(browser.page.text, "Log in", {"code": code})
    for left in ("4 more times", "3 more times", "2 more times", "1 more time"):
        page = await browser.submit("Log in", code=wrong(code))
        assert page.status_code == 400
        assert f'id="code-fault">This code is wrong. You can try {left}.' in page.text
        assert attributes(page.text)["code"] == ""
    over = await browser.submit("Log in", code=wrong(code))
    assert over.status_code == 404
    assert "Too many wrong codes: this login is over. Go back to your app" in over.text
    assert (await browser.send(*form)).status_code == 404
    assert await world.rows(CODES) == []


async def test_the_log_tells_why_a_form_was_shown_again(here: Door, browser: Browser) -> None:
    await browser.agree(await here.registered())
    with structlog.testing.capture_logs() as logs:
        await browser.submit("Send me a code", email="ann")
        code = await browser.ask_for_code()
        await browser.submit("Log in", code=wrong(code))
    lines = [line for line in logs if line["event"] == "request completed"]
    codes = [line["code"] for line in lines if "code" in line]
    assert codes == ["invalid_email", "wrong_code"]


async def test_an_empty_code_counts_as_a_wrong_one(here: Door, browser: Browser) -> None:
    await browser.agree(await here.registered())
    await browser.ask_for_code()
    assert "You can try 4 more times" in (await browser.submit("Log in", code="")).text


async def test_who_asks_for_another_code_is_told_what_became_of_it(
    site: Site, here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    await browser.ask_for_code()
    assert browser.page is not None
    assert "We have sent a code of 8 digits" in browser.page.text
    await browser.submit("Send another code")
    page = await browser.follow()
    assert "We have sent another code of 8 digits" in page.text
    assert "is still good" not in page.text
    for _ in range(3):
        await browser.submit("Send another code")
        page = await browser.follow()
    page = await browser.submit("Send another code")
    assert "<p>The last code that we have sent is still good.</p>" in page.text


async def test_another_code_makes_the_first_void(here: Door, browser: Browser) -> None:
    await browser.agree(await here.registered())
    first = await browser.ask_for_code()
    await browser.submit("Send another code")
    await browser.follow()
    second = await browser.mailed(ANN)
    assert "wrong" in (await browser.submit("Log in", code=first)).text
    assert "code" in told(await browser.submit("Log in", code=second))


async def test_another_address_can_be_taken_and_the_last_one_counts(
    world: World, here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    first = await browser.ask_for_code("eve@acme.test")
    assert browser.page is not None
    await browser.open(f"{browser.page.request.url}&address=other")
    second = await browser.ask_for_code(ANN)
    assert (await browser.submit("Log in", code=first)).status_code == 400
    await browser.submit("Log in", code=second)
    assert await world.rows("SELECT email FROM end_user") == [(ANN,)]


async def test_no_login_sends_more_than_five_codes(here: Door, browser: Browser) -> None:
    await browser.agree(await here.registered())
    await browser.ask_for_code()
    for _ in range(4):
        await browser.submit("Send another code")
        await browser.follow()
    page = await browser.submit("Send another code")
    assert page.status_code == 400
    assert 'role="alert">No more codes for this login.' in page.text
    assert len(await here.people.mails_to(ANN)) == 5


async def test_who_clicks_twice_is_logged_in_all_the_same(
    here: Door, site: Site, browser: Browser
) -> None:
    app = await here.registered()
    await browser.agree(app)
    code = await browser.ask_for_code()
    assert browser.page is not None
    form = form_with(browser.page.text, "Log in", {"code": code})
    first, second = await browser.send(*form), await browser.send(*form)
    assert second.headers["location"] == first.headers["location"]
    assert (await site.redeem(told(second)["code"], app.client_id)).status_code == 200
    third = await browser.send(*form)
    assert (third.status_code, third.headers.get("location")) == (200, None)
    assert "You are logged in to Acme Docs" in third.text


async def test_who_asks_twice_for_a_code_gets_one_mail(here: Door, browser: Browser) -> None:
    await browser.agree(await here.registered())
    for button, typed, mails in (
        ("Send me a code", {"email": ANN}, 1),
        ("Send another code", {}, 2),
        ("Send another code", {}, 3),
    ):
        assert browser.page is not None
        form = form_with(browser.page.text, button, typed)
        answers = [await browser.send(*form) for _ in range(2)]
        assert {answer.status_code for answer in answers} == {303}
        await browser.follow()
        assert len(await here.people.mails_to(ANN)) == mails
    assert browser.page is not None
    form = form_with(browser.page.text, "Log in", {"code": await browser.mailed(ANN)})
    assert "code" in told(await browser.send(*form))


async def test_who_asks_twice_at_once_for_a_code_gets_one_mail(
    here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    assert browser.page is not None
    form = form_with(browser.page.text, "Send me a code", {"email": ANN})
    windows = [Browser(browser.site, cookies=dict(browser.cookies)) for _ in range(3)]
    answers = await asyncio.gather(*(window.send(*form) for window in windows))
    assert {answer.status_code for answer in answers} == {303}
    assert len(await here.people.mails_to(ANN)) == 1


async def test_the_right_code_from_many_windows_at_once_gives_one_code(
    world: World, here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    code = await browser.ask_for_code()
    assert browser.page is not None
    form = form_with(browser.page.text, "Log in", {"code": code})
    windows = [Browser(browser.site, cookies=dict(browser.cookies)) for _ in range(10)]
    answers = await asyncio.gather(*(window.send(*form) for window in windows))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(await world.rows(CODES)) == 1


async def test_codes_cookies_and_addresses_are_in_no_log(
    world: World, here: Door, browser: Browser
) -> None:
    app = await here.registered()
    with structlog.testing.capture_logs() as logs:
        await browser.agree(app)
        kept = list(browser.cookies.values())
        code = await browser.ask_for_code()
        await browser.submit("Log in", code=wrong(code))
        held = str(await dump(world.owner))
        answer = await browser.submit("Log in", code=code)
    assert logs
    for secret in (code, told(answer)["code"], STATE, ANN, *kept):
        assert secret not in str(logs)
    for secret in (code, told(answer)["code"], *kept):
        assert secret not in held
        assert secret not in str(await dump(world.owner))
    assert code not in str(browser.page and browser.page.headers)
