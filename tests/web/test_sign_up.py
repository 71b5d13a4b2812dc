"""The pages that mails lead to: opening one spends nothing, sending its form does."""

import asyncpg

from app.core import session_cookie
from app.core.attempts import Attempts
from app.domain import accounts
from tests.support.edge import edge
from tests.support.people import PASSWORD, Reception, client, reception
from tests.web.visiting import Visitor, inputs_of

ADA = "ada@acme.test"
VERIFIED = "SELECT email_verified_at IS NOT NULL FROM account WHERE email = $1"


async def test_someone_new_signs_up_confirms_and_signs_in(
    visitor: Visitor, people: Reception
) -> None:
    told = await visitor.send("/sign-up", email=ADA, password=PASSWORD, name="Ada")
    assert told.status_code == 200
    assert f"We have written to <strong>{ADA}</strong>" in told.text
    token = await people.token_sent_to(ADA)
    form = await visitor.open(f"/verify-email?token={token}")
    done = await visitor.send("/verify-email", **inputs_of(form))
    assert (done.status_code, "Your address is confirmed" in done.text) == (200, True)
    signed = await visitor.send("/sign-in", email=ADA, password=PASSWORD)
    assert signed.status_code == 303
    assert "Ada, <strong>" in (await visitor.open("/account")).text


async def test_signing_up_again_is_told_the_same(visitor: Visitor, people: Reception) -> None:
    first = await visitor.send("/sign-up", email=ADA, password=PASSWORD)
    second = await visitor.send("/sign-up", email=ADA, password=PASSWORD)
    assert (first.status_code, first.text) == (second.status_code, second.text)
    subjects = [mail.subject for mail in await people.mails_to(ADA)]
    assert subjects == ["Confirm your e-mail address", "You have an account already"]


async def test_what_is_wrong_is_told_at_each_field(
    visitor: Visitor, owner: asyncpg.Connection
) -> None:
    response = await visitor.send("/sign-up", email="nobody", password="short", name="Ada")
    assert response.status_code == 400
    assert '<p class="fault" id="email-fault">Email is not an e-mail address.</p>' in response.text
    assert 'id="password-fault">Password needs at least 10 characters.' in response.text
    assert 'aria-describedby="password-hint password-fault"' in response.text
    assert response.text.count('aria-invalid="true"') == 2
    assert inputs_of(response) == {"email": "nobody", "name": "Ada", "password": ""}
    assert await owner.fetchval("SELECT count(*) FROM account") == 0


async def test_opening_the_link_confirms_nothing(
    visitor: Visitor, people: Reception, owner: asyncpg.Connection
) -> None:
    await people.sign_up(ADA)
    token = await people.token_sent_to(ADA)
    for _ in range(3):
        assert (await visitor.open(f"/verify-email?token={token}")).status_code == 200
    assert await owner.fetchval(VERIFIED, ADA) is False
    await accounts.verify_email(token)


async def test_a_link_that_was_used_says_how_to_go_on(visitor: Visitor, people: Reception) -> None:
    await people.sign_up(ADA)
    token = await people.token_sent_to(ADA)
    await visitor.send("/verify-email", token=token)
    for spent in (token, "mcpt_unknown", ""):
        response = await visitor.send("/verify-email", token=spent)
        assert response.status_code == 404
        assert '<a href="/sign-in">sign in</a>' in response.text


async def test_a_forgotten_password_is_chosen_anew_and_ends_all_sessions(
    visitor: Visitor, people: Reception, owner: asyncpg.Connection
) -> None:
    visitor.token = await people.newcomer(ADA)
    told = await visitor.send("/forgot-password", email=ADA)
    assert "a link to choose a new password is on its way" in told.text
    token = await people.token_sent_to(ADA)
    form = await visitor.open(f"/reset-password?token={token}")
    assert "no-referrer" in form.headers["referrer-policy"]
    done = await visitor.send(
        "/reset-password", **{**inputs_of(form), "password": "another good secret"}
    )
    assert "You have a new password" in done.text
    assert done.headers["set-cookie"] == session_cookie.clear_cookie()
    assert await owner.fetchval("SELECT count(*) FROM member_session") == 0
    signed = await visitor.send("/sign-in", email=ADA, password="another good secret")
    assert signed.status_code == 303


async def test_an_address_without_an_account_is_told_the_same(
    visitor: Visitor, people: Reception
) -> None:
    await people.newcomer(ADA)
    known = await visitor.send("/forgot-password", email=ADA)
    unknown = await visitor.send("/forgot-password", email="nobody@acme.test")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert await people.mails_to("nobody@acme.test") == []


async def test_a_bad_new_password_is_told_and_spends_no_link(
    visitor: Visitor, people: Reception
) -> None:
    await people.newcomer(ADA)
    await accounts.request_password_reset(people.desk, client(), email=ADA)
    token = await people.token_sent_to(ADA)
    refused = await visitor.send("/reset-password", token=token, password="short")
    assert refused.status_code == 400
    assert "Password needs at least 10 characters." in refused.text
    assert inputs_of(refused) == {"password": "", "token": token}
    done = await visitor.send("/reset-password", token=token, password="another good secret")
    assert done.status_code == 200


async def test_a_spent_reset_link_leads_to_a_new_one(visitor: Visitor) -> None:
    response = await visitor.send("/reset-password", token="mcpt_x", password=PASSWORD)
    assert response.status_code == 404
    assert '<a href="/forgot-password">Ask for a new one</a>' in response.text


async def test_mails_to_one_address_are_limited_and_the_form_says_until_when(
    database: str,
) -> None:
    async with reception(Attempts()) as people:
        visitor = Visitor(edge(desk=people.desk))
        for _ in range(3):
            await visitor.send("/forgot-password", email=ADA)
        response = await visitor.send("/forgot-password", email=ADA)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
    assert inputs_of(response) == {"email": ADA}
