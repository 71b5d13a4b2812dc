"""Logging in with the customer's own provider, a real one over real HTTP, and whatever it does."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog

from app.core.sealed import Sealer
from app.domain import admission, oauth_configs
from tests.support.identity_provider import (
    CLIENT_SECRET,
    Faults,
    IdentityProvider,
    identity_provider,
    key_for,
    visit,
)
from tests.support.internet import response
from tests.support.login_browser import STATE, Browser, form_with, told
from tests.support.logins import CALLBACK, ISSUER, Door, configure
from tests.support.oauth_site import ORIGIN, Site, site_of
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.world import World

CODES = "SELECT * FROM oauth_code"
FLOWS = "SELECT * FROM oauth_flow WHERE stage <> 'done'"
DOWN = response(status=503)


@pytest.fixture
def site(custom: Door) -> Site:
    """The server's site."""
    return site_of(custom)


async def test_who_agrees_logs_in_at_the_provider_and_comes_back_with_a_code(
    world: World, custom: Door, site: Site, browser: Browser
) -> None:
    app = await custom.registered()
    await browser.agree(app)
    answer = await browser.open(await browser.gone_to_the_provider())
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=mcpc_")
    heard = told(answer)
    assert (heard["state"], heard["iss"]) == (STATE, ORIGIN)
    tokens = (await site.redeem(heard["code"], app.client_id)).json()
    caller = await custom.admitted(tokens["access_token"])
    assert caller.verified_email == "ann@acme.test"
    rows = await world.rows("SELECT subject, email, email_verified, profile FROM end_user")
    assert rows == [("person-1", "ann@acme.test", True, '{"name": "Ann"}')]
    assert "set-cookie" not in answer.headers
    assert await world.rows(FLOWS) == []


async def test_the_question_tells_what_the_provider_is_asked_for(
    custom: Door, browser: Browser
) -> None:
    await configure(custom, ISSUER, scopes=("openid", "groups", "a<b"))
    page = await browser.begin(await custom.registered())
    assert "It asks there for <code>openid groups a&lt;b</code>" in page.text
    owner = await admission.operator_as_owner(f"{custom.config.slug}-org")
    await oauth_configs.delete_config(owner, custom.config.id)
    page = await browser.begin(await custom.registered())
    assert (page.status_code, "It asks there" in page.text) == (200, False)


async def test_nobody_is_sent_to_the_provider_before_they_agree(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    page = await browser.begin(await custom.registered())
    login = str(page.request.url).replace("/oauth/consent", "/oauth/login")
    assert (await browser.open(login)).headers["location"].startswith("/oauth/consent?")
    assert provider.asked == []
    await browser.open(str(page.request.url))
    answer = await browser.submit("Allow")
    assert answer.headers["location"].startswith(f"{provider.issuer}/authorize?tenant=acme&")
    assert STATE not in answer.headers["location"]


async def test_the_provider_is_given_a_challenge_and_a_nonce_and_no_secret(
    custom: Door, browser: Browser
) -> None:
    answer = await browser.agree(await custom.registered())
    asked = told(answer)
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["nonce"]
    assert asked["redirect_uri"] == f"{ORIGIN}/oauth/callback"
    assert CLIENT_SECRET not in answer.headers["location"]


def unsigned(token: str) -> str:
    """The ID token without its signature."""
    return f"{token.rpartition('.')[0]}."


LIES: dict[str, Callable[[], Faults]] = {
    "a wrong nonce": lambda: Faults(claims={"nonce": "another"}),
    "no nonce": lambda: Faults(claims={"nonce": None}),
    "a wrong issuer": lambda: Faults(claims={"iss": "https://evil.example"}),
    "a wrong audience": lambda: Faults(claims={"aud": "another client"}),
    "an expired token": lambda: Faults(claims={"exp": 1}),
    "no subject": lambda: Faults(claims={"sub": None}),
    "another key": lambda: Faults(sign_with=key_for("ES256")),
    "no signature": lambda: Faults(forge=unsigned),
    "algorithm none": lambda: Faults(header={"alg": "none"}, forge=unsigned),
    "another provider's answer": lambda: Faults(callback={"iss": "https://evil.example"}),
    "an answer without the promised issuer": lambda: Faults(callback={"iss": None}),
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_identity_that_does_not_hold_gives_no_code(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider, lie: str
) -> None:
    provider.faults = LIES[lie]()
    await browser.agree(await custom.registered())
    heard = told(await browser.open(await browser.gone_to_the_provider()))
    assert heard["error"] == "access_denied"
    assert (heard["state"], heard["iss"]) == (STATE, ORIGIN)
    assert "code" not in heard
    assert await world.rows(CODES) == []
    assert await world.rows(FLOWS) == []
    assert await world.rows("SELECT * FROM end_user") == []


@pytest.mark.parametrize("iss", ["https://evil.example", None])
async def test_a_mixed_up_answer_never_reaches_a_token_endpoint(
    custom: Door, browser: Browser, provider: IdentityProvider, iss: str | None
) -> None:
    provider.faults = Faults(callback={"iss": iss})
    await browser.agree(await custom.registered())
    await browser.open(await browser.gone_to_the_provider())
    assert provider.count("/token") == 0


@pytest.mark.parametrize("verified", [False, None, "yes", 1])
async def test_an_unverified_address_is_not_taken_for_the_persons(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider, verified: Any
) -> None:
    provider.person["email_verified"] = verified
    app = await custom.registered()
    await browser.agree(app)
    code = told(await browser.open(await browser.gone_to_the_provider()))["code"]
    tokens = (await browser.site.redeem(code, app.client_id)).json()
    assert (await custom.admitted(tokens["access_token"])).verified_email is None
    assert await world.rows("SELECT subject, email FROM end_user") == [("person-1", None)]


async def test_another_browser_cannot_end_the_login_and_the_first_still_can(
    world: World, custom: Door, site: Site, browser: Browser, provider: IdentityProvider
) -> None:
    await browser.agree(await custom.registered())
    back = await browser.gone_to_the_provider()
    victim = Browser(site)
    await victim.agree(await custom.registered())
    for stranger in (Browser(site), victim):
        answer = await stranger.open(back)
        assert (answer.status_code, answer.headers.get("location")) == (404, None)
        assert "began in another browser" in answer.text
    assert provider.count("/token") == 0
    assert await world.rows(CODES) == []
    assert "code" in told(await browser.open(back))


async def test_an_answer_counts_once(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    await browser.agree(await custom.registered())
    back = await browser.gone_to_the_provider()
    await browser.open(back)
    page = await browser.open(back)
    assert (page.status_code, page.headers.get("location")) == (400, None)
    assert provider.count("/token") == 1
    assert len(await world.rows(CODES)) == 1
    stranger = await Browser(browser.site).open(back)
    assert (stranger.status_code, "Try again" in stranger.text) == (404, False)


async def test_who_lost_the_way_back_by_a_second_click_is_sent_there_by_the_page(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    app = await custom.registered()
    await browser.agree(app)
    back = await browser.gone_to_the_provider()
    lost = await browser.open(back)
    await browser.open(back)
    assert browser.page is not None
    form = form_with(browser.page.text, "Try again", {})
    found = await browser.send(*form)
    assert found.headers["location"] == lost.headers["location"]
    assert provider.count("/token") == 1
    await browser.site.redeem(told(found)["code"], app.client_id)
    page = await browser.send(*form)
    assert (page.status_code, page.headers.get("location")) == (200, None)
    assert "You are logged in to Acme Docs" in page.text
    await world.owner.execute("UPDATE oauth_flow SET expires_at = now()")
    assert (await browser.send(*form)).status_code == 404


async def test_an_answer_reaches_no_provider_but_the_one_that_gave_it(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    """The customer enters another one while somebody logs in."""
    async with identity_provider() as other:
        await browser.agree(await custom.registered())
        back = await browser.gone_to_the_provider()
        await configure(custom, other.issuer)
        answer = await browser.open(back)
        assert (answer.status_code, answer.headers.get("location")) == (400, None)
        await configure(custom, provider.issuer)
        await configure(custom, other.issuer)
        assert (await browser.open(back)).status_code == 400
        assert other.asked == []
    assert provider.count("/token") == 0
    assert await world.rows(CODES) == []


async def test_an_answer_that_ended_in_a_no_is_not_heard_again(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    await browser.agree(await custom.registered())
    assert browser.page is not None
    mine = await visit(browser.page.headers["location"])
    back = f"/oauth/callback?{urlencode({'state': mine['state'], 'error': 'access_denied'})}"
    assert told(await browser.open(back))["error"] == "access_denied"
    page = await browser.open(f"/oauth/callback?{urlencode(mine)}")
    assert (page.status_code, page.headers.get("location")) == (400, None)
    page = await browser.submit("Try again")
    assert (page.status_code, page.headers.get("location")) == (404, None)
    assert provider.count("/token") == 0
    assert await world.rows(CODES) == []


async def test_the_answer_to_a_trip_of_before_is_void(
    world: World, custom: Door, browser: Browser
) -> None:
    page = await browser.begin(await custom.registered())
    await browser.submit("Allow")
    former = await browser.gone_to_the_provider()
    await browser.open(str(page.request.url).replace("/oauth/consent", "/oauth/login"))
    await browser.submit("Continue")
    latter = await browser.gone_to_the_provider()
    page = await browser.open(former)
    assert (page.status_code, page.headers.get("location")) == (400, None)
    assert 'role="alert">This answer came late, or twice' in page.text
    assert await world.rows(CODES) == []
    assert "code" in told(await browser.open(latter))


async def test_who_comes_back_twice_can_set_out_anew(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    """The provider was away, and somebody loads the page again."""
    await browser.agree(await custom.registered())
    provider.faults = Faults(answers={"/token": DOWN})
    back = await browser.gone_to_the_provider()
    await browser.open(back)
    provider.faults = Faults()
    page = await browser.open(back)
    assert (page.status_code, page.headers.get("location")) == (400, None)
    assert await world.rows(CODES) == []
    await browser.submit("Try again")
    assert "code" in told(await browser.open(await browser.gone_to_the_provider()))


async def test_a_no_that_does_not_say_for_which_login_is_told_as_one(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    await browser.agree(await custom.registered())
    with structlog.testing.capture_logs() as logs:
        page = await browser.open("/oauth/callback?error=access_denied&error_description=%3Cb")
    assert (page.status_code, page.headers.get("location")) == (404, None)
    assert "The sign-in service answered with access_denied" in page.text
    assert "&lt;b" not in page.text
    assert [log["code"] for log in logs if log["event"] == "upstream login failed"] == [
        "access_denied"
    ]
    page = await browser.open("/oauth/callback?error=%3Cscript%3E")
    assert "answered with (no error code)" in page.text
    assert provider.count("/token") == 0


async def test_a_code_from_somebody_elses_trip_is_of_no_use(
    world: World, custom: Door, site: Site, browser: Browser
) -> None:
    """Code injection: the attacker's own code, put into the victim's answer."""
    app, attacker = await custom.registered(), Browser(site)
    await attacker.agree(app)
    assert attacker.page is not None
    stolen = (await visit(attacker.page.headers["location"]))["code"]
    await browser.agree(app)
    assert browser.page is not None
    mine = await visit(browser.page.headers["location"])
    answer = await browser.open(f"/oauth/callback?{urlencode({**mine, 'code': stolen})}")
    assert "code" not in told(answer)
    assert await world.rows(CODES) == []


async def test_a_person_who_says_no_at_the_provider_said_no(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    provider.faults = Faults(callback={"error": "access_denied", "code": None})
    await browser.agree(await custom.registered())
    heard = told(await browser.open(await browser.gone_to_the_provider()))
    assert (heard["error"], heard["state"]) == ("access_denied", STATE)


async def test_a_provider_that_is_down_can_be_tried_again(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    provider.faults = Faults(answers={"/.well-known/openid-configuration": DOWN})
    page = await browser.begin(await custom.registered())
    page = await browser.submit("Allow")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "60"
    assert 'role="alert">The sign-in service does not answer just now.' in page.text
    assert await world.rows(CODES) == []
    provider.faults = Faults(answers={"/token": DOWN})
    await browser.submit("Try again")
    page = await browser.open(await browser.gone_to_the_provider())
    assert page.status_code == 503
    provider.faults = Faults()
    await browser.submit("Try again")
    assert "code" in told(await browser.open(await browser.gone_to_the_provider()))


async def test_a_provider_that_is_down_can_be_given_up(
    custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    provider.faults = Faults(answers={"/.well-known/openid-configuration": DOWN})
    await browser.begin(await custom.registered())
    await browser.submit("Allow")
    assert told(await browser.submit("Cancel"))["error"] == "access_denied"


async def test_a_provider_that_somebody_must_mend_is_told_to_the_client(
    world: World, custom: Door, browser: Browser, provider: IdentityProvider
) -> None:
    provider.faults = Faults(metadata={"issuer": "https://evil.example"})
    await browser.begin(await custom.registered())
    heard = told(await browser.submit("Allow"))
    assert heard["error"] == "server_error"
    assert heard["error_description"].startswith("Sign-in is not set up right for this server.")
    assert await world.rows(FLOWS) == []


async def test_a_provider_that_nobody_entered_is_told_to_the_client(
    custom: Door, browser: Browser
) -> None:
    scope = await admission.operator_as_owner("acme-docs-org")
    await oauth_configs.delete_config(scope, custom.config.id)
    await browser.begin(await custom.registered())
    with structlog.testing.capture_logs() as logs:
        heard = told(await browser.submit("Allow"))
    (line,) = [line for line in logs if line["event"] == "upstream login failed"]
    assert (line["server"], line["code"]) == ("acme-docs", "login_not_configured")
    assert heard["error"] == "server_error"
    assert heard["error_description"].startswith("Sign-in is not set up right for this server.")


async def test_a_secret_that_no_key_opens_any_more_is_told_as_one_to_mend(
    custom: Door, browser: Browser
) -> None:
    desk = replace(custom.people.desk, sealer=Sealer("another key of enough characters"))
    people = Reception(desk, custom.people.postbox)
    browser.site = site_of(Door(custom.config, people))
    await browser.begin(await custom.registered())
    heard = told(await browser.submit("Allow"))
    assert heard["error"] == "server_error"
    assert heard["error_description"].startswith("Sign-in is not set up right for this server.")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=",
        "state=oafl_aaaaaaaaaaaaaaaa.x&code=c",
        "state=%00&code=c",
        "state=%F0%9F%98%80.x&code=c",
        "state=a&state=b&code=c",
        "error=access_denied",
    ],
)
async def test_an_answer_to_nothing_leads_nowhere(
    world: World, custom: Door, browser: Browser, query: str
) -> None:
    await browser.agree(await custom.registered())
    answer = await browser.open(f"/oauth/callback?{query}")
    assert answer.status_code in {400, 404}
    assert "location" not in answer.headers
    assert "connect again" in answer.text
    assert await world.rows(CODES) == []


async def test_secrets_stay_where_they_belong(
    world: World,
    custom: Door,
    browser: Browser,
    provider: IdentityProvider,
) -> None:
    app = await custom.registered()
    shown: list[str] = []
    with structlog.testing.capture_logs() as logs:
        for faults in (Faults(), Faults(claims={"nonce": "x"}), Faults(answers={"/token": DOWN})):
            provider.faults = faults
            answers = [await browser.begin(app), await browser.submit("Allow")]
            answers.append(await browser.open(await browser.gone_to_the_provider()))
            shown += [f"{answer.headers} {answer.text}" for answer in answers]
    assert logs
    kept = str(await dump(world.owner))
    ours = re.findall(r"mcpc_[a-z2-7]+", str(shown))
    cookies = [value for value in browser.cookies.values() if value]
    assert ours
    assert cookies
    for secret in (*provider.secrets, *ours, *cookies):
        assert secret not in str(logs)
        assert secret not in kept
    for secret in provider.secrets:
        assert all(secret not in answer for answer in shown)
