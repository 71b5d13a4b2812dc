"""Signing up and in, and the password; no answer tells whether an address has an account."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest
from argon2 import PasswordHasher

from app.core.attempts import Attempts
from app.core.errors import Invalid, NotSignedIn, ProductError, TooMany
from app.core.passwords import Passwords
from app.domain import accounts, admission, member_sessions
from app.domain.accounts import InvalidLink
from app.domain.member_sessions import SignedIn
from tests.support.people import CHEAP, PASSWORD, Reception, client, reception

ANN = "ann@acme.test"
OTHER_PASSWORD = "another long secret"


async def answer(work: Awaitable[object]) -> object:
    """What came back, as a client can tell it from another answer."""
    try:
        return type(await work)
    except ProductError as error:
        return type(error), error.code, error.message, error.field


async def test_whoever_confirms_the_address_may_sign_in(people: Reception) -> None:
    await accounts.sign_up(
        people.desk, client(), email=" Ann@Acme.test ", password=PASSWORD, name="Ann"
    )
    await accounts.verify_email(await people.token_sent_to(ANN))
    signed = await accounts.sign_in(people.desk, client(), email="ANN@acme.test", password=PASSWORD)
    user = await admission.signed_in(signed.token.reveal())
    assert (user.user_id, user.email, user.session_id) == (signed.user_id, ANN, signed.session.id)
    account = await accounts.viewer(user)
    assert (account.email, account.name, account.email_verified_at is None) == (ANN, "Ann", False)


async def test_an_address_with_and_one_without_an_account_get_the_same_answers(
    people: Reception,
) -> None:
    await people.newcomer(ANN)
    await people.sign_up("new@acme.test")  # not confirmed
    doors: list[Callable[[str], Awaitable[object]]] = [
        lambda email: accounts.sign_up(people.desk, client(), email=email, password=PASSWORD),
        lambda email: accounts.sign_in(people.desk, client(), email=email, password="wrong" * 5),
        lambda email: accounts.request_password_reset(people.desk, client(), email=email),
    ]
    for door in doors:
        answers = [await answer(door(email)) for email in (ANN, "new@acme.test", "no@acme.test")]
        assert answers[1:] == answers[:-1]
    unconfirmed = await answer(people.sign_in("new@acme.test"))
    assert unconfirmed == await answer(people.sign_in("nobody@acme.test"))


async def test_a_wrong_password_takes_as_much_work_as_an_unknown_address(
    people: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.newcomer(ANN)
    checked: list[str] = []
    verify = Passwords._matches

    def counted(self: Passwords, password: str, password_hash: str) -> bool:
        checked.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return verify(self, password, password_hash)

    monkeypatch.setattr(Passwords, "_matches", counted)
    for email in (ANN, "nobody@acme.test"):
        with pytest.raises(NotSignedIn):
            await people.sign_in(email, "wrong" * 5)
    assert len(checked) == 2
    assert checked[0] == checked[1]  # the same parameters


async def test_signing_up_again_changes_nothing_and_is_told_by_mail_alone(
    people: Reception, owner: asyncpg.Connection
) -> None:
    await people.newcomer(ANN)
    before = await owner.fetch("SELECT * FROM account")
    await people.sign_up(ANN, OTHER_PASSWORD)
    assert await owner.fetch("SELECT * FROM account") == before
    subjects = [mail.subject for mail in await people.mails_to(ANN)]
    assert subjects == ["Confirm your e-mail address", "You have an account already"]


async def test_of_many_sign_ups_with_one_address_one_makes_the_account(
    people: Reception, owner: asyncpg.Connection
) -> None:
    await asyncio.gather(*(people.sign_up(ANN) for _ in range(10)))
    assert await owner.fetchval("SELECT count(*) FROM account") == 1
    subjects = sorted(mail.subject for mail in await people.mails_to(ANN))
    assert subjects == ["Confirm your e-mail address"] + ["You have an account already"] * 9


async def test_what_is_wrong_with_a_sign_up_is_named_at_once(people: Reception) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.sign_up(people.desk, client(), email="ann", password="short", name="A\nB")
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("email", "invalid_email"),
        ("password", "too_short"),
        ("name", "invalid_character"),
    ]


async def test_a_link_confirms_once_however_many_open_it(people: Reception) -> None:
    await people.sign_up(ANN)
    token = await people.token_sent_to(ANN)
    results = await asyncio.gather(
        *(accounts.verify_email(token) for _ in range(10)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, InvalidLink) for result in results) == 9


async def test_an_expired_or_made_up_link_opens_nothing(
    people: Reception, owner: asyncpg.Connection
) -> None:
    await people.sign_up(ANN)
    token = await people.token_sent_to(ANN)
    await owner.execute("UPDATE one_time_token SET expires_at = now() - interval '1 second'")
    for made_up in (token, "mcpt_made_up", "", "x" * 10_000, "\x00\udcff"):
        with pytest.raises(InvalidLink):
            await accounts.verify_email(made_up)


async def test_a_link_to_confirm_resets_no_password(people: Reception) -> None:
    await people.sign_up(ANN)
    token = await people.token_sent_to(ANN)
    with pytest.raises(InvalidLink):
        await accounts.reset_password(people.desk, client(), token=token, password=OTHER_PASSWORD)


async def test_a_reset_ends_all_sessions_and_all_links(people: Reception) -> None:
    session = await people.newcomer(ANN)
    tokens = []
    for _ in range(2):
        await accounts.request_password_reset(people.desk, client(), email=ANN)
        tokens.append(await people.token_sent_to(ANN))
    await accounts.reset_password(people.desk, client(), token=tokens[0], password=OTHER_PASSWORD)
    for token in tokens:
        with pytest.raises(InvalidLink):
            await accounts.reset_password(people.desk, client(), token=token, password=PASSWORD)
    with pytest.raises(NotSignedIn):
        await admission.signed_in(session)
    with pytest.raises(NotSignedIn):
        await people.sign_in(ANN)
    assert await people.sign_in(ANN, OTHER_PASSWORD)
    assert (await people.mails_to(ANN))[-1].subject == "Your password was changed"


async def test_of_many_resets_with_several_links_at_once_one_wins(people: Reception) -> None:
    await people.newcomer(ANN)
    tokens = []
    for _ in range(3):
        await accounts.request_password_reset(people.desk, client(), email=ANN)
        tokens.append(await people.token_sent_to(ANN))
    results = await asyncio.gather(
        *(
            accounts.reset_password(people.desk, client(), token=token, password=OTHER_PASSWORD)
            for token in tokens * 4
        ),
        return_exceptions=True,
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, InvalidLink) for result in results) == 11


async def test_a_reset_proves_the_address(people: Reception) -> None:
    await people.sign_up(ANN)
    await accounts.request_password_reset(people.desk, client(), email=ANN)
    token = await people.token_sent_to(ANN)
    await accounts.reset_password(people.desk, client(), token=token, password=OTHER_PASSWORD)
    assert await people.sign_in(ANN, OTHER_PASSWORD)


async def test_signing_in_unconfirmed_sends_the_link_once_more(people: Reception) -> None:
    await people.sign_up(ANN)
    first = await people.token_sent_to(ANN)
    with pytest.raises(NotSignedIn):
        await people.sign_in(ANN)
    second = await people.token_sent_to(ANN)
    assert first != second
    await accounts.verify_email(second)
    with pytest.raises(InvalidLink):
        await accounts.verify_email(first)


async def test_a_changed_password_ends_the_other_sessions(people: Reception) -> None:
    other = await people.newcomer(ANN)
    own = await people.sign_in(ANN)
    user = await admission.signed_in(own)
    with pytest.raises(Invalid) as refused:
        await accounts.change_password(
            people.desk, user, current_password="wrong", new_password=OTHER_PASSWORD
        )
    assert (refused.value.field, refused.value.code) == ("currentPassword", "wrong_password")
    await accounts.change_password(
        people.desk, user, current_password=PASSWORD, new_password=OTHER_PASSWORD
    )
    assert await admission.signed_in(own) == user
    with pytest.raises(NotSignedIn):
        await admission.signed_in(other)


async def test_no_session_outlives_a_reset_that_overtakes_its_sign_in(
    people: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.newcomer(ANN)
    await accounts.request_password_reset(people.desk, client(), email=ANN)
    token = await people.token_sent_to(ANN)
    is_right = Passwords.is_right

    async def overtaken(self: Passwords, password: str, password_hash: str | None) -> bool:
        matches = await is_right(self, password, password_hash)
        await accounts.reset_password(people.desk, client(), token=token, password=OTHER_PASSWORD)
        return matches

    monkeypatch.setattr(Passwords, "is_right", overtaken)
    with pytest.raises(NotSignedIn):
        await people.sign_in(ANN)


async def test_a_hash_with_weaker_parameters_is_made_anew(
    people: Reception, owner: asyncpg.Connection
) -> None:
    await people.newcomer(ANN)
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    passwords = Passwords(stronger)
    desk = replace(people.desk, passwords=passwords)
    for _ in range(2):
        await accounts.sign_in(desk, client(), email=ANN, password=PASSWORD)
    passwords.close()
    kept = await owner.fetchval("SELECT password_hash FROM account")
    assert not stronger.check_needs_rehash(kept)
    assert CHEAP.check_needs_rehash(kept)


async def test_attempts_are_limited_alike_for_known_and_unknown_addresses(database: str) -> None:
    async with reception(Attempts()) as people:
        await people.newcomer(ANN)
        for email in (ANN, "nobody@acme.test"):
            outcomes = [type(await failure(people.sign_in(email, "wrong" * 5))) for _ in range(12)]
            allowed = 9 if email == ANN else 10  # Ann signed in once
            assert outcomes == [NotSignedIn] * allowed + [TooMany] * (12 - allowed)


async def failure(work: Awaitable[object]) -> BaseException:
    try:
        await work
    except ProductError as error:
        return error
    raise AssertionError


async def test_signing_in_replaces_the_browsers_session(people: Reception) -> None:
    first = await people.newcomer(ANN)

    async def again(previous: str) -> SignedIn:
        return await accounts.sign_in(
            people.desk, client(), email=ANN, password=PASSWORD, previous_token=previous
        )

    second = await again(first)
    assert second.token.reveal() != first
    with pytest.raises(NotSignedIn):
        await admission.signed_in(first)
    user = await admission.signed_in(second.token.reveal())
    assert await member_sessions.present(user) == (second.session,)
    await again("mcpm_made_up")
    assert len(await member_sessions.present(user)) == 2


async def test_signing_out_ends_the_session(people: Reception) -> None:
    token = await people.newcomer(ANN)
    user = await admission.signed_in(token)
    await accounts.sign_out(user)
    await accounts.sign_out(user)
    with pytest.raises(NotSignedIn):
        await admission.signed_in(token)


async def test_no_secret_is_kept_as_it_is(people: Reception, owner: asyncpg.Connection) -> None:
    token = await people.newcomer(ANN)
    await accounts.request_password_reset(people.desk, client(), email=ANN)
    link = await people.token_sent_to(ANN)
    kept = ""
    for table in ("account", "member_session", "one_time_token"):
        rows = await owner.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
        kept += "".join(row["row"] for row in rows)
    assert [secret for secret in (token, link, PASSWORD) if secret in kept] == []
    assert "$argon2id$" in kept
