"""Accounts: signing up and in, and everything about the password.

No answer tells whether an address has an account (docs/decisions/0010). What differs goes out by
mail, and takes as long either way.
"""

from datetime import timedelta
from typing import Final

from app.core import clock
from app.core.enums import TokenPurpose
from app.core.errors import Conflict, Invalid, NotFound, NotSignedIn, TooMany
from app.core.ids import new_id
from app.core.mail import Mail
from app.core.scope import UserScope
from app.core.secrets import Secret, digest, new_token
from app.domain import account_mail, admission, member_sessions
from app.domain.account_rules import (
    NAME_MAX_CHARACTERS,
    canonical_email,
    check_email,
    check_password,
)
from app.domain.desk import (
    ADDRESS_ATTEMPTS_PER_MINUTE,
    EMAIL_ATTEMPTS_PER_MINUTE,
    MAILS_PER_DAY,
    Client,
    Desk,
)
from app.domain.faults import Faults
from app.domain.member_sessions import SignedIn
from app.repositories import database, lookups
from app.repositories.accounts import Account, Accounts, EmailTaken, MemberSessions, OneTimeTokens

__all__ = [
    "Account",
    "InvalidLink",
    "change_password",
    "rename",
    "request_password_reset",
    "reset_password",
    "sign_in",
    "sign_out",
    "sign_up",
    "verify_email",
    "viewer",
]

_LIFE: Final = {
    TokenPurpose.VERIFY_EMAIL: timedelta(hours=24),
    TokenPurpose.RESET_PASSWORD: timedelta(hours=1),
}
_NOT_SIGNED_IN: Final = (
    "The e-mail address or the password is wrong, or the address is not confirmed yet."
)


class InvalidLink(NotFound):
    """The token of a link is unknown, was used before, or has expired: all the same."""

    code = "invalid_link"


async def sign_up(desk: Desk, client: Client, *, email: str, password: str, name: str = "") -> None:
    """Send a mail that goes on: to confirm the address, or that it has an account already.

    Raises Invalid, TooMany and Unavailable.
    """
    address = canonical_email(email)
    faults = Faults()
    check_email(faults, address)
    check_password(faults, "password", password, email=address)
    faults.line("name", name, longest=NAME_MAX_CHARACTERS)
    faults.refuse()
    await desk.take_mail("sign up", client.address, address)
    password_hash = await desk.passwords.hashed(password)
    if await lookups.account_by_email(address) is None:
        newcomer = admission.account_holder(new_id("usr"), address)
        try:
            async with database.transaction(newcomer):
                await Accounts(newcomer).insert(
                    name=name.strip(), password_hash=password_hash, email=address
                )
                token = await _issued(newcomer, TokenPurpose.VERIFY_EMAIL)
        except EmailTaken:  # by someone who signed up at the same moment
            pass
        else:
            desk.mail.post(account_mail.confirm_address(desk.base_url, address, token))
            return
    if (row := await lookups.account_by_email(address)) is not None:
        holder = admission.account_holder(row["id"], address)
        async with database.transaction(holder):
            token = await _issued(holder, TokenPurpose.RESET_PASSWORD)
        desk.mail.post(account_mail.known_already(desk.base_url, address, token))


async def verify_email(token: str) -> None:
    """Note that the user reads mail sent to the address, and may sign in. Raises InvalidLink."""
    token_id, user = await _holder_of(token, TokenPurpose.VERIFY_EMAIL)
    async with database.transaction(user):
        await Accounts(user).password_hash(is_locked=True)  # two links at once would deadlock
        await _spend(user, token_id, TokenPurpose.VERIFY_EMAIL)
        await OneTimeTokens(user).void(TokenPurpose.VERIFY_EMAIL)
        await Accounts(user).verify_email()


async def sign_in(
    desk: Desk,
    client: Client,
    *,
    email: str,
    password: str,
    previous_token: str | None = None,
) -> SignedIn:
    """A new session; the one that this browser had before (`previous_token`) ends.

    Raises NotSignedIn, TooMany and Unavailable.
    """
    address = canonical_email(email)
    await desk.attempts.take("sign in", client.address, per_minute=ADDRESS_ATTEMPTS_PER_MINUTE)
    await desk.attempts.take("sign in", address, per_minute=EMAIL_ATTEMPTS_PER_MINUTE)
    row = await lookups.account_by_email(address)
    known_hash: str | None = row["password_hash"] if row else None
    if not await desk.passwords.is_right(password, known_hash) or row is None:
        raise NotSignedIn(_NOT_SIGNED_IN)
    user = admission.account_holder(row["id"], address)
    if row["email_verified_at"] is None:
        desk.mail.post(lambda: _confirmation(desk, user))
        raise NotSignedIn(_NOT_SIGNED_IN)
    await member_sessions.replaced(previous_token)
    is_outdated = desk.passwords.is_outdated(row["password_hash"])
    newer_hash = await desk.passwords.hashed(password) if is_outdated else None
    async with database.transaction(user):
        # Under the lock, or a session could outlive the reset that just ended all of them.
        if await Accounts(user).password_hash(is_locked=True) != known_hash:
            raise NotSignedIn(_NOT_SIGNED_IN)
        if newer_hash is not None:
            await Accounts(user).set_password(newer_hash)
        return await member_sessions.opened(user, user_agent=client.user_agent)


async def sign_out(user: UserScope) -> None:
    """End the session that the scope came from, if it still lives."""
    async with database.connection(user):
        await MemberSessions(user).end(user.session_id or "")


async def request_password_reset(desk: Desk, client: Client, *, email: str) -> None:
    """Send a link to choose a new password, if the address has an account.

    Nothing is looked up before this returns. Raises Invalid, TooMany and Unavailable.
    """
    address = canonical_email(email)
    faults = Faults()
    check_email(faults, address)
    faults.refuse()
    await desk.take_mail("reset", client.address, address)
    desk.mail.post(lambda: _way_back(desk, address))


async def reset_password(desk: Desk, client: Client, *, token: str, password: str) -> None:
    """Write another password, which proves the address too, and end all sessions.

    Raises Invalid, InvalidLink, TooMany and Unavailable.
    """
    await desk.attempts.take("spend", client.address, per_minute=ADDRESS_ATTEMPTS_PER_MINUTE)
    token_id, user = await _holder_of(token, TokenPurpose.RESET_PASSWORD)
    faults = Faults()
    check_password(faults, "password", password, email=user.email)
    faults.refuse()
    password_hash = await desk.passwords.hashed(password)
    async with database.transaction(user):
        await Accounts(user).password_hash(is_locked=True)
        await _spend(user, token_id, TokenPurpose.RESET_PASSWORD)
        await OneTimeTokens(user).void()
        await Accounts(user).set_password(password_hash)
        await Accounts(user).verify_email()
        await MemberSessions(user).end_others(None)
    desk.mail.post(account_mail.password_changed(user.email))


async def change_password(
    desk: Desk, user: UserScope, *, current_password: str, new_password: str
) -> None:
    """Write another password and end all sessions but the scope's own.

    Raises Invalid, Conflict, TooMany and Unavailable.
    """
    faults = Faults()
    check_password(faults, "newPassword", new_password, email=user.email)
    faults.refuse()
    await desk.attempts.take("change", user.user_id, per_minute=EMAIL_ATTEMPTS_PER_MINUTE)
    async with database.connection(user):
        known_hash = await Accounts(user).password_hash()
    if not await desk.passwords.is_right(current_password, known_hash):
        message = "This is not your present password."
        raise Invalid(message, field="currentPassword", code="wrong_password")
    password_hash = await desk.passwords.hashed(new_password)
    async with database.transaction(user):
        if await Accounts(user).password_hash(is_locked=True) != known_hash:
            message = "The password was changed meanwhile. Sign in again."
            raise Conflict(message)
        await Accounts(user).set_password(password_hash)
        await OneTimeTokens(user).void()
        await MemberSessions(user).end_others(user.session_id)
    desk.mail.post(account_mail.password_changed(user.email))


async def viewer(user: UserScope) -> Account:
    """The user's own account."""
    async with database.connection(user):
        account = await Accounts(user).own()
    if account is None:
        message = "This account does not exist any more."
        raise NotSignedIn(message)
    return account


async def rename(user: UserScope, *, name: str) -> Account:
    """The account under another name, which colleagues see. Raises Invalid."""
    faults = Faults()
    faults.line("name", name, longest=NAME_MAX_CHARACTERS)
    faults.refuse()
    async with database.transaction(user):
        await Accounts(user).rename(name.strip())
        return await viewer(user)


async def _issued(user: UserScope, purpose: TokenPurpose) -> Secret:
    token = new_token("mcpt")
    await OneTimeTokens(user).insert(
        purpose=purpose,
        token_hash=digest(token.reveal()),
        expires_at=clock.now() + _LIFE[purpose],
    )
    return token


async def _holder_of(token: str, purpose: TokenPurpose) -> tuple[str, UserScope]:
    row = await lookups.one_time_token(digest(token), now=clock.now())
    if row is None or row["purpose"] != purpose:
        raise _invalid_link()
    return row["id"], admission.account_holder(row["user_id"], row["email"])


async def _spend(user: UserScope, token_id: str, purpose: TokenPurpose) -> None:
    if not await OneTimeTokens(user).spend(token_id, purpose):
        raise _invalid_link()


def _invalid_link() -> InvalidLink:
    return InvalidLink("This link was used before or has expired. Ask for a new one.")


async def _confirmation(desk: Desk, user: UserScope) -> Mail | None:
    try:
        await desk.attempts.take("confirm", user.email, per_minute=1, per_day=MAILS_PER_DAY)
    except TooMany:  # told to no one: whoever signs in must not learn that the account is there
        return None
    async with database.connection(user):
        token = await _issued(user, TokenPurpose.VERIFY_EMAIL)
    return account_mail.confirm_address(desk.base_url, user.email, token)


async def _way_back(desk: Desk, email: str) -> Mail | None:
    row = await lookups.account_by_email(email)
    if row is None:
        return None
    user = admission.account_holder(row["id"], email)
    async with database.connection(user):
        token = await _issued(user, TokenPurpose.RESET_PASSWORD)
    return account_mail.reset_password(desk.base_url, email, token)
