"""Who is calling: sessions, visits, run handles and the end users behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from app.core import clock
from app.core.enums import AuthType
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.core.scope import ServerScope
from app.repositories import database
from app.repositories.database import Row

VISIT_GAP = timedelta(minutes=30)
RUN_HANDLE_LIFE = timedelta(days=90)

_ENTER = "SELECT * FROM enter($1, $2, $3, $4, $5, $6, $7, $8)"
_ENTER_PERSON = "SELECT * FROM enter_with_token($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"

_OPEN_SESSION = """
INSERT INTO session (id, organization_id, server_id, kind, client_name, client_version,
    tracking_id, connected_at, last_seen_at, end_user_id)
VALUES ($1, $2, $3, 'session', $4, $5, $6, $7, $7, $8)
"""

_END_SESSION = """
UPDATE session SET ended_at = $4
WHERE id = $1 AND server_id = $2 AND kind = 'session' AND ended_at IS NULL
    AND tracking_id IS NOT DISTINCT FROM $3
RETURNING id
"""

# Two calls may bring the same newcomer at once: the row that both lock decides who stays.
_NEW_OF_SESSION = """
WITH kept AS (
    UPDATE session SET end_user_id = coalesce(end_user_id, $2) WHERE id = $4 RETURNING end_user_id),
made AS (
    INSERT INTO end_user (id, organization_id, email_verified, profile, first_seen_at, last_seen_at)
    SELECT $2, $1, false, '{}', $3, $3 FROM kept WHERE end_user_id = $2)
SELECT end_user_id AS id FROM kept
"""

_KEEP_IN_SESSION = """
UPDATE session SET end_user_id = coalesce(end_user_id, $1) WHERE id = $2 RETURNING end_user_id AS id
"""

_TRACKED = """
INSERT INTO end_user (id, organization_id, tracking_id, email_verified, profile, first_seen_at,
    last_seen_at)
VALUES ($2, $1, $4, false, '{}', $3, $3)
ON CONFLICT (organization_id, tracking_id) DO UPDATE SET last_seen_at = $3
RETURNING id
"""

_NEW_WITH_RUN = """
WITH made AS (
    INSERT INTO end_user (id, organization_id, email_verified, profile, first_seen_at, last_seen_at)
    VALUES ($2, $1, false, '{}', $3, $3) RETURNING id)
INSERT INTO run_handle (id, organization_id, server_id, end_user_id, created_at, last_used_at)
SELECT $4, $1, $5, id, $3, $3 FROM made RETURNING end_user_id AS id
"""

_USE_RUN = "UPDATE run_handle SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2"

_END_VISIT = """
UPDATE session SET ended_at = last_seen_at
WHERE server_id = $1 AND end_user_id = $2 AND client_name = $3 AND client_version = $4
    AND kind = 'visit' AND ended_at IS NULL AND last_seen_at < $5
"""

_OPEN_VISIT = """
INSERT INTO session (id, organization_id, server_id, end_user_id, kind, client_name,
    client_version, tracking_id, connected_at, last_seen_at)
VALUES ($1, $2, $3, $4, 'visit', $5, $6, $7, $8, $8)
ON CONFLICT (server_id, end_user_id, client_name, client_version)
    WHERE kind = 'visit' AND ended_at IS NULL DO UPDATE SET last_seen_at = $8
RETURNING id
"""

_CONTACT = """
UPDATE end_user SET email = $2 WHERE id = $1 AND NOT email_verified AND email IS DISTINCT FROM $2
"""


class Brought(NamedTuple):
    """What a request brings besides its token; `client` where visits are reckoned."""

    session_id: str | None
    tracking_id: str | None
    run: str | None
    client: tuple[str, str] | None


@asynccontextmanager
async def request(scope: ServerScope) -> AsyncIterator[None]:
    """One connection for everything that one request does.

    Raises Unavailable too when the server, the session or the end user was removed under it: the
    next attempt is told that they are unknown.
    """
    async with database.connection(scope):
        try:
            yield
        except asyncpg.ForeignKeyViolationError as error:
            message = "What this call belongs to was removed just now. Try again in a moment."
            raise Unavailable(message) from error


async def enter(
    scope: ServerScope,
    *,
    session_id: str | None,
    tracking_id: str | None,
    run: str | None,
    client: tuple[str, str] | None,
) -> Row:
    """Bind the current unit and read who calls, in one round trip.

    `client` (name, version) is given where visits are reckoned. The row's session_id is null for a
    session that is unknown, ended, of another server or of another address.
    """
    name, version = client or (None, None)
    rows = await database.current().fetch_bound(
        _ENTER,
        scope.organization_id,
        scope.server_id,
        session_id,
        tracking_id,
        run,
        clock.now() - RUN_HANDLE_LIFE,
        name,
        version,
    )
    return rows[0]


async def enter_with_token(
    scope: ServerScope, brought: Brought, *, token_hash: str, auth_type: AuthType
) -> Row:
    """As `enter`, for a server whose end users log in; as many round trips.

    The row's end_user_id is null unless the access token is good at this very server.
    """
    name, version = brought.client or (None, None)
    now = clock.now()
    rows = await database.current().fetch_bound(
        _ENTER_PERSON,
        scope.organization_id,
        scope.server_id,
        token_hash,
        auth_type.value,
        now,
        brought.session_id,
        brought.tracking_id,
        brought.run,
        now - RUN_HANDLE_LIFE,
        name,
        version,
    )
    return rows[0]


async def open_session(
    scope: ServerScope,
    *,
    client: tuple[str, str],
    tracking_id: str | None,
    end_user_id: str | None = None,
) -> str:
    """A new session's id."""
    session_id = new_id("mcps", groups=4)
    await database.fetch(
        _OPEN_SESSION,
        session_id,
        scope.organization_id,
        scope.server_id,
        *client,
        tracking_id,
        clock.now(),
        end_user_id,
    )
    return session_id


async def end_session(scope: ServerScope, session_id: str, *, tracking_id: str | None) -> bool:
    """Whether there was a live session to end."""
    row = await database.fetch_row(
        _END_SESSION, session_id, scope.server_id, tracking_id, clock.now()
    )
    return row is not None


async def new_end_user_of_session(scope: ServerScope, session_id: str) -> str:
    """The id of the end user that the session belongs to from now on."""
    row = await database.fetch_row(
        _NEW_OF_SESSION, scope.organization_id, new_id("mcpu"), clock.now(), session_id
    )
    return _id(row)


async def keep_in_session(end_user_id: str, session_id: str) -> str:
    """The id of the session's end user: this one, unless it has one already."""
    return _id(await database.fetch_row(_KEEP_IN_SESSION, end_user_id, session_id))


async def end_user_of_tracking_id(scope: ServerScope, tracking_id: str) -> str:
    """The id of the end user with the customer's own id, made at the first call."""
    row = await database.fetch_row(
        _TRACKED, scope.organization_id, new_id("mcpu"), clock.now(), tracking_id
    )
    return _id(row)


async def new_end_user_with_run(scope: ServerScope) -> tuple[str, str]:
    """The id of a new anonymous end user, and the run handle that finds it again."""
    run = new_id("run", groups=4)
    row = await database.fetch_row(
        _NEW_WITH_RUN,
        scope.organization_id,
        new_id("mcpu"),
        clock.now(),
        run,
        scope.server_id,
    )
    return _id(row), run


async def use_run(run: str) -> None:
    """Count the handle's 90 days from now on."""
    await database.fetch(_USE_RUN, run, clock.now())


async def open_visit(
    scope: ServerScope, end_user_id: str, *, client: tuple[str, str], tracking_id: str | None
) -> str:
    """The id of this end user's visit with this client: the open one, after the gap a new one."""
    now: datetime = clock.now()
    await database.fetch(_END_VISIT, scope.server_id, end_user_id, *client, now - VISIT_GAP)
    row = await database.fetch_row(
        _OPEN_VISIT,
        new_id("mcps", groups=4),
        scope.organization_id,
        scope.server_id,
        end_user_id,
        *client,
        tracking_id,
        now,
    )
    return _id(row)


async def remember_contact(end_user_id: str, email: str) -> None:
    """Keep an e-mail address that someone gave, unless a verified one is known."""
    await database.fetch(_CONTACT, end_user_id, email)


def _id(row: Row | None) -> str:
    if row is None:
        message = "the statement returns a row"
        raise RuntimeError(message)
    return str(row["id"])
