"""The question before every login: what it shows, and what each answer comes to."""

from html import escape

import pytest

from app.core.enums import FlowStage
from app.web.pages import LOGIN_POLICY
from tests.support.client_document import published
from tests.support.login_browser import STATE, Browser, attributes, form_with, told
from tests.support.logins import CALLBACK, Door
from tests.support.oauth_site import ORIGIN
from tests.support.world import World

CODES = "SELECT * FROM oauth_code"
WEB = "https://phish.example/landing"
FLOWS = "SELECT stage FROM oauth_flow WHERE stage <> 'done'"


@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [
        (CALLBACK, "an app on this computer (<strong>127.0.0.1:33418</strong>)"),
        ("https://claude.ai/api/mcp/auth_callback", "<strong>claude.ai</strong>"),
        ("https://app.example:8443/cb", "<strong>app.example:8443</strong>"),
        (
            "cursor://anysphere.cursor-retrieval/cb",
            "the app on this device that opens <strong>cursor:</strong> links",
        ),
    ],
)
async def test_the_page_tells_who_asks_for_what_and_where_the_browser_returns_to(
    here: Door, browser: Browser, redirect_uri: str, shown: str
) -> None:
    app = await here.registered(client_name="Cursor", redirect_uris=[redirect_uri])
    page = await browser.begin(app, redirect_uri=redirect_uri)
    assert page.status_code == 200
    assert "<h1>Allow an app to use Acme Docs?</h1>" in page.text
    assert "<strong><bdi>Cursor</bdi></strong><br>It chose this name itself." in page.text
    assert f"{shown}<br><code>{redirect_uri}</code>" in page.text
    assert "your e-mail address" in page.text
    assert page.headers["content-security-policy"] == LOGIN_POLICY
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text


async def test_a_name_can_neither_mark_up_nor_turn_the_page(here: Door, browser: Browser) -> None:
    name = "</bdi><form action='https://evil.example'>\u202eevil\u200b"
    page = await browser.begin(await here.registered(client_name=name))
    assert "<bdi>&lt;/bdi&gt;&lt;form action=&#x27;https://evil.example&#x27;&gt;evil</bdi>" in (
        page.text
    )
    assert page.text.count("<form") == 1


async def test_yes_leads_to_the_login_and_gives_no_code(
    world: World, here: Door, browser: Browser
) -> None:
    await browser.begin(await here.registered())
    answer = await browser.submit("Allow")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/login?login=oafl_")
    assert await world.rows(FLOWS) == [(FlowStage.LOGIN.value,)]
    assert await world.rows(CODES) == []


async def test_no_is_told_to_the_client_and_ends_the_login(
    world: World, here: Door, browser: Browser
) -> None:
    page = await browser.begin(await here.registered())
    answer = await browser.submit("Cancel")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    assert told(answer) == {
        "error": "access_denied",
        "error_description": "The login was cancelled.",
        "state": STATE,
        "iss": ORIGIN,
    }
    assert await world.rows(FLOWS) == []
    assert await world.rows(CODES) == []
    again = await browser.open(str(page.request.url))
    assert again.status_code == 404
    assert "Go back to your app and connect again." in again.text


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (WEB, "phish.example"),
        ("cursor://anysphere.cursor-deeplink/mcp/install?name=x", "cursor:"),
    ],
)
async def test_no_sends_nobody_to_where_a_stranger_wants_them(
    world: World, here: Door, browser: Browser, uri: str, place: str
) -> None:
    """RFC 9700 4.11.2: anyone may register a client, and nobody has vouched for it yet."""
    await browser.begin(await here.registered(redirect_uris=[uri]), redirect_uri=uri)
    page = await browser.submit("Cancel")
    assert (page.status_code, page.headers.get("location")) == (200, None)
    assert "refresh" not in page.headers
    assert "It leads to" in page.text
    assert f"<strong>{place}</strong>" in page.text
    assert escape(f"{uri}{'&' if '?' in uri else '?'}error=access_denied") in page.text
    assert await world.rows(FLOWS) == []


async def test_who_has_not_logged_in_is_sent_to_no_stranger_either(
    here: Door, browser: Browser
) -> None:
    """RFC 9700 4.11.2: to allow an app is not to say who one is."""
    for uri in (WEB, "cursor://anysphere.cursor-deeplink/mcp/install"):
        await browser.agree(await here.registered(redirect_uris=[uri]), redirect_uri=uri)
        page = await browser.submit("Cancel")
        assert (page.status_code, page.headers.get("location")) == (200, None)
        assert "refresh" not in page.headers
        assert escape(f"{uri}?error=access_denied") in page.text


async def test_no_can_be_said_twice(here: Door, browser: Browser) -> None:
    """Who clicks twice: the browser follows the second answer only."""
    app = await here.registered()
    for see in (browser.begin, browser.agree):
        await see(app)
        assert browser.page is not None
        form = form_with(browser.page.text, "Cancel", {})
        first, second = await browser.send(*form), await browser.send(*form)
        assert told(second)["error"] == "access_denied"
        assert second.headers["location"] == first.headers["location"]


async def test_no_that_is_said_twice_sends_nobody_to_a_stranger(
    here: Door, browser: Browser
) -> None:
    await browser.begin(await here.registered(redirect_uris=[WEB]), redirect_uri=WEB)
    assert browser.page is not None
    form = form_with(browser.page.text, "Cancel", {})
    first, second = await browser.send(*form), await browser.send(*form)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.text == first.text


async def test_no_can_be_said_at_every_later_form(here: Door, browser: Browser) -> None:
    app = await here.registered()
    await browser.agree(app)
    assert told(await browser.submit("Cancel"))["error"] == "access_denied"
    await browser.agree(app)
    await browser.ask_for_code()
    assert told(await browser.submit("Cancel"))["error"] == "access_denied"


async def test_every_login_is_asked_about_also_the_second_of_one_client(
    here: Door, browser: Browser
) -> None:
    app = await here.registered()
    await browser.log_in(app)
    assert "Allow an app to use" in (await browser.begin(app)).text


async def test_the_page_can_be_loaded_again_and_leads_on_once_it_was_answered(
    here: Door, browser: Browser
) -> None:
    page = await browser.begin(await here.registered())
    assert (await browser.open(str(page.request.url))).text == page.text
    await browser.submit("Allow")
    assert (
        (await browser.open(str(page.request.url))).headers["location"].startswith("/oauth/login?")
    )


async def test_the_login_leads_back_to_a_question_without_an_answer(
    here: Door, browser: Browser
) -> None:
    page = await browser.begin(await here.registered())
    login = str(page.request.url).replace("/oauth/consent", "/oauth/login")
    assert (await browser.open(login)).headers["location"].startswith("/oauth/consent?")


async def test_a_browser_without_cookies_is_told_that_it_has_none(
    here: Door, browser: Browser
) -> None:
    page = await browser.begin(await here.registered())
    browser.cookies.clear()
    answer = await browser.open(str(page.request.url))
    assert answer.status_code == 404
    assert "your browser keeps no cookies here" in answer.text


async def test_two_logins_of_one_browser_do_not_disturb_each_other(
    here: Door, browser: Browser
) -> None:
    one, two = await here.registered(client_name="One"), await here.registered(client_name="Two")
    first = await browser.begin(one)
    await browser.begin(two)
    assert len(browser.cookies) == 2
    await browser.submit("Cancel")
    assert "One" in (await browser.open(str(first.request.url))).text
    assert (await browser.submit("Allow")).status_code == 303


@pytest.mark.parametrize("uri", ["cursor://anysphere.cursor/cb", "http://[::1]:33418/cb"])
async def test_the_way_back_to_an_app_is_a_page_that_opens_it(
    here: Door, browser: Browser, uri: str
) -> None:
    """No policy of a form can name such an address, and browsers would go on showing the form."""
    app = await here.registered(client_name="Cursor", redirect_uris=[uri])
    answer = await browser.log_in(app, redirect_uri=uri)
    assert (answer.status_code, answer.headers.get("location")) == (200, None)
    seconds, _, url = answer.headers["refresh"].partition(";url=")
    assert seconds == "0"
    assert url.startswith(f"{uri}?code=mcpc_")
    assert "<h1>You are logged in to Acme Docs</h1>" in answer.text
    assert f'<a href="{url.replace("&", "&amp;")}">' in answer.text


async def test_the_way_back_to_the_own_machine_needs_no_login(here: Door, browser: Browser) -> None:
    uri = "http://[::1]:33418/cb"
    await browser.agree(await here.registered(redirect_uris=[uri]), redirect_uri=uri)
    denied = await browser.submit("Cancel")
    assert "You are not logged in" in denied.text
    assert denied.headers["refresh"].startswith(f"0;url={uri}?error=access_denied")


async def test_a_client_with_a_document_is_told_apart_by_its_host(
    here: Door, browser: Browser
) -> None:
    async with published(client_name="Cursor", redirect_uris=[CALLBACK]) as document:
        page = await browser.begin(await here.the_client(), client_id=document.url)
    assert "It chose this name itself" not in page.text
    assert "Published at <strong>127.0.0.1:" in page.text


@pytest.mark.parametrize("choice", ["", "maybe", "ALLOW"])
async def test_what_is_neither_yes_nor_no_changes_nothing(
    world: World, here: Door, browser: Browser, choice: str
) -> None:
    page = await browser.begin(await here.registered())
    inputs = {**attributes(page.text), "choice": choice}
    answer = await browser.send("/oauth/consent", inputs)
    assert answer.status_code == 400
    assert await world.rows(FLOWS) == [(FlowStage.CONSENT.value,)]
