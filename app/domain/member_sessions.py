"""Sessions of people who signed in; not to be confused with those of end users' agents."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core import clock
from app.core.errors import NotFound
from app.core.scope import UserScope
from app.core.secrets import Secret, digest, new_token
from app.domain import admission
from app.repositories import database, lookups
from app.repositories.accounts import MemberSession, MemberSessions

__all__ = ["MemberSession", "SignedIn", "end", "end_others", "opened", "present", "replaced"]

SESSION_LIFE: Final = timedelta(days=30)  # counted from signing in; idle ones end sooner
MOST_SESSIONS: Final = 50
_USER_AGENT_MAX_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session and its token, which is in no other answer."""

    user_id: str
    session: MemberSession
    token: Secret


async def opened(user: UserScope, *, user_agent: str) -> SignedIn:
    """A new session, within the transaction that checked who signs in."""
    token = new_token("mcpm")
    readable = "".join(character for character in user_agent if character.isprintable())
    sessions = MemberSessions(user)
    session = await sessions.insert(
        token_hash=digest(token.reveal()),
        user_agent=readable[:_USER_AGENT_MAX_CHARACTERS],
        expires_at=clock.now() + SESSION_LIFE,
    )
    await sessions.keep_newest(MOST_SESSIONS)
    return SignedIn(user_id=user.user_id, session=session, token=token)


async def replaced(token: str | None) -> None:
    """End the session that the browser had before it signed in anew, whoever's it was."""
    now = clock.now()
    row = token and await lookups.member_session(
        digest(token), now=now, seen_since=now - admission.SESSION_IDLE
    )
    if row:
        user = admission.account_holder(row["user_id"], row["email"])
        async with database.connection(user):
            await MemberSessions(user).end(row["id"])


async def present(user: UserScope) -> tuple[MemberSession, ...]:
    """Where the user is signed in, newest first; the scope's session_id is the present one."""
    since = clock.now() - admission.SESSION_IDLE
    async with database.connection(user):
        sessions = await MemberSessions(user).present()
    return tuple(
        one for one in sessions if one.last_seen_at > since and one.expires_at > clock.now()
    )


async def end(user: UserScope, session_id: str) -> None:
    """Sign the user out there. Raises NotFound."""
    async with database.connection(user):
        if not await MemberSessions(user).end(session_id):
            message = "There is no such session."
            raise NotFound(message)


async def end_others(user: UserScope) -> int:
    """Sign the user out everywhere else; how many sessions that were."""
    async with database.connection(user):
        return len(await MemberSessions(user).end_others(user.session_id))
