"""Pages of customers' own sites: with an API key, from the origins that the organization lists."""

import httpx
import pytest

from tests.support.edge import ask, edge
from tests.support.graph import URL, Graph, with_key
from tests.support.people import Reception

OURS = "http://localhost:8000"
LISTED = "https://app.acme.test"
VIEWER = b'{"query": "{ viewer { kind } }"}'


async def listed(people: Reception) -> Graph:
    """A script with a key of an organization that lists one origin."""
    olga = Graph(edge(desk=people.desk), {"cookie": f"__Host-mcplatform={await people.founder()}"})
    await olga.change("updateOrganization { organization { id } }", allowedOrigins=[LISTED])
    return await with_key("acme-tools")


async def preflight(origin: str, **headers: str) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": "POST", **headers}
    return await ask(edge(), URL, method="OPTIONS", headers=asked)


async def test_a_browser_may_ask_before_it_sends_a_key() -> None:
    response = await preflight(LISTED, **{"access-control-request-headers": "authorization"})
    assert (response.status_code, response.content) == (204, b"")
    told = {name: text for name, text in response.headers.items() if name.startswith("access")}
    assert told == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": "7200",
    }


async def test_a_listed_page_uses_a_key_and_reads_the_answer(people: Reception) -> None:
    script = await listed(people)
    response = await script.post(VIEWER, origin=LISTED, **{"sec-fetch-site": "cross-site"})
    assert response.json()["data"] == {"viewer": {"kind": "API_KEY"}}
    assert response.headers["access-control-allow-origin"] == LISTED
    assert response.headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.acme.test:8443", "https://acme.test"]
)
async def test_other_pages_are_told_what_is_missing(people: Reception, origin: str) -> None:
    script = await listed(people)
    response = await script.post(VIEWER, origin=origin, **{"sec-fetch-site": "cross-site"})
    answer = response.json()
    assert (response.status_code, set(answer)) == (403, {"errors"})
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "CROSS_SITE"
    assert "allowedOrigins" in error["message"]
    assert response.headers["access-control-allow-origin"] == origin


async def test_a_page_reads_why_its_key_was_refused(database: str) -> None:
    bad = Graph(headers={"authorization": "Bearer mcpk_wrong"})
    response = await bad.post(VIEWER, origin=LISTED)
    assert response.status_code == 401
    assert response.headers["access-control-allow-origin"] == LISTED


@pytest.mark.parametrize("origin", [LISTED, "https://evil.example"])
async def test_without_a_key_no_other_page_gets_anything(people: Reception, origin: str) -> None:
    await listed(people)
    cookie = f"__Host-mcplatform={await people.sign_in('olga@acme.test')}"
    for headers in ({}, {"cookie": cookie}):
        response = await Graph(headers=headers).post(VIEWER, origin=origin)
        assert (response.status_code, set(response.json())) == (403, {"errors"})
        assert "access-control-allow-origin" not in response.headers


async def test_a_key_counts_alone_also_beside_a_cookie(people: Reception) -> None:
    script = await listed(people)
    cookie = f"__Host-mcplatform={await people.sign_in('olga@acme.test')}"
    for headers in ({"cookie": cookie}, {"cookie": cookie, "origin": OURS}):
        response = await script.post(VIEWER, **headers)
        assert response.json()["data"] == {"viewer": {"kind": "API_KEY"}}
        assert "set-cookie" not in response.headers
