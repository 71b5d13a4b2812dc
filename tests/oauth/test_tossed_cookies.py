"""Cookies that another host has set for this one: no person goes on with a stranger's login.

Any host below the base host may set cookies for all of it, and a browser keeps a name that begins
with bytes before `__Host-` as any other. Here they come as the browser sends them.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest

from tests.support.login_browser import FORM, Browser, form_with
from tests.support.logins import Door
from tests.support.oauth_site import Site

TOSSED = [b"\xa0", b"\x85", b"\xc2\xa0", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x1f"]


@dataclass(frozen=True, slots=True)
class Login:
    """A login that somebody has begun, at its first form: its cookie, and what the form sends."""

    site: Site
    cookie: bytes
    path: str
    body: bytes

    async def allowed(self, cookies: bytes) -> httpx.Response:
        """The answer to a yes that comes with these cookies."""
        headers = [
            (b"content-type", FORM.encode()),
            (b"sec-fetch-site", b"same-origin"),
            (b"cookie", cookies),
        ]
        return await self.site.send("POST", self.path, headers=headers, content=self.body)


@pytest.fixture
async def login(here: Door, site: Site) -> Login:
    """A stranger's login, whose cookie and form a person is made to send."""
    browser = Browser(site)
    page = await browser.begin(await here.the_client())
    path, inputs = form_with(page.text, "Allow", {})
    ((name, value),) = browser.cookies.items()
    return Login(site, f"{name}={value}".encode(), path, urlencode(inputs).encode())


def is_allowed(answer: httpx.Response) -> bool:
    """Whether the login went on."""
    assert answer.status_code in {303, 404}  # on to the login, or no login of this browser
    return answer.status_code == 303


async def test_the_cookie_alone_goes_on_with_the_login(login: Login) -> None:
    assert is_allowed(await login.allowed(b" \ta=b; " + login.cookie + b" \t; c=d"))


@pytest.mark.parametrize("byte", TOSSED)
async def test_a_cookie_with_anything_before_its_name_is_nobodys(login: Login, byte: bytes) -> None:
    for cookies in (
        byte + login.cookie,
        b"a=b; " + byte + login.cookie,
        login.cookie.replace(b"=", byte + b"=", 1),
    ):
        assert not is_allowed(await login.allowed(cookies))
    assert is_allowed(await login.allowed(login.cookie))


@pytest.mark.parametrize("byte", TOSSED)
async def test_it_does_not_disturb_the_cookie_of_the_person_either(
    login: Login, byte: bytes
) -> None:
    name = login.cookie.partition(b"=")[0]
    assert is_allowed(await login.allowed(byte + name + b"=tossed; " + login.cookie))


async def test_of_two_cookies_of_one_name_none_counts(login: Login) -> None:
    name = login.cookie.partition(b"=")[0]
    for other in (b"=tossed", b"=", b"", login.cookie.removeprefix(name)):
        for cookies in (
            login.cookie + b"; " + name + other,
            name + other + b"; a=b; " + login.cookie,
        ):
            assert not is_allowed(await login.allowed(cookies))
    assert is_allowed(await login.allowed(login.cookie))
