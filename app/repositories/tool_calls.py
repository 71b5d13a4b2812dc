"""The log of tool calls, and the part of a statement that writes it."""

from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from app.core import clock
from app.core.enums import Outcome
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.core.scope import EndUserScope, ServerScope
from app.repositories import database


@dataclass(slots=True)
class Call:
    """One tools/call under way: what was asked, and since when (`perf_counter` seconds).

    `input` is JSON. Whoever writes the row sets `is_recorded`, so that it is written once; `id` is
    the row's.
    """

    tool: str
    input: str
    started: float
    is_recorded: bool = False
    id: str = field(default_factory=lambda: new_id("tc"))

    def duration_ms(self) -> float:
        """Milliseconds since the request was received."""
        return round((perf_counter() - self.started) * 1000, 3)


def arguments(
    scope: ServerScope, call: Call, now: datetime, *, session_id: str | None = None
) -> tuple[object, ...]:
    """The first nine arguments, $1 to $9, of a statement that contains `recorded(…)`."""
    end_user_id = None
    if isinstance(scope, EndUserScope):
        end_user_id, session_id = scope.end_user_id, scope.session_id
    return (
        scope.organization_id,
        scope.server_id,
        end_user_id,
        session_id,
        now,
        call.id,
        call.tool,
        call.input,
        call.duration_ms(),
    )


def recorded(
    *, outcome: str, output: str, source: str = "", unless: str = "", email: str = "NULL::text"
) -> str:
    """CTEs that log the call and touch whoever made it, at most once a minute.

    Args:
        outcome: SQL for ok, refused or error.
        output: SQL for a small jsonb of facts.
        source: where those come from, such as `FROM moved`; it must yield exactly one row.
        unless: an ON CONFLICT clause.
        email: SQL for a contact address to remember, unless a verified one is known. It is told
            here because one statement can change the end user's row only once.
    """
    return f"""
    recorded AS (
        INSERT INTO tool_call (id, organization_id, server_id, end_user_id, session_id, tool,
            input, output, outcome, duration_ms, created_at)
        SELECT $6::text, $1::text, $2::text, $3::text, $4::text, $7::text,
            $8::jsonb, {output}, {outcome}, $9::float8, $5::timestamptz {source} {unless}),
    session_seen AS (
        UPDATE session SET last_seen_at = $5
        WHERE id = $4 AND last_seen_at < $5 - interval '1 minute'),
    end_user_seen AS (
        UPDATE end_user SET last_seen_at = $5,
            email = CASE WHEN email_verified THEN email ELSE coalesce({email}, email) END
        WHERE id = $3 AND (last_seen_at < $5 - interval '1 minute'
            OR NOT email_verified AND email IS DISTINCT FROM coalesce({email}, email)))
    """


# A statement whose connection died may have been committed for all that.
_RECORD = f"""WITH {
    recorded(outcome="$10::text", output="$11::jsonb", unless="ON CONFLICT (id) DO NOTHING")
} SELECT"""


async def record(
    scope: ServerScope,
    call: Call,
    *,
    outcome: Outcome,
    output: str,
    session_id: str | None = None,
) -> None:
    """Log a call in a statement of its own, on a new connection if the call's has died.

    `output` is JSON. Raises Unavailable.
    """
    given = arguments(scope, call, clock.now(), session_id=session_id)
    try:
        await database.fetch(_RECORD, *given, outcome.value, output)
    except Unavailable:
        if not await database.renew():
            raise
        await database.fetch(_RECORD, *given, outcome.value, output)
    call.is_recorded = True
