"""Whoever guesses codes or has strangers mailed is slowed down; whom they do it to is not."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.attempts import Attempts
from app.oauth import authorize
from tests.support.client_document import published
from tests.support.login_browser import STATE, Browser, attributes, told, wrong
from tests.support.logins import CALLBACK, Door
from tests.support.oauth_site import ORIGIN, Site, site_of
from tests.support.people import Away, Reception, reception
from tests.support.world import World

ANN = "ann@acme.test"
CODES = "SELECT * FROM oauth_code"


@pytest.fixture
async def counting() -> AsyncIterator[Reception]:
    """A front desk that counts attempts."""
    async with reception(Attempts()) as people:
        yield people


@pytest.fixture
def limited(here: Door, counting: Reception) -> Site:
    """The server's site at that desk."""
    return site_of(Door(here.config, counting, here.clients))


async def test_one_client_has_an_address_mailed_three_times_a_minute_and_others_still_can(
    here: Door, limited: Site, counting: Reception
) -> None:
    app = await here.registered()
    for _ in range(3):
        browser = Browser(limited)
        await browser.agree(app)
        await browser.ask_for_code()
    browser = Browser(limited)
    await browser.agree(app)
    page = await browser.submit("Send me a code", email=ANN.upper())
    assert page.status_code == 429
    assert 1 <= int(page.headers["retry-after"]) <= 120
    assert 'role="alert">Too many attempts. Try again in' in page.text
    assert attributes(page.text)["email"] == ANN.upper()
    assert len(await counting.mails_to(ANN)) == 3
    page = await browser.submit("Send me a code", email="bob@acme.test")
    assert page.status_code == 303
    elsewhere = Browser(limited, peer="198.51.100.4")
    await elsewhere.agree(app)
    assert (await elsewhere.submit("Send me a code", email=ANN)).status_code == 303


async def test_a_client_address_has_thirty_mails_sent_a_minute(
    here: Door, limited: Site, counting: Reception
) -> None:
    app = await here.registered()
    statuses = []
    for number in range(32):
        browser = Browser(limited)
        await browser.agree(app)
        page = await browser.submit("Send me a code", email=f"person-{number}@acme.test")
        statuses.append(page.status_code)
    assert statuses == [303] * 30 + [429] * 2
    await counting.desk.mail.emptied()
    assert len(counting.postbox.mails) == 30


async def test_one_client_tries_ten_codes_of_an_address_a_minute_and_its_owner_still_can(
    world: World, here: Door, limited: Site
) -> None:
    app, statuses = await here.registered(), []
    owner = Browser(limited, peer="198.51.100.4")
    await owner.agree(app)
    code = await owner.ask_for_code()
    for _ in range(3):
        browser = Browser(limited)
        await browser.agree(app)
        other = await browser.ask_for_code()
        statuses += [
            (await browser.submit("Log in", code=wrong(other))).status_code for _ in range(4)
        ]
    assert statuses == [400] * 10 + [429] * 2
    assert await world.rows(CODES) == []
    assert "code" in told(await owner.submit("Log in", code=code))


async def test_a_client_address_begins_sixty_logins_a_minute(
    world: World, here: Door, limited: Site
) -> None:
    app = await here.registered()
    browser = Browser(limited)
    for _ in range(60):
        await browser.begin(app)
    heard = told(await browser.begin(app))
    assert heard["error"] == "temporarily_unavailable"
    assert heard["error_description"].startswith("Too many attempts. Try again in")
    assert (heard["state"], heard["iss"]) == (STATE, ORIGIN)
    assert len(await world.rows("SELECT * FROM oauth_flow")) == 60


async def test_a_subscriber_names_so_many_documents_a_day(
    world: World, here: Door, limited: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorize, "DOCUMENTS_PER_DAY", 3)
    app = await here.the_client()
    async with published(client_name="Paper", redirect_uris=[CALLBACK]) as document:
        browsers = [Browser(limited, peer=f"2001:db8:0:{number}::1") for number in range(4)]
        pages = [await one.begin(app, client_id=document.url) for one in browsers]
        assert [page.status_code for page in pages] == [200, 200, 200, 429]
        assert "Too many attempts" in pages[-1].text
        elsewhere = Browser(limited, peer="2001:db8:1::1")
        assert (await elsewhere.begin(app, client_id=document.url)).status_code == 200
    assert len(await world.rows("SELECT * FROM oauth_flow")) == 4


async def test_without_its_redis_no_one_logs_in_and_the_page_says_so(
    world: World, here: Door, browser: Browser
) -> None:
    app = await here.registered()
    await browser.agree(app)
    async with reception(Attempts(Away())) as people:
        browser.site = site_of(Door(here.config, people, here.clients))
        assert_says_that_redis_is_away(await browser.submit("Send me a code", email=ANN))
        assert people.postbox.mails == []
        heard = told(await Browser(browser.site).begin(app))
    assert heard["error"] == "temporarily_unavailable"
    assert "not possible just now" in heard["error_description"]
    assert await world.rows(CODES) == []
    browser.site = site_of(here)
    assert "code" in told(await browser.submit("Log in", code=await browser.ask_for_code()))


async def test_a_code_that_cannot_be_tried_without_redis_can_be_tried_afterwards(
    world: World, here: Door, browser: Browser
) -> None:
    await browser.agree(await here.registered())
    code = await browser.ask_for_code()
    async with reception(Attempts(Away())) as people:
        browser.site = site_of(Door(here.config, people, here.clients))
        for attempt in (code, wrong(code)):
            assert_says_that_redis_is_away(await browser.submit("Log in", code=attempt))
    assert await world.rows(CODES) == []
    assert await world.rows("SELECT wrong_codes FROM oauth_flow") == [(0,)]
    browser.site = site_of(here)
    assert "code" in told(await browser.submit("Log in", code=code))


def assert_says_that_redis_is_away(page: httpx.Response) -> None:
    assert page.status_code == 503
    assert 1 <= int(page.headers["retry-after"]) <= 60
    assert "Logging in is not possible just now. Try again in a minute." in page.text
