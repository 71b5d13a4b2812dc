"""Signing up, the password, and what no answer tells, over the API."""

import re

import asyncpg
import msgspec
import pytest

from app.core.attempts import Attempts
from tests.support.browser import Browser, browser_at
from tests.support.people import PASSWORD, Reception, reception
from tests.support.tables import dump

ANN = "ann@acme.test"
OTHER_PASSWORD = "another long secret"
WRONG = {
    "field": None,
    "message": "The e-mail address or the password is wrong, or the address is not confirmed yet.",
    "code": "WRONG_CREDENTIALS",
}


def codes(payload: dict[str, object]) -> list[tuple[str | None, str]]:
    """Field and code of each of the user's errors."""
    errors = msgspec.convert(payload["userErrors"], list[dict[str, str | None]])
    return [(error["field"], str(error["code"])) for error in errors]


async def confirmed(people: Reception, email: str = ANN) -> Browser:
    """Someone who has signed up and confirmed the address, but not signed in."""
    browser = browser_at(people)
    await browser.change("signUp { isDone }", email=email, password=PASSWORD, name="Ann")
    await browser.change("verifyEmail { isDone }", token=await people.token_sent_to(email))
    return browser


async def test_whoever_signs_up_and_confirms_the_address_can_sign_in(people: Reception) -> None:
    ann = await confirmed(people)
    assert await ann.ask("{ viewer { id } }") == {"viewer": None}
    payload = await ann.change(
        "signIn { viewer { kind name user { email name } organizations { slug } } }",
        email=" Ann@ACME.test ",
        password=PASSWORD,
    )
    viewer = {
        "kind": "USER",
        "name": ANN,
        "user": {"email": ANN, "name": "Ann"},
        "organizations": [],
    }
    assert payload["viewer"] == viewer
    shown = await ann.ask("{ viewer { kind name user { email name } organizations { slug } } }")
    assert shown["viewer"] == viewer


async def test_what_is_wrong_with_a_sign_up_is_named_by_field(people: Reception) -> None:
    browser = browser_at(people)
    payload = await browser.attempt("signUp { isDone }", email="ann", password="short", name="a\nb")
    assert payload["isDone"] is False
    assert codes(payload) == [
        ("email", "INVALID_EMAIL"),
        ("password", "TOO_SHORT"),
        ("name", "INVALID_CHARACTER"),
    ]
    payload = await browser.attempt("signUp { isDone }", email=ANN, password="a" * 20)
    assert codes(payload) == [("password", "TOO_EASY")]
    assert await people.mails_to(ANN) == []


async def test_no_answer_tells_whether_an_address_has_an_account(people: Reception) -> None:
    await confirmed(people)
    await browser_at(people).change("signUp { isDone }", email="new@acme.test", password=PASSWORD)
    for mutation, more in (
        ("signUp { isDone }", {"password": PASSWORD}),
        ("signIn { viewer { id } }", {"password": "wrong" * 5}),
        ("requestPasswordReset { isDone }", {}),
    ):
        browser = browser_at(people)
        for email in (ANN, "new@acme.test", "nobody@acme.test"):
            await browser.attempt(mutation, email=email, **more)
        known, unconfirmed, unknown = browser.answers
        assert known == unconfirmed == unknown
        assert browser.set_cookies == []


async def test_an_unconfirmed_address_is_told_what_a_wrong_password_is(people: Reception) -> None:
    browser = browser_at(people)
    await browser.change("signUp { isDone }", email=ANN, password=PASSWORD)
    for password in (PASSWORD, "wrong" * 5):
        payload = await browser.attempt("signIn { viewer { id } }", email=ANN, password=password)
        assert payload == {"viewer": None, "userErrors": [WRONG]}
    assert (browser.token, browser.set_cookies) == (None, [])


async def test_a_mailed_link_is_good_once(people: Reception) -> None:
    await confirmed(people)
    browser = browser_at(people)
    await browser.change("requestPasswordReset { isDone }", email=ANN)
    token = await people.token_sent_to(ANN)
    await browser.change("resetPassword { isDone }", token=token, password=OTHER_PASSWORD)
    for mutation, given in (
        ("resetPassword { isDone }", {"token": token, "password": "a third long secret"}),
        ("verifyEmail { isDone }", {"token": token}),
        ("verifyEmail { isDone }", {"token": ""}),
    ):
        payload = await browser.attempt(mutation, **given)
        assert (payload["isDone"], codes(payload)) == (False, [(None, "INVALID_LINK")])
    await browser.sign_in(ANN, OTHER_PASSWORD)


async def test_a_reset_ends_every_session(people: Reception) -> None:
    ann = await confirmed(people)
    await ann.sign_in(ANN)
    other = browser_at(people)
    await other.change("requestPasswordReset { isDone }", email=ANN)
    token = await people.token_sent_to(ANN)
    await other.change("resetPassword { isDone }", token=token, password=OTHER_PASSWORD)
    assert await ann.ask("{ viewer { id } }") == {"viewer": None}
    assert ann.token is None


async def test_a_change_of_password_needs_the_present_one_and_ends_other_sessions(
    people: Reception,
) -> None:
    ann = await confirmed(people)
    await ann.sign_in(ANN)
    other = browser_at(people)
    await other.sign_in(ANN)
    payload = await ann.attempt(
        "changePassword { isDone }", currentPassword="wrong" * 5, newPassword=OTHER_PASSWORD
    )
    assert codes(payload) == [("currentPassword", "WRONG_PASSWORD")]
    assert (await other.ask("{ viewer { name } }"))["viewer"] == {"name": ANN}
    await ann.change(
        "changePassword { isDone }", currentPassword=PASSWORD, newPassword=OTHER_PASSWORD
    )
    assert (await ann.ask("{ viewer { name } }"))["viewer"] == {"name": ANN}
    assert (await other.ask("{ viewer { name } }"))["viewer"] is None
    assert (await people.mails_to(ANN))[-1].subject == "Your password was changed"


async def test_a_member_changes_their_name(people: Reception) -> None:
    ann = await confirmed(people)
    await ann.sign_in(ANN)
    payload = await ann.change("updateViewer { viewer { user { name } } }", name="  Ann B. ")
    assert payload["viewer"] == {"user": {"name": "Ann B."}}
    payload = await ann.attempt("updateViewer { viewer { id } }", name="x" * 101)
    assert (payload["viewer"], codes(payload)) == (None, [("name", "TOO_LONG")])
    assert (await ann.ask("{ viewer { user { name } } }"))["viewer"] == {"user": {"name": "Ann B."}}


async def test_too_many_attempts_are_told_when_to_come_back(database: str) -> None:
    async with reception(Attempts()) as people:
        browser = browser_at(people)
        for _ in range(10):
            await browser.attempt("signIn { viewer { id } }", email=ANN, password="wrong" * 5)
        answer = await browser.answer(
            "mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }",
            input={"email": ANN, "password": PASSWORD},
        )
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "TOO_MANY"
        assert 0 < error["extensions"]["retryAfterSeconds"] <= 120
        assert answer["data"] is None


async def test_no_password_and_no_token_is_kept_or_logged(
    people: Reception, owner: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = await confirmed(people)
    await ann.sign_in(ANN)
    await ann.change(
        "changePassword { isDone }", currentPassword=PASSWORD, newPassword=OTHER_PASSWORD
    )
    await ann.change(
        "createOrganization { organization { id } }",
        name="Acme",
        slug="acme-tools",
        idempotencyKey="one",
    )
    made = await ann.change("createApiKey { apiKey { id } token }", name="Script", scopes=["READ"])
    await ann.attempt("signIn { viewer { id } }", email=ANN, password="wrong password 1")
    kept = str(await dump(owner)) + "".join(capsys.readouterr())
    mailed = [mail.text for mail in await people.mails_to(ANN)]
    secrets = {PASSWORD, OTHER_PASSWORD, "wrong password 1", ann.token, made["token"]}
    secrets |= {token for text in mailed for token in re.findall(r"token=(\S+)", text)}
    assert len(secrets) == 6
    assert [secret for secret in secrets if str(secret) in kept] == []
