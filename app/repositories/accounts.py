"""Accounts, and what proves that someone is their holder."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core import clock
from app.core.enums import TokenPurpose
from app.core.errors import Conflict
from app.models.accounts import Account as AccountTable
from app.models.accounts import MemberSession as MemberSessionTable
from app.models.accounts import OneTimeToken as OneTimeTokenTable
from app.repositories import database
from app.repositories.base import PersonalRepository, Row, refused_by

_TOUCH = """
UPDATE member_session SET last_seen_at = $3 WHERE user_id = $1 AND id = $2 AND last_seen_at < $4
"""

_END = "DELETE FROM member_session WHERE user_id = $1 AND id = $2 RETURNING id"

_END_OTHERS = """
DELETE FROM member_session WHERE user_id = $1 AND id IS DISTINCT FROM $2 RETURNING id
"""

_KEEP_NEWEST = """
DELETE FROM member_session WHERE user_id = $1 AND id IN (
    SELECT id FROM member_session WHERE user_id = $1 ORDER BY last_seen_at DESC, id OFFSET $2)
"""

_SPEND = "DELETE FROM one_time_token WHERE user_id = $1 AND id = $2 AND purpose = $3 RETURNING id"

_VOID = "DELETE FROM one_time_token WHERE user_id = $1 AND ($2::text IS NULL OR purpose = $2)"


class EmailTaken(Conflict):
    """Someone has an account with this address. Never told to whoever asks."""

    code = "email_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as themselves."""

    id: str
    email: str
    name: str
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSession:
    """One browser or script that a user is signed in with; `user_agent` is what it says it is."""

    id: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Accounts(PersonalRepository):
    """The user's own account."""

    table = AccountTable
    owner = "id"

    async def own(self) -> Account | None:
        """The account."""
        row = await self._row()
        return msgspec.convert(row, Account) if row else None

    async def password_hash(self, *, is_locked: bool = False) -> str | None:
        """The present hash; locked, no other write to the account comes between."""
        row = await self._row(is_locked=is_locked)
        return str(row["password_hash"]) if row else None

    async def insert(self, *, name: str, password_hash: str, email: str) -> None:
        """Keep a new account, its address not verified. Raises EmailTaken."""
        now = clock.now()
        values = {
            "email": email,
            "name": name,
            "password_hash": password_hash,
            "created_at": now,
            "updated_at": now,
        }
        taken = EmailTaken("There is an account with this address.", field="email")
        with refused_by("account_email_key", error=taken):
            await self._insert(values)

    async def rename(self, name: str) -> None:
        """Write another name."""
        await self._update({"name": name, "updated_at": clock.now()})

    async def set_password(self, password_hash: str) -> None:
        """Write another hash."""
        await self._update({"password_hash": password_hash, "updated_at": clock.now()})

    async def verify_email(self) -> None:
        """Note that the user reads mail sent to their address; the first time counts."""
        values = {"email_verified_at": clock.now(), "updated_at": clock.now()}
        await self._update(values, AccountTable.email_verified_at.is_null())


class MemberSessions(PersonalRepository):
    """The user's own sessions."""

    table = MemberSessionTable

    async def present(self) -> tuple[MemberSession, ...]:
        """All of them, newest first."""
        page = await self._page(after=None, limit=1000, newest_first=True)
        return tuple(_session(row) for row in page.items)

    async def insert(
        self, *, token_hash: str, user_agent: str, expires_at: datetime
    ) -> MemberSession:
        """The new session."""
        now = clock.now()
        values = {
            "token_hash": token_hash,
            "user_agent": user_agent,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": expires_at,
        }
        return _session(await self._insert(values))

    async def touch(self, session_id: str, *, now: datetime, unless_since: datetime) -> None:
        """Write when it was last seen, unless someone has since then."""
        await database.fetch(_TOUCH, self.user_id, session_id, now, unless_since)

    async def end(self, session_id: str) -> bool:
        """Whether there was such a session; it is gone."""
        return await database.fetch_row(_END, self.user_id, session_id) is not None

    async def end_others(self, session_id: str | None) -> Sequence[str]:
        """The ids of the sessions that are gone: all but this one."""
        rows = await database.fetch(_END_OTHERS, self.user_id, session_id)
        return [row["id"] for row in rows]

    async def keep_newest(self, count: int) -> None:
        """End those that were not seen for longest, past this many."""
        await database.fetch(_KEEP_NEWEST, self.user_id, count)


class OneTimeTokens(PersonalRepository):
    """What was sent to the user by mail."""

    table = OneTimeTokenTable

    async def insert(self, *, purpose: TokenPurpose, token_hash: str, expires_at: datetime) -> None:
        """Keep a new token."""
        values = {
            "purpose": purpose,
            "token_hash": token_hash,
            "created_at": clock.now(),
            "expires_at": expires_at,
        }
        await self._insert(values)

    async def spend(self, token_id: str, purpose: TokenPurpose) -> bool:
        """Whether the token was there to be spent, which happens once however many try."""
        row = await database.fetch_row(_SPEND, self.user_id, token_id, purpose)
        return row is not None

    async def void(self, purpose: TokenPurpose | None = None) -> None:
        """Make the others worthless, of this purpose or all."""
        await database.fetch(_VOID, self.user_id, purpose)


def _session(row: Row) -> MemberSession:
    return msgspec.convert(row, MemberSession)
