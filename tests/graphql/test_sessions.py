"""The session's cookie: how it is set, renewed and given up, and whom it lets in."""

import asyncpg
import msgspec
import pytest

from app.core import session_cookie
from app.core.enums import Role
from app.domain.member_sessions import SESSION_LIFE
from tests.support.browser import Browser, browser_at, colleague, founder
from tests.support.graph import operation, with_key
from tests.support.people import PASSWORD, Reception
from tests.support.tables import dump

ANN = "ann@acme.test"
SIGN_IN = operation("signIn", "viewer { name } userErrors { code }")
ELSEWHERE = [
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://acme-docs.localhost:8000", "sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
]
SESSIONS = "{ viewer { user { sessions { id userAgent isPresent } } } }"


async def ann_at(people: Reception) -> Browser:
    """Ann, signed in over the API."""
    await people.newcomer(ANN)
    ann = browser_at(people)
    await ann.sign_in(ANN)
    return ann


async def sessions(browser: Browser) -> list[tuple[str, bool]]:
    """Where the viewer is signed in: session id, and whether it is the present one."""
    user = (await browser.ask(SESSIONS))["viewer"]["user"]
    return [(one["id"], one["isPresent"]) for one in user["sessions"]]


async def viewer(browser: Browser) -> str | None:
    """The viewer's name, if there is a viewer."""
    found = (await browser.ask("{ viewer { name } }"))["viewer"]
    return found["name"] if found else None


async def test_signing_in_sets_a_cookie_that_no_script_and_no_other_host_gets(
    people: Reception,
) -> None:
    ann = await ann_at(people)
    [line] = ann.set_cookies
    pair, *flags = line.split("; ")
    assert pair == f"__Host-mcplatform={ann.token}"
    seconds = int(SESSION_LIFE.total_seconds())
    assert sorted(flags) == sorted(
        [f"Max-Age={seconds}", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"]
    )
    assert await viewer(ann) == ANN
    assert ann.set_cookies == [line]


async def test_the_sessions_token_is_in_no_answer(people: Reception) -> None:
    ann = await ann_at(people)
    await ann.ask(SESSIONS)
    await ann.change("endOtherSessions { endedCount }")
    token = ann.token
    assert token is not None
    await ann.change("signOut { isDone }")
    assert not any(token in answer for answer in ann.answers)


async def test_signing_in_anew_replaces_the_browsers_session(people: Reception) -> None:
    ann = await ann_at(people)
    first = ann.token
    await ann.sign_in(ANN)
    assert ann.token != first
    assert await viewer(browser_at(people, first)) is None
    await people.sign_in(ANN)
    assert [present for _, present in await sessions(ann)] == [False, True, False]  # newcomer() too


async def test_a_session_that_someone_planted_never_becomes_another_persons(
    people: Reception,
) -> None:
    eve = browser_at(people, await people.newcomer("eve@evil.test"))
    await people.newcomer(ANN)
    for planted in (eve.token, "mcpm_made_up_by_eve"):
        victim = browser_at(people, planted)
        await victim.sign_in(ANN)
        assert victim.token != planted
        assert await viewer(victim) == ANN
        assert await viewer(browser_at(people, planted)) is None
    assert await viewer(eve) is None


async def test_a_failed_sign_in_leaves_the_session_as_it_is(people: Reception) -> None:
    ann = await ann_at(people)
    await ann.attempt("signIn { viewer { id } }", email=ANN, password="wrong" * 5)
    assert len(ann.set_cookies) == 1
    assert await viewer(ann) == ANN


async def test_who_signs_in_is_the_viewer_of_the_rest_of_the_operation(people: Reception) -> None:
    await people.newcomer(ANN)
    ann = browser_at(people)
    data = await ann.ask(
        "mutation ($in: SignInInput!, $new: CreateOrganizationInput!) {"
        " signIn(input: $in) { viewer { name } }"
        " createOrganization(input: $new) { organization { slug } } }",
        **{
            "in": {"email": ANN, "password": PASSWORD},
            "new": {"name": "Acme", "slug": "acme-tools"},
        },
    )
    assert data == {
        "signIn": {"viewer": {"name": ANN}},
        "createOrganization": {"organization": {"slug": "acme-tools"}},
    }


async def test_signing_out_ends_the_session_and_takes_the_cookie_back(people: Reception) -> None:
    ann = await ann_at(people)
    token = ann.token
    await ann.change("signOut { isDone }")
    assert (ann.token, ann.set_cookies[-1]) == (None, session_cookie.clear_cookie())
    assert await viewer(browser_at(people, token)) is None
    await ann.change("signOut { isDone }")


async def test_a_session_that_has_ended_counts_as_nobody_and_its_cookie_goes(
    people: Reception,
) -> None:
    ended = await people.founder()
    await browser_at(people, ended).change("signOut { isDone }")
    for token in (ended, "mcpm_never_was", "x" * 3000):
        browser = browser_at(people, token)
        answer = await browser.answer("{ viewer { id } organization { id } }")
        [error] = answer["errors"]
        assert (error["message"], error["extensions"]["code"]) == (
            "Your session has ended. Sign in again.",
            "NOT_SIGNED_IN",
        )
        assert browser.set_cookies == [session_cookie.clear_cookie()]


async def test_an_unknown_cookie_locks_no_one_out(people: Reception) -> None:
    def visitor() -> Browser:
        return browser_at(people, "mcpm_never_was")

    await visitor().change("signUp { isDone }", email=ANN, password=PASSWORD)
    await visitor().change("verifyEmail { isDone }", token=await people.token_sent_to(ANN))
    await visitor().change("requestPasswordReset { isDone }", email=ANN)
    token = await people.token_sent_to(ANN)
    await visitor().change("resetPassword { isDone }", token=token, password=PASSWORD)
    await visitor().change("signOut { isDone }")
    ann = visitor()
    await ann.sign_in(ANN)
    assert len(ann.set_cookies) == 1
    assert await viewer(ann) == ANN


async def test_a_member_sees_and_ends_their_sessions(people: Reception) -> None:
    ann = await ann_at(people)
    other = browser_at(people)
    await other.sign_in(ANN)
    third = browser_at(people)
    await third.sign_in(ANN)
    eve = browser_at(people, await people.newcomer("eve@evil.test"))
    listed = await sessions(other)
    assert [present for _, present in listed].count(True) == 1
    assert len(listed) == 4  # with that of newcomer()
    [own] = [session_id for session_id, present in await sessions(ann) if present]
    payload = await eve.attempt("endSession { deletedId }", id=own)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    assert await viewer(ann) == ANN
    assert (await other.change("endSession { deletedId }", id=own))["deletedId"] == own
    assert await viewer(ann) is None
    assert await other.change("endOtherSessions { endedCount }") == {
        "endedCount": 2,
        "userErrors": [],
    }
    assert await viewer(third) is None
    [(last, _)] = await sessions(other)
    await other.change("endSession { deletedId }", id=last)
    assert (other.token, other.set_cookies[-1]) == (None, session_cookie.clear_cookie())


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_no_other_site_can_sign_anyone_in_or_change_anything(
    people: Reception, owner: asyncpg.Connection, headers: dict[str, str]
) -> None:
    olga = await founder(people)
    await viewer(olga)
    nobody = browser_at(people)
    before = await dump(owner)
    for browser, name, given in (
        (nobody, "signIn", {"email": "olga@acme.test", "password": PASSWORD}),
        (nobody, "signUp", {"email": ANN, "password": PASSWORD}),
        (nobody, "requestPasswordReset", {"email": "olga@acme.test"}),
        (olga, "signIn", {"email": "olga@acme.test", "password": PASSWORD}),
        (olga, "signOut", {}),
        (olga, "updateViewer", {"name": "Eve"}),
        (olga, "createWalkthrough", {"title": "Eve's"}),
    ):
        query = operation(name, "userErrors { code }")
        body = msgspec.json.encode({"query": query, "variables": {"input": given}})
        response = await browser.post(body, **headers)
        [error] = response.json()["errors"]
        assert (response.status_code, error["extensions"]["code"]) == (403, "CROSS_SITE")
        assert response.headers.get_list("set-cookie") == []
    await people.desk.mail.emptied()
    assert await dump(owner) == before


async def test_our_own_pages_may_sign_in(people: Reception) -> None:
    await people.newcomer(ANN)
    body = msgspec.json.encode(
        {"query": SIGN_IN, "variables": {"input": {"email": ANN, "password": PASSWORD}}}
    )
    for headers in (
        {},
        {"origin": "http://localhost:8000"},
        {"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"},
    ):
        browser = browser_at(people)
        await browser.post(body, **headers)
        assert await viewer(browser) == ANN


async def test_a_key_signs_no_one_in(people: Reception) -> None:
    await people.founder()
    script = await with_key("acme-tools")
    body = msgspec.json.encode(
        {
            "query": SIGN_IN,
            "variables": {"input": {"email": "olga@acme.test", "password": PASSWORD}},
        }
    )
    response = await script.post(body, cookie="__Host-mcplatform=mcpm_never_was")
    assert response.json()["data"]["signIn"] == {
        "viewer": None,
        "userErrors": [{"code": "NOT_PERMITTED"}],
    }
    assert "set-cookie" not in response.headers


async def test_a_member_of_several_organizations_names_one(people: Reception) -> None:
    olga = await founder(people)
    await olga.change("createOrganization { organization { id } }", name="B", slug="second-tools")
    answer = await olga.answer("{ organization { slug } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["ORGANIZATION_REQUIRED"]
    olga.headers["x-organization"] = "second-tools"
    assert await olga.ask("{ organization { slug } viewer { role } }") == {
        "organization": {"slug": "second-tools"},
        "viewer": {"role": Role.OWNER.name},
    }


async def test_a_removed_member_has_no_access_with_the_next_request(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, ANN, Role.ADMIN)
    ann.headers["x-organization"] = "acme-tools"
    assert (await ann.ask("{ organization { slug } }"))["organization"] == {"slug": "acme-tools"}
    listed = (await olga.ask("{ members { nodes { id email } } }"))["members"]["nodes"]
    [member] = [one["id"] for one in listed if one["email"] == ANN]
    await olga.change("removeMember { deletedId }", id=member)
    for query in ("{ organization { id } }", "{ walkthroughs { nodes { id } } }"):
        answer = await ann.answer(query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]
    assert await viewer(ann) == ANN
