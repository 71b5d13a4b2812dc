"""Whoever makes a request, as far as known. What a request may touch is for admission to say."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core import clock
from app.core.errors import NotFound
from app.core.scope import ServerScope
from app.domain.oauth_errors import InvalidToken
from app.repositories import callers
from app.repositories.database import Row

_RUN_TOUCH = timedelta(days=1)


class UnknownSession(NotFound):
    """The session is unknown, ended, of another server, address or person: all the same."""

    code = "unknown_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request brings to say who it is. `client` is (name, version), '' where not told.

    `token` is the access token; it counts on servers whose end users log in, and nowhere else.
    """

    session_id: str | None = None
    tracking_id: str | None = None
    run: str | None = None
    client: tuple[str, str] = ("", "")
    is_stateless: bool = False
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a good access token says besides who its person is."""

    client_id: str
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Caller:
    """Whoever makes this request, as far as known; `end_user_id` may come to be known later.

    `new_run` is set when a run handle was made that the answer must pass on. `access` is there on
    servers whose end users log in; `verified_email` is then the person's, if an issuer verified
    one. `anonymous_id` is whom the same session or run had before the person was known.
    """

    scope: ServerScope
    credentials: Credentials
    session_id: str | None
    end_user_id: str | None
    email: str | None
    is_collecting_email: bool
    is_kept_in_session: bool
    visit_id: str | None
    run: str | None
    is_run_due: bool
    new_run: str | None = None
    access: Access | None = None
    verified_email: str | None = None
    anonymous_id: str | None = None

    @property
    def is_identified(self) -> bool:
        """Whether a person is known: by login, tracking id, or an e-mail that was asked for."""
        if self.access is not None:
            return True
        known_by_email = self.is_collecting_email and self.email is not None
        return self.credentials.tracking_id is not None or known_by_email


def told_by_session(
    scope: ServerScope, credentials: Credentials, row: Row, *, is_collecting_email: bool
) -> Caller:
    """The caller that a row of `enter` tells of. Raises UnknownSession."""
    # A server may have stopped asking for logins: a session alone never stands for a person.
    is_a_persons = row["subject"] is not None
    if credentials.session_id is not None and (row["session_id"] is None or is_a_persons):
        raise _unknown_session()
    now = clock.now()
    return Caller(
        scope=scope,
        credentials=credentials,
        session_id=row["session_id"],
        end_user_id=row["end_user_id"],
        email=row["email"],
        is_collecting_email=is_collecting_email,
        is_kept_in_session=row["session_end_user_id"] is not None,
        visit_id=_open_visit(row, now),
        run=row["run_id"],
        is_run_due=row["run_id"] is not None and now - row["run_used_at"] > _RUN_TOUCH,
    )


def told_by_token(scope: ServerScope, credentials: Credentials, row: Row) -> Caller:
    """The caller that a row of `enter_with_token` tells of. Raises InvalidToken, UnknownSession."""
    person_id, holder = row["end_user_id"], row["session_end_user_id"]
    if person_id is None:
        message = "This access token is unknown, expired or revoked, or is for another server."
        raise InvalidToken(message)
    is_anothers = row["session_issuer"] is not None and holder != person_id
    if credentials.session_id is not None and (row["session_id"] is None or is_anothers):
        raise _unknown_session()
    return Caller(
        scope=scope,
        credentials=credentials,
        session_id=row["session_id"],
        end_user_id=person_id,
        email=row["email"],
        is_collecting_email=False,
        is_kept_in_session=holder == person_id,
        visit_id=_open_visit(row, clock.now()),
        run=None,
        is_run_due=False,
        access=Access(
            client_id=row["client_id"], scopes=tuple(row["scopes"]), expires_at=row["expires_at"]
        ),
        verified_email=row["email"] if row["email_verified"] else None,
        anonymous_id=row["anonymous_id"],
    )


def _open_visit(row: Row, now: datetime) -> str | None:
    is_open = row["visit_id"] is not None and now - row["visit_seen_at"] < callers.VISIT_GAP
    return row["visit_id"] if is_open else None


def _unknown_session() -> UnknownSession:
    message = "This session is unknown or has ended. Start a new one with initialize."
    return UnknownSession(message)
