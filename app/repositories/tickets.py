"""Support tickets."""

from app.core import clock
from app.core.ids import new_id
from app.core.scope import ServerScope
from app.repositories import database
from app.repositories.contention import insist
from app.repositories.database import Row
from app.repositories.tool_calls import Call, arguments, recorded

# $1 to $9 as in `recorded`; open_ticket takes the counter's lock and looks for a repeat under it.
_OPEN = f"""
WITH opened AS MATERIALIZED (
    SELECT * FROM open_ticket($10, $11, $1, $2, $3, $4, $12, $13, $14, $15, $16, $5)),
{
    recorded(
        outcome="'ok'",
        output="jsonb_build_object('ticketId', ticket_id, 'number', ticket_number,"
        " 'repeat', is_repeat)",
        source="FROM opened",
        email="nullif($15, '')",
    )
}
SELECT ticket_id AS id, ticket_number AS number, is_repeat FROM opened
"""


async def open_ticket(
    scope: ServerScope,
    call: Call,
    *,
    content: tuple[str, str, str | None],
    email: str,
    fingerprint: str,
) -> Row:
    """The new ticket, or the one that the same request opened within ten minutes.

    `content` is title, problem and context.
    """
    given = (
        *arguments(scope, call, clock.now()),
        new_id("sr"),
        new_id("sta"),
        *content,
        email,
        fingerprint,
    )
    row = await insist(lambda: database.fetch_row(_OPEN, *given))
    if row is None:
        message = "open_ticket returns a row"
        raise RuntimeError(message)
    call.is_recorded = True
    return row
