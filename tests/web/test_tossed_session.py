"""A session's cookie that another host has set: a member is not signed in as somebody else."""

import httpx
import pytest
from litestar.types import ASGIApp

from app.core import session_cookie
from tests.support.edge import edge
from tests.support.people import Reception
from tests.web.visiting import ORIGIN

ADA = "ada@acme.test"
NAME = session_cookie.NAME.encode()
TOSSED = [b"\xa0", b"\x85", b"\xc2\xa0", b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x1f"]
QUERY = b'{"query": "{ viewer { name } }"}'


async def known(app: ASGIApp, *cookies: bytes) -> tuple[bool, bool]:
    """Whether the pages, and whether the API, take a browser with these cookies for Ada's."""
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 50000))  # type: ignore[arg-type]  # the same interface, typed apart
    brought = [(b"cookie", cookie) for cookie in cookies]
    json = [(b"content-type", b"application/json"), (b"sec-fetch-site", b"same-origin")]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        page = await client.get("/account", headers=brought)
        told = await client.post("/graphql", headers=[*json, *brought], content=QUERY)
    return ADA in page.text, told.json()["data"]["viewer"] is not None


@pytest.fixture
async def app(people: Reception) -> ASGIApp:
    """The platform's own site."""
    return edge(desk=people.desk)


@pytest.fixture
async def ours(people: Reception) -> bytes:
    """The cookie of Ada's session."""
    token = await people.newcomer(ADA)
    return NAME + b"=" + token.encode()


async def test_the_cookie_alone_is_the_members(app: ASGIApp, ours: bytes) -> None:
    assert await known(app, ours) == (True, True)
    assert await known(app, b" \ta=b;" + ours + b"\t ;c=d") == (True, True)
    assert await known(app, b"a=b", ours) == (True, True)


@pytest.mark.parametrize("byte", TOSSED)
async def test_a_cookie_with_anything_before_its_name_is_nobodys(
    app: ASGIApp, ours: bytes, byte: bytes
) -> None:
    assert await known(app, byte + ours) == (False, False)
    assert await known(app, b"a=b; " + byte + ours) == (False, False)
    assert await known(app, ours.replace(b"=", byte + b"=", 1)) == (False, False)
    assert await known(app, byte + NAME + b"=tossed; " + ours) == (True, True)


async def test_of_two_cookies_of_one_name_none_counts(app: ASGIApp, ours: bytes) -> None:
    for other in (NAME + b"=tossed", NAME + b"=", NAME, ours):
        assert await known(app, ours + b"; " + other) == (False, False)
        assert await known(app, other + b"; " + ours) == (False, False)
        assert await known(app, other, ours) == (False, False)
