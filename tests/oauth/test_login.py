"""A whole login by mail, as the person sees it."""

import pytest

from app.core.attempts import Attempts
from tests.support.login_browser import STATE, Browser, told
from tests.support.logins import CALLBACK, Door
from tests.support.oauth_site import ORIGIN, Site


async def test_a_login_by_mail_ends_at_the_client_with_a_code(site: Site, here: Door) -> None:
    app = await here.registered()
    browser = Browser(site)
    answer = await browser.log_in(app)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=mcpc_")
    heard = told(answer)
    assert (heard["state"], heard["iss"]) == (STATE, ORIGIN)
    tokens = (await site.redeem(heard["code"], app.client_id)).json()
    caller = await here.admitted(tokens["access_token"])
    assert caller.verified_email == "ann@acme.test"
    assert browser.cookies == {}
