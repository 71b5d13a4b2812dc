"""What a client's request for a login must be, by the sentences that the specifications have."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from app.core.attempts import Attempts
from app.core.enums import AuthType
from app.web.pages import LOGIN_POLICY
from tests.support.client_document import DOCUMENT_PATH, published
from tests.support.login_browser import AUTHORIZE, STATE, Browser, query, told
from tests.support.logins import CALLBACK, CHALLENGE, Door
from tests.support.oauth_site import MCP_URL, ORIGIN, Site, site_of
from tests.support.people import reception
from tests.support.world import World, make_world

HTTPS = "https://app.example/cb"
FLOWS = "SELECT redirect_uri, state, scopes, resource, code_challenge FROM oauth_flow"


async def test_a_sound_request_begins_a_login_that_this_browser_alone_holds(
    world: World, here: Door, browser: Browser
) -> None:
    app = await here.registered()
    answer = await browser.open(f"{AUTHORIZE}?{query(app, resource=MCP_URL, scope='openid email')}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/consent?login=oafl_")
    flow_id = answer.headers["location"].partition("=")[2]
    (cookie,) = answer.headers.get_list("set-cookie")
    name, _, rest = cookie.partition("=")
    assert name == f"__Host-mcplogin-{flow_id}"
    assert rest.startswith("mcpf_")
    assert rest.endswith("; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax")
    assert answer.headers["cache-control"] == "no-store"
    assert await world.rows(FLOWS) == [
        (CALLBACK, STATE, ["openid", "email"], MCP_URL, CHALLENGE),
    ]


# Each with the sentence that it breaks, and the error that the client hears.
MUSTS: dict[str, tuple[dict[str, Any], str]] = {
    "RFC 9700 2.1.1: PKCE is required": ({"code_challenge": None}, "invalid_request"),
    "OAuth 2.1 4.1.1: an empty challenge is none": ({"code_challenge": ""}, "invalid_request"),
    "RFC 7636 4.4.1: a method left out would be plain": (
        {"code_challenge_method": None},
        "invalid_request",
    ),
    "RFC 9700 2.1.1: plain is refused": ({"code_challenge_method": "plain"}, "invalid_request"),
    "RFC 7636 4.3: methods are case-sensitive": (
        {"code_challenge_method": "s256"},
        "invalid_request",
    ),
    "RFC 7636 4.2: a challenge has 43 characters": (
        {"code_challenge": CHALLENGE[:-1]},
        "invalid_request",
    ),
    "RFC 6749 3.1.1: response_type is required": ({"response_type": None}, "invalid_request"),
    "RFC 9700 2.1.2: no implicit grant": ({"response_type": "token"}, "unsupported_response_type"),
    "RFC 9700 2.1.2: no hybrid either": (
        {"response_type": "code token"},
        "unsupported_response_type",
    ),
    "RFC 6749 3.1: no parameter twice (scope)": ({"scope": ["openid", "email"]}, "invalid_request"),
    "RFC 6749 3.1: no parameter twice (challenge)": (
        {"code_challenge": [CHALLENGE, CHALLENGE]},
        "invalid_request",
    ),
    "RFC 6749 4.1.2.1: no scope is known": ({"scope": "admin root"}, "invalid_scope"),
    "RFC 8707 2: a resource of another host": (
        {"resource": "https://other.example/mcp"},
        "invalid_target",
    ),
    "RFC 8707 2: a resource with a fragment": ({"resource": f"{MCP_URL}#x"}, "invalid_target"),
    "RFC 8707 2: one of two resources is another's": (
        {"resource": [MCP_URL, "https://other.example/mcp"]},
        "invalid_target",
    ),
    "OAuth 2.0 Multiple Response Types 2.1: query alone": (
        {"response_mode": "fragment"},
        "invalid_request",
    ),
    "OpenID Connect Core 3.1.2.6: prompt=none asks nobody": ({"prompt": "none"}, "login_required"),
    "OpenID Connect Core 3.1.2.1: prompt=none goes alone": (
        {"prompt": "none login"},
        "invalid_request",
    ),
    "OpenID Connect Core 6.1: request objects are not read": (
        {"request": "eyJhbGciOiJub25lIn0.e30."},
        "request_not_supported",
    ),
    "OpenID Connect Core 6.2: nor are they fetched": (
        {"request_uri": "http://169.254.169.254/"},
        "request_uri_not_supported",
    ),
    "RFC 6749 3.1.1: a quote in the response type": (
        {"response_type": 'code"'},
        "unsupported_response_type",
    ),
    "RFC 6749 3.1.1: a letter that is none of ASCII's": (
        {"response_type": "tokén"},
        "unsupported_response_type",
    ),
    "RFC 6749 4.1.1: a state that no address can have": ({"state": "a\nb"}, "invalid_request"),
}


@pytest.mark.parametrize("must", MUSTS)
async def test_the_client_hears_what_is_wrong_with_state_and_issuer(
    world: World, here: Door, browser: Browser, must: str
) -> None:
    asking, error = MUSTS[must]
    answer = await browser.open(f"{AUTHORIZE}?{query(await here.registered(), **asking)}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?error=")
    heard = told(answer)
    assert heard.keys() == {"error", "error_description", "state", "iss"}
    assert heard["error"] == error
    assert heard["error_description"].endswith(".")
    assert (heard["state"], heard["iss"]) == (asking.get("state", STATE), ORIGIN)
    assert "set-cookie" not in answer.headers
    assert await world.rows(FLOWS) == []


async def test_a_state_that_is_there_twice_is_nobodys(here: Door, browser: Browser) -> None:
    answer = await browser.begin(await here.registered(), state=["one", "two"])
    heard = told(answer)
    assert (heard["error"], heard["iss"]) == ("invalid_request", ORIGIN)
    assert "state" not in heard


async def test_a_request_without_a_state_is_answered_without_one(
    here: Door, browser: Browser
) -> None:
    app = await here.registered()
    assert "state" not in told(await browser.begin(app, state=None, response_type="token"))
    assert "state" not in told(await browser.log_in(app, state=None))


async def test_a_query_of_the_redirect_uri_stays(here: Door, browser: Browser) -> None:
    uri = "http://127.0.0.1:33418/callback?tab=1&x=%20"
    app = await here.registered(redirect_uris=[uri])
    answer = await browser.begin(app, redirect_uri=uri, response_type="token")
    assert answer.headers["location"].startswith(f"{uri}&error=unsupported_response_type&")
    done = await browser.log_in(app, redirect_uri=uri)
    assert done.headers["location"].startswith(f"{uri}&code=mcpc_")


@pytest.mark.parametrize(
    ("asking", "status", "word"),
    [
        ({"client_id": None}, 400, "client_id is missing"),
        ({"client_id": "oacl_unknown"}, 400, "Remove Acme Docs from your app, and add it again"),
        ({"client_id": ["oacl_a", "oacl_b"]}, 400, "more than once"),
        ({"redirect_uri": "https://evil.example/"}, 400, "it has not registered"),
        ({"redirect_uri": [CALLBACK, CALLBACK]}, 400, "more than once"),
    ],
)
async def test_nobody_is_sent_anywhere_for_whom_nobody_vouches(
    here: Door, browser: Browser, asking: dict[str, Any], status: int, word: str
) -> None:
    answer = await browser.open(f"{AUTHORIZE}?{query(await here.registered(), **asking)}")
    assert answer.status_code == status
    assert "location" not in answer.headers
    assert "www-authenticate" not in answer.headers
    assert word in answer.text
    assert "Acme Docs" in answer.text
    assert "<form" not in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == LOGIN_POLICY
    assert "frame-ancestors 'none'" in LOGIN_POLICY
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_faulty_request_of_a_web_client_is_told_on_a_page_with_a_link(
    here: Door, browser: Browser
) -> None:
    """RFC 9700 4.11.2: anyone may register a client; an address of theirs is no open redirector."""
    app = await here.registered(client_name="<b>Claude</b>", redirect_uris=[HTTPS])
    answer = await browser.begin(app, redirect_uri=HTTPS, response_type="token")
    assert (answer.status_code, answer.headers.get("location")) == (400, None)
    assert f'<a href="{HTTPS}?error=unsupported_response_type&amp;' in answer.text
    assert "leads to <strong>app.example</strong>" in answer.text
    assert "&lt;b&gt;Claude&lt;/b&gt;" in answer.text


async def test_no_faulty_request_opens_an_app_by_itself(here: Door, browser: Browser) -> None:
    """Anyone may register a client with the scheme of another app, which its links may command."""
    uri = "com.example.app:/callback"
    app = await here.registered(redirect_uris=[uri])
    answer = await browser.begin(app, redirect_uri=uri, response_type="token")
    assert (answer.status_code, answer.headers.get("location")) == (400, None)
    assert "refresh" not in answer.headers
    assert f'<a href="{uri}?error=unsupported_response_type&amp;' in answer.text
    assert "opens <strong>com.example.app:</strong> links" in answer.text


async def test_any_port_of_the_own_machine_will_do(here: Door, browser: Browser) -> None:
    """RFC 8252 7.3."""
    other = CALLBACK.replace("33418", "50123")
    answer = await browser.log_in(await here.registered(), redirect_uri=other)
    assert answer.headers["location"].startswith(f"{other}?code=")


async def test_the_only_redirect_uri_may_be_left_out(here: Door, browser: Browser) -> None:
    """RFC 6749 3.1.2.3."""
    answer = await browser.log_in(await here.registered(), redirect_uri=None)
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=")


@pytest.mark.parametrize(
    "asking",
    [
        {"prompt": "login consent", "login_hint": "ann@acme.test", "max_age": "0"},
        {"nonce": "n", "display": "page", "ui_locales": "fr", "foo": "bar"},
        {"scope": "openid unheard_of offline_access"},
        {"resource": [MCP_URL, ORIGIN]},
        {"response_mode": "query"},
    ],
)
async def test_what_is_not_known_is_passed_over(
    here: Door, browser: Browser, asking: dict[str, Any]
) -> None:
    """RFC 6749 3.1."""
    answer = await browser.begin(await here.registered(), **asking)
    assert "Allow an app to use Acme Docs?" in answer.text


async def test_a_client_that_a_document_describes_logs_people_in(
    here: Door, browser: Browser
) -> None:
    async with published(client_name="Paper", redirect_uris=[CALLBACK]) as document:
        asking = {"client_id": document.url}
        page = await browser.begin(await here.the_client(), **asking)
        assert "Paper" in page.text
        assert f"Published at <strong>{urlsplit(document.url).netloc}</strong>" in page.text
        answer = await browser.log_in(await here.the_client(), **asking)
        assert document.count == 1
    tokens = await browser.site.redeem(told(answer)["code"], document.url)
    assert tokens.status_code == 200


async def test_a_document_that_cannot_be_used_sends_nobody_anywhere(
    here: Door, browser: Browser
) -> None:
    async with published(client_name="Paper", redirect_uris=["javascript:alert(1)"]) as document:
        for client_id in (document.url, document.url.replace(DOCUMENT_PATH, "/none.json")):
            answer = await browser.begin(await here.the_client(), client_id=client_id)
            assert (answer.status_code, answer.headers.get("location")) == (400, None)
            assert "metadata document cannot be used" in answer.text
            assert "If it stays so, tell those who make the app." in answer.text
            assert "Remove Acme Docs" not in answer.text


async def test_nobody_has_documents_read_as_often_as_they_like(here: Door) -> None:
    app = await here.the_client()
    async with reception(Attempts()) as people, published(redirect_uris=[]) as document:
        browser = Browser(site_of(Door(here.config, people)))
        for _ in range(60):
            assert (await browser.begin(app, client_id=document.url)).status_code == 400
        answer = await browser.begin(app, client_id=document.url)
        assert document.count == 60
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 120
    assert "<h1>Too many attempts</h1>" in answer.text


@pytest.mark.parametrize("auth_type", [AuthType.NONE, AuthType.COLLECT_EMAIL])
async def test_a_server_without_logins_has_no_pages(
    world: World, here: Door, auth_type: AuthType
) -> None:
    app = await here.registered()
    await world.change_server(auth_type=auth_type.value)
    for path in (AUTHORIZE, "/oauth/consent", "/oauth/login", "/oauth/callback"):
        answer = await Browser(site_of(here)).open(f"{path}?{query(app)}")
        assert answer.status_code == 404
        assert "text/html" in answer.headers["content-type"]


async def test_another_servers_client_is_unknown(world: World, here: Door, site: Site) -> None:
    await make_world(world.owner, slug="other-docs", auth_type=AuthType.PLATFORM_OAUTH)
    browser = Browser(site, origin="http://other-docs.localhost:8000")
    answer = await browser.begin(await here.registered())
    assert answer.status_code == 400
    assert "not known here" in answer.text
    assert "location" not in answer.headers


async def test_a_browser_keeps_no_more_than_eight_logins(here: Door, browser: Browser) -> None:
    app = await here.registered()
    for _ in range(12):
        await browser.begin(app)
    assert len(browser.cookies) == 8
    assert (await browser.submit("Allow")).status_code == 303


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_login_begins_with_a_get(here: Door, site: Site, method: str) -> None:
    del here
    answer = await site.send(method, AUTHORIZE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_pages_are_no_business_of_other_sites_scripts(here: Door, site: Site) -> None:
    app = await here.registered()
    headers = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    for method in ("OPTIONS", "GET"):
        answer = await site.send(method, f"{AUTHORIZE}?{query(app)}", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
