"""Erasing a person: no identifier and no word of theirs stays, the figures do.

Whoever writes something of an end user holds their row against its removal, so the first lock here
waits for the calls that are writing, and what they wrote is seen by the statements after it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import asyncpg

from app.core.errors import Unavailable
from app.core.scope import OrganizationScope
from app.repositories import database
from app.repositories.database import Row

ERASED: Final = "Erased"
CALLS_AT_ONCE: Final = 5_000  # rewritten by one statement: a fraction of a second

# Calls take the same locks in orders of their own. Whoever waits longer than this lets go of
# everything and begins anew, long before PostgreSQL would choose a victim (after a second).
_PATIENCE = "100ms"
_ATTEMPTS = 50

_HOLD = """
SELECT tracking_id, email, forgotten_at,
    num_nonnulls(tracking_id, email, issuer) > 0 OR profile <> '{}' AS is_somebody
FROM end_user
WHERE organization_id = $1 AND id = $2 AND erased_at IS NULL FOR UPDATE
"""

# A client's name and version are erased too: a rare client is as good as a name.
_SESSIONS = """
UPDATE session SET tracking_id = NULL, client_name = '', client_version = '',
    ended_at = coalesce(ended_at, CASE kind WHEN 'visit' THEN last_seen_at ELSE $3 END)
WHERE organization_id = $1 AND (end_user_id = $2 OR tracking_id = $4)
    AND (ended_at IS NULL OR tracking_id IS NOT NULL OR client_name <> '' OR client_version <> '')
RETURNING id
"""

_RUNS = "DELETE FROM run_handle WHERE organization_id = $1 AND end_user_id = $2 RETURNING id"
_GRANTS = "DELETE FROM oauth_grant WHERE organization_id = $1 AND end_user_id = $2 RETURNING id"
_FLOWS = "DELETE FROM oauth_flow WHERE organization_id = $1 AND email = lower($2::text)"

# A ticket that was opened without an end user is known by its address alone.
_TICKETS = f"""
UPDATE ticket SET title = '{ERASED}', problem = '{ERASED}', context = NULL, email = '',
    fingerprint = '', revision = revision + 1, updated_at = $3
WHERE organization_id = $1 AND fingerprint <> ''
    AND (end_user_id = $2 OR end_user_id IS NULL AND lower(email) = lower($4::text))
RETURNING id
"""

_COMMENTS = """
UPDATE activity SET body = NULL, withdrawn_at = coalesce(withdrawn_at, $3)
WHERE organization_id = $1 AND ticket_id = ANY ($2) AND body IS NOT NULL
"""

# A repeat within ten minutes was told of the same ticket.
_OPENINGS = """
UPDATE tool_call c SET input = '{}' FROM ticket t
WHERE t.organization_id = $1 AND t.id = ANY ($2) AND t.end_user_id IS NULL
    AND c.organization_id = $1 AND c.end_user_id IS NULL
    AND c.created_at BETWEEN t.created_at AND t.created_at + interval '10 minutes'
    AND c.output->>'ticketId' = t.id
"""

# What came of a call is told in words of ours and in ids, and stays.
_CALLS = f"""
WITH few AS (
    (SELECT id FROM tool_call WHERE organization_id = $1 AND end_user_id = $2 AND input <> '{{}}'
        LIMIT {CALLS_AT_ONCE})
    UNION (SELECT id FROM tool_call WHERE organization_id = $1 AND end_user_id IS NULL
        AND session_id = ANY ($3 || ARRAY(
            SELECT id FROM session WHERE organization_id = $1 AND end_user_id = $2))
        AND input <> '{{}}' LIMIT {CALLS_AT_ONCE})),
gone AS (
    UPDATE tool_call SET input = '{{}}'
    WHERE organization_id = $1 AND id IN (SELECT id FROM few LIMIT {CALLS_AT_ONCE}) RETURNING id)
SELECT count(*) AS number FROM gone
"""

_PERSON = """
UPDATE end_user SET tracking_id = NULL, email = NULL, email_verified = false, issuer = NULL,
    subject = NULL, profile = '{}', forgotten_at = $3
WHERE organization_id = $1 AND id = $2
"""

_FINISH = """
UPDATE end_user SET erased_at = $3
WHERE organization_id = $1 AND id = $2 AND forgotten_at IS NOT NULL AND erased_at IS NULL
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What erasing came to: whether tool calls are left, and whether anything else was found."""

    is_complete: bool
    has_found: bool


class EndUserErasure:
    """Erases end users of the organization; each method within a transaction."""

    def __init__(self, scope: OrganizationScope) -> None:
        self._organization_id = scope.organization_id

    async def erase(
        self, end_user_id: str, *, now: datetime, batches: int, is_forgotten: bool = False
    ) -> Erased | None:
        """Erase everything, but no more tool calls than `batches` hold.

        None if there is no such end user, or no such forgotten one where `is_forgotten`. One who
        was forgotten and has something again, which calls or a login under way wrote, counts as
        forgotten just now. Raises Unavailable where others hold on to the end user's rows.
        """
        return await _patiently(
            lambda: self._erase(end_user_id, now, batches, is_forgotten=is_forgotten)
        )

    async def finish(self, end_user_id: str, *, now: datetime) -> None:
        """Note that nothing is left."""
        await database.fetch(_FINISH, self._organization_id, end_user_id, now)

    async def _erase(
        self, end_user_id: str, now: datetime, batches: int, *, is_forgotten: bool
    ) -> Erased | None:
        of_whom = (self._organization_id, end_user_id)
        row = await database.fetch_row(_HOLD, *of_whom)
        if row is None or (row["forgotten_at"] is not None) != is_forgotten:
            return None
        sessions = await database.fetch(_SESSIONS, *of_whom, now, row["tracking_id"])
        ways_in = [*await database.fetch(_RUNS, *of_whom), *await database.fetch(_GRANTS, *of_whom)]
        await database.fetch(_FLOWS, self._organization_id, row["email"])
        tickets = await database.fetch(_TICKETS, *of_whom, now, row["email"])
        if tickets:
            ids = [ticket["id"] for ticket in tickets]
            await database.fetch(_COMMENTS, self._organization_id, ids, now)
            await database.fetch(_OPENINGS, self._organization_id, ids)
        has_found = bool(sessions or ways_in or tickets or row["is_somebody"])
        if has_found or not is_forgotten:
            await database.fetch(_PERSON, *of_whom, now)
        is_complete = await self._erase_calls(end_user_id, sessions, batches)
        return Erased(is_complete=is_complete, has_found=has_found)

    async def _erase_calls(self, end_user_id: str, sessions: Sequence[Row], batches: int) -> bool:
        """Whether no call is left with an input."""
        session_ids = [session["id"] for session in sessions]
        for _ in range(batches):
            row = await database.fetch_row(_CALLS, self._organization_id, end_user_id, session_ids)
            if row is None or row["number"] < CALLS_AT_ONCE:
                return True
        return False


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """What `work` returns, in a savepoint: taken back and tried again whenever it has to wait."""
    for _ in range(_ATTEMPTS):
        try:
            async with database.savepoint():
                await _wait_for_locks(_PATIENCE)
                done = await work()
                await _wait_for_locks("0")  # as long as it takes
                return done
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
    message = "This end user is making calls just now. Try again in a moment."
    raise Unavailable(message)


async def _wait_for_locks(time: str) -> None:
    await database.fetch("SELECT set_config('lock_timeout', $1, true)", time)
