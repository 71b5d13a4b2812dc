"""All that is held of one end user, newest first and bounded."""

from dataclasses import dataclass
from typing import Any, Final

from app.core.scope import OrganizationScope
from app.repositories import database

MOST_ENTRIES: Final = 10_000  # of one list
MOST_BYTES: Final = 4_000_000  # of one list, as text

_END_USER = """
SELECT id, tracking_id AS "trackingId", email, email_verified AS "emailVerified", issuer, subject,
    profile, first_seen_at AS "firstSeenAt", last_seen_at AS "lastSeenAt"
FROM end_user WHERE organization_id = $1 AND id = $2 AND forgotten_at IS NULL
"""

_NEWEST = f"""
SELECT * FROM (
    SELECT found.*, count(*) OVER () AS _number, sum(octet_length(found::text)) OVER (
        ORDER BY "{{at}}" DESC, id DESC ROWS UNBOUNDED PRECEDING) AS _bytes
    FROM ({{sql}} ORDER BY "{{at}}" DESC, id DESC LIMIT {MOST_ENTRIES + 1}) AS found) AS told
WHERE _bytes <= {MOST_BYTES} ORDER BY "{{at}}" DESC, id DESC LIMIT {MOST_ENTRIES}
"""

# Each list by its name: what it is sorted by, and its rows.
_LISTS: Final = {
    "sessions": (
        "connectedAt",
        """SELECT id, kind, server_id AS "serverId", client_name AS "clientName",
            client_version AS "clientVersion", tracking_id AS "trackingId",
            connected_at AS "connectedAt", last_seen_at AS "lastSeenAt", ended_at AS "endedAt"
        FROM session WHERE organization_id = $1 AND end_user_id = $2""",
    ),
    "logins": (
        "createdAt",
        """SELECT g.id, g.server_id AS "serverId", c.name AS "clientName", g.scopes,
            g.created_at AS "createdAt", g.ends_at AS "endsAt", g.revoked_at AS "revokedAt"
        FROM oauth_grant g JOIN oauth_client c ON c.id = g.client_id
        WHERE g.organization_id = $1 AND g.end_user_id = $2""",
    ),
    "completions": (
        "completedAt",
        """SELECT id, walkthrough_id AS "walkthroughId", run, step_id AS "stepId",
            server_id AS "serverId", session_id AS "sessionId", completed_at AS "completedAt"
        FROM completion WHERE organization_id = $1 AND end_user_id = $2""",
    ),
    "toolCalls": (
        "createdAt",
        """SELECT id, tool, outcome, input, output, duration_ms AS "durationMs",
            server_id AS "serverId", session_id AS "sessionId", created_at AS "createdAt"
        FROM tool_call WHERE organization_id = $1 AND end_user_id = $2""",
    ),
    "tickets": (
        "createdAt",
        """SELECT id, number, title, problem, context, email, status, priority,
            server_id AS "serverId", walkthrough_id AS "walkthroughId", step_id AS "stepId",
            created_at AS "createdAt", updated_at AS "updatedAt"
        FROM ticket WHERE organization_id = $1 AND end_user_id = $2""",
    ),
    "ticketComments": (
        "createdAt",
        """SELECT a.id, t.number AS "ticketNumber", a.body, a.created_at AS "createdAt",
            a.edited_at AS "editedAt"
        FROM ticket t JOIN activity a ON a.organization_id = $1 AND a.ticket_id = t.id
        WHERE t.organization_id = $1 AND t.end_user_id = $2
            AND a.type = 'comment' AND a.body IS NOT NULL""",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What is held: the end user, lists by their names, and those that are cut short.

    JSON columns are text still.
    """

    end_user: dict[str, Any]
    lists: dict[str, list[dict[str, Any]]]
    truncated: tuple[str, ...]


async def holdings(scope: OrganizationScope, end_user_id: str) -> Holdings | None:
    """All that is held of the end user but progress; None if there is none with this id."""
    whose = (scope.organization_id, end_user_id)
    row = await database.fetch_row(_END_USER, *whose)
    if row is None:
        return None
    lists: dict[str, list[dict[str, Any]]] = {}
    truncated = []
    for name, (at, sql) in _LISTS.items():
        rows = await database.fetch(_NEWEST.format(at=at, sql=sql), *whose)
        lists[name] = [{key: row[key] for key in row.keys() if key[0] != "_"} for row in rows]  # noqa: SIM118 - a Record iterates over its values
        # The first entry alone may be too long only in theory: no column takes so much.
        if rows and rows[0]["_number"] > len(rows):
            truncated.append(name)
    return Holdings(end_user=dict(row), lists=lists, truncated=tuple(truncated))
