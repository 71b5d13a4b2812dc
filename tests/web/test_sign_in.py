"""Signing in and out on the pages: what is told, what is kept, and who may ask."""

import asyncpg
import pytest

from app.core import session_cookie
from app.core.attempts import Attempts
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.domain import members
from app.domain.admission import signed_in
from app.web.forms import ForeignForm, check_sender, local_path
from app.web.pages import FORM_POLICY
from tests.support.edge import ask, edge
from tests.support.people import PASSWORD, Reception, reception
from tests.web.visiting import ORIGIN, Visitor, inputs_of

ADA = "ada@acme.test"
SESSIONS = "SELECT count(*) FROM member_session"


async def test_signing_in_sets_the_cookie_and_goes_to_the_account(
    visitor: Visitor, people: Reception
) -> None:
    await people.founder(ADA)
    response = await visitor.send("/sign-in", email=f" {ADA.upper()} ", password=PASSWORD)
    assert (response.status_code, response.headers["location"]) == (303, "/account")
    assert response.headers["set-cookie"] == session_cookie.set_cookie(visitor.token or "")
    account = await visitor.open("/account")
    assert ADA in account.text
    assert "Acme (<code>acme-tools</code>), as owner" in account.text
    assert 'href="/graphql"' in account.text


async def test_the_session_is_the_one_that_the_api_knows(
    visitor: Visitor, people: Reception
) -> None:
    await people.newcomer(ADA)
    await visitor.send("/sign-in", email=ADA, password=PASSWORD)
    assert (await signed_in(visitor.token)).email == ADA


async def test_a_wrong_password_is_told_at_the_form_which_keeps_the_address_alone(
    visitor: Visitor, people: Reception, owner: asyncpg.Connection
) -> None:
    await people.newcomer(ADA)
    before = await owner.fetchval(SESSIONS)
    response = await visitor.send(
        "/sign-in", email=ADA, password="quite another secret", next="/graphql"
    )
    assert response.status_code == 401
    assert 'role="alert">The e-mail address or the password is wrong' in response.text
    assert "<title>Error: Sign in</title>" in response.text
    assert inputs_of(response) == {"email": ADA, "password": "", "next": "/graphql"}
    assert "quite another secret" not in response.text
    assert "set-cookie" not in response.headers
    assert await owner.fetchval(SESSIONS) == before


async def test_too_many_attempts_are_told_with_the_time_to_wait(database: str) -> None:
    async with reception(Attempts()) as people:
        visitor = Visitor(edge(desk=people.desk))
        for _ in range(10):
            await visitor.send("/sign-in", email=ADA, password=PASSWORD)
        response = await visitor.send("/sign-in", email=ADA, password=PASSWORD)
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 120
    assert "Too many attempts. Try again in" in response.text


async def test_the_session_of_before_ends_when_someone_signs_in_anew(
    visitor: Visitor, people: Reception, owner: asyncpg.Connection
) -> None:
    visitor.token = await people.newcomer(ADA)
    former = visitor.token
    await visitor.send("/sign-in", email=ADA, password=PASSWORD)
    assert visitor.token != former
    assert await owner.fetchval(SESSIONS) == 1


async def test_it_goes_on_where_one_wanted_to(visitor: Visitor, people: Reception) -> None:
    await people.newcomer(ADA)
    form = await visitor.open("/sign-in?next=/invitation%3Ftoken%3Dabc")
    given = {**inputs_of(form), "email": ADA, "password": PASSWORD}
    response = await visitor.send("/sign-in", **given)
    assert response.headers["location"] == "/invitation?token=abc"


async def test_it_goes_on_nowhere_else(visitor: Visitor, people: Reception) -> None:
    await people.newcomer(ADA)
    elsewhere = "//evil.example/"
    response = await visitor.send("/sign-in", email=ADA, password=PASSWORD, next=elsewhere)
    assert response.headers["location"] == "/account"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/a\r\nset-cookie: x=y",
        "/account\n",
        "account",
        "/ä",
        f"/{'a' * 1000}",
    ],
)
def test_elsewhere_is_whatever_a_browser_could_read_as_another_host(elsewhere: str) -> None:
    assert local_path(elsewhere) == ""


@pytest.mark.parametrize("path", ["/", "/account", "/invitation?token=mcpi_a-b_c", "/a/b//c?d=/e"])
def test_a_path_of_ours_is_gone_on_to(path: str) -> None:
    assert local_path(path) == path


async def test_whoever_is_signed_in_already_goes_on_at_once(
    visitor: Visitor, people: Reception
) -> None:
    visitor.token = await people.newcomer(ADA)
    assert (await visitor.open("/sign-in?next=/graphql")).headers["location"] == "/graphql"
    assert (await visitor.open("/sign-in")).headers["location"] == "/account"


async def test_signing_out_ends_the_session_and_forgets_the_cookie(
    visitor: Visitor, people: Reception, owner: asyncpg.Connection
) -> None:
    visitor.token = await people.newcomer(ADA)
    assert (await visitor.open("/sign-out")).status_code == 200
    assert await owner.fetchval(SESSIONS) == 1, "a link alone must sign nobody out"
    response = await visitor.send("/sign-out")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert response.headers["set-cookie"] == session_cookie.clear_cookie()
    assert await owner.fetchval(SESSIONS) == 0


async def test_signing_out_twice_is_no_error(visitor: Visitor) -> None:
    visitor.token = "mcpm_of_a_session_that_has_ended"
    assert (await visitor.send("/sign-out")).status_code == 303
    assert visitor.token is None


async def test_the_account_is_for_whoever_is_signed_in(visitor: Visitor) -> None:
    response = await visitor.open("/account")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in?next=%2Faccount")


async def test_the_account_tells_newcomers_how_to_come_to_an_organization(
    visitor: Visitor, people: Reception
) -> None:
    visitor.token = await people.newcomer(ADA)
    assert "Accept an invitation" in (await visitor.open("/account")).text


async def test_names_stay_text(visitor: Visitor, people: Reception) -> None:
    token = await people.newcomer(ADA)
    await members.found(await signed_in(token), name="<script>x</script>", slug="acme-tools")
    visitor.token = token
    assert "<script" not in (await visitor.open("/account")).text
    hostile = await visitor.send("/sign-in", email='"><script>x</script>', password="x")
    assert "<script" not in hostile.text


FORMS = (
    "/sign-in",
    "/sign-out",
    "/sign-up",
    "/verify-email",
    "/forgot-password",
    "/reset-password",
    "/invitation",
)


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_is_taken_from_elsewhere(
    visitor: Visitor, people: Reception, owner: asyncpg.Connection, path: str
) -> None:
    visitor.token = await people.newcomer(ADA)
    visitor.headers = {"sec-fetch-site": "same-site", "origin": "http://acme-docs.localhost:8000"}
    response = await visitor.send(path, email=ADA, password=PASSWORD)
    assert response.status_code == 403
    assert f"This form was not sent from {ORIGIN}" in response.text
    assert "set-cookie" not in response.headers
    assert await owner.fetchval(SESSIONS) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"origin": "http://acme-docs.localhost:8000"},
        {"sec-fetch-site": "cross-site", "origin": ORIGIN},
        {"sec-fetch-site": "same-site", "origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
        {"sec-fetch-site": ""},
    ],
)
def test_elsewhere_is_whatever_a_browser_does_not_call_ours(headers: dict[str, str]) -> None:
    with pytest.raises(ForeignForm):
        check_sender(headers, origin=ORIGIN)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ORIGIN},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"sec-fetch-site": "none", "origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": ORIGIN},
    ],
)
def test_ours_is_what_a_browser_of_any_age_calls_ours(headers: dict[str, str]) -> None:
    check_sender(headers, origin=ORIGIN)


async def test_a_page_is_kept_nowhere_framed_nowhere_and_runs_nothing(visitor: Visitor) -> None:
    for path in FORMS:
        response = await visitor.open(f"{path}?token=x")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["content-security-policy"] == FORM_POLICY
        assert "script" not in response.text
    assert FORM_POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert FORM_POLICY.endswith("base-uri 'none'; form-action 'self'; frame-ancestors 'none'")


async def test_the_pages_are_not_on_servers_sites(visitor: Visitor) -> None:
    for path in ("/sign-in", "/account", "/graphql-assets/x/start.js"):
        response = await ask(visitor.app, f"http://acme-docs.localhost:8000{path}")
        assert response.status_code == 404


async def test_another_name_of_this_machine_leads_to_the_one_that_the_cookie_belongs_to(
    visitor: Visitor,
) -> None:
    response = await ask(visitor.app, "http://127.0.0.1:8000/sign-in?next=/graphql")
    assert response.status_code == 303
    assert response.headers["location"] == f"{ORIGIN}/sign-in?next=/graphql"


async def test_a_form_larger_than_any_of_ours_is_refused(visitor: Visitor) -> None:
    response = await visitor.send("/sign-in", email="a" * 20_000)
    assert response.status_code == 413
    assert "The request body is too large." in response.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"email": "x"}', "application/json"),
        (b"a=b&" * 100, "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_form_of_ours_is_told(
    visitor: Visitor, body: bytes, content_type: str
) -> None:
    visitor.headers["content-type"] = content_type
    response = await visitor.send_raw("/sign-in", body)
    assert response.status_code == 400
    assert response.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_pages_count_towards_the_address_limit() -> None:
    metrics = Metrics()
    limiter = Limiter(metrics=metrics, address_calls_per_minute=1)
    app = edge(metrics=metrics, limiter=limiter)
    assert (await ask(app, f"{ORIGIN}/sign-up")).status_code == 200
    assert (await ask(app, f"{ORIGIN}/sign-up")).status_code == 429


async def test_a_fault_of_ours_is_a_page_with_the_requests_number(
    visitor: Visitor, owner: asyncpg.Connection
) -> None:
    await owner.execute("DROP FUNCTION find_member_session CASCADE")
    visitor.token = "mcpm_some_session"
    response = await visitor.open("/account")
    assert response.status_code == 500
    assert f"report request {response.headers['x-request-id']}." in response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
