"""Figures for charts, each in one statement: what was rolled up and what was not yet, as one.

Intervals shorter than an hour are read from the log itself: only short spans have them. Longer ones
are read by the hour or, where they are made of days, by the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.scope import OrganizationScope
from app.repositories import database
from app.repositories.database import Row

# Through the servers, whose index on the log has the time.
_CALLS_OF_LOG = """(
    SELECT s.organization_id, t.created_at AS start, t.server_id, t.tool, t.outcome,
        histogram_bucket(t.duration_ms) AS bucket, 1 AS calls, t.end_user_id AS end_user
    FROM server s JOIN tool_call t
        ON t.organization_id = s.organization_id AND t.server_id = s.id
    WHERE t.created_at >= $3 AND t.created_at < $4)"""

_WITHIN = """
    f.organization_id = $1 AND ($2::text IS NULL OR f.server_id = $2)
    AND f.start >= $3 AND f.start < $4
"""

# One row for each tool and interval, and for each of the two alone and for neither (then null). A
# percentile is the first value that so many calls do not exceed.
_CALLS = """
WITH binned AS (
    SELECT start, tool, bucket, sum(calls) AS calls,
        sum(calls) FILTER (WHERE outcome = 'ok') AS ok,
        sum(calls) FILTER (WHERE outcome = 'refused') AS refused,
        sum(calls) FILTER (WHERE outcome = 'error') AS error
    FROM (
        SELECT date_bin($5::interval, f.start, $3) AS start, f.tool, f.bucket, f.outcome,
            sum(f.calls) AS calls
        FROM {source} f WHERE {within} GROUP BY 1, 2, 3, 4) AS counted
    GROUP BY GROUPING SETS ((start, tool, bucket), (start, bucket), (tool, bucket), (bucket))),
ranked AS (
    SELECT *, sum(calls) OVER (PARTITION BY start, tool ORDER BY bucket) AS upto,
        sum(calls) OVER (PARTITION BY start, tool) AS total
    FROM binned)
SELECT start, tool, sum(calls)::bigint AS calls, coalesce(sum(ok), 0)::bigint AS ok,
    coalesce(sum(refused), 0)::bigint AS refused, coalesce(sum(error), 0)::bigint AS error,
    histogram_value(min(bucket) FILTER (WHERE upto >= 0.5 * total)) AS p50_ms,
    histogram_value(min(bucket) FILTER (WHERE upto >= 0.95 * total)) AS p95_ms
FROM ranked GROUP BY start, tool ORDER BY calls DESC, tool, start
"""

_END_USERS = """
WITH seen AS MATERIALIZED (
    SELECT DISTINCT date_bin($5::interval, f.start, $3) AS start, f.end_user
    FROM {source} f WHERE {within} AND f.end_user IS NOT NULL)
SELECT start, count(*) AS number FROM seen GROUP BY start
UNION ALL
SELECT NULL, count(*) FROM (SELECT DISTINCT end_user FROM seen) AS whoever
"""

_CONNECTIONS = """
SELECT date_bin($5::interval, connected_at, $3) AS start, count(*) AS number
FROM session
WHERE organization_id = $1 AND ($2::text IS NULL OR server_id = $2)
    AND connected_at >= $3 AND connected_at < $4
GROUP BY GROUPING SETS ((1), ())
"""

# The run itself comes first, with an empty id; then the walkthrough's steps in order.
FUNNEL = """
WITH ranked AS (
    SELECT step_id, measure, bucket, sum(runs) AS runs,
        sum(sum(runs)) OVER (PARTITION BY step_id, measure ORDER BY bucket) AS upto,
        sum(sum(runs)) OVER (PARTITION BY step_id, measure) AS total
    FROM run_figure
    WHERE organization_id = $1 AND ($2::text IS NULL OR server_id = $2)
        AND walkthrough_id = $5 AND grain = $6 AND start >= $3 AND start < $4
    GROUP BY step_id, measure, bucket),
measured AS (
    SELECT step_id,
        coalesce(sum(runs) FILTER (WHERE measure IN ('started', 'reached')), 0)::bigint AS begun,
        coalesce(sum(runs) FILTER (WHERE measure IN ('finished', 'completed')), 0)::bigint AS ended,
        histogram_value(min(bucket) FILTER (
            WHERE measure IN ('finished', 'completed') AND upto >= 0.5 * total)) AS median_seconds
    FROM ranked GROUP BY step_id)
SELECT s.id, s.title, s.position, coalesce(m.begun, 0) AS begun, coalesce(m.ended, 0) AS ended,
    m.median_seconds
FROM (
    SELECT '' AS id, '' AS title, 0 AS position
    UNION ALL
    SELECT id, title, position FROM step WHERE organization_id = $1 AND walkthrough_id = $5) AS s
LEFT JOIN measured m ON m.step_id = s.id
ORDER BY s.position
"""

_WALKTHROUGHS = """
SELECT w.id, r.started, r.finished
FROM (
    SELECT walkthrough_id,
        coalesce(sum(runs) FILTER (WHERE measure = 'started'), 0)::bigint AS started,
        coalesce(sum(runs) FILTER (WHERE measure = 'finished'), 0)::bigint AS finished
    FROM run_figure
    WHERE organization_id = $1 AND ($2::text IS NULL OR server_id = $2)
        AND grain = $6 AND start >= $3 AND start < $4 AND step_id = ''
    GROUP BY walkthrough_id) AS r
JOIN walkthrough w ON w.organization_id = $1 AND w.id = r.walkthrough_id
ORDER BY r.started DESC, w.title, w.id LIMIT $5
"""

_TICKETS = """
WITH opened AS (
    SELECT date_bin($5::interval, t.created_at, $3) AS start, t.status, (
            SELECT min(a.created_at) - t.created_at FROM activity a
            WHERE a.organization_id = $1 AND a.ticket_id = t.id
                AND a.type = 'comment' AND a.author_id IS NOT NULL
        ) AS to_answer, (
            SELECT min(a.created_at) - t.created_at FROM activity a
            WHERE a.organization_id = $1 AND a.ticket_id = t.id AND a.type = 'status_change' AND (
                a.detail @> '{"changes": [{"field": "status", "after": "resolved"}]}'
                OR a.detail @> '{"changes": [{"field": "status", "after": "closed"}]}')
        ) AS to_resolution
    FROM ticket t
    WHERE t.organization_id = $1 AND ($2::text IS NULL OR t.server_id = $2)
        AND t.created_at >= $3 AND t.created_at < $4
        AND ($6::text IS NULL OR t.walkthrough_id = $6))
SELECT start, status, count(*) AS number,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY to_answer))::float8
        AS median_answer_seconds,
    extract(epoch FROM percentile_disc(0.5) WITHIN GROUP (ORDER BY to_resolution))::float8
        AS median_resolution_seconds
FROM opened GROUP BY GROUPING SETS ((start), (status), ())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What figures are asked for: of one server or of all, from `since` up to `until`."""

    server_id: str | None
    since: datetime
    until: datetime
    interval: timedelta


class Analytics:
    """An organization's figures."""

    def __init__(self, scope: OrganizationScope, asked: Asked) -> None:
        self._where = (scope.organization_id, asked.server_id, asked.since, asked.until)
        self._interval = asked.interval
        self._grain = "hour" if asked.interval < timedelta(days=1) else "day"
        self._is_fine = asked.interval < timedelta(hours=1)

    async def calls(self) -> Sequence[Row]:
        """Calls by interval and tool, by either and in all: start and tool are null for any."""
        return await self._counted(_CALLS, "tool_call_figure")

    async def end_users(self) -> Sequence[Row]:
        """The number of different end users by interval, and in all, where start is null."""
        return await self._counted(_END_USERS, "end_user_figure")

    async def connections(self) -> Sequence[Row]:
        """The number of sessions and visits by interval, and in all, where start is null."""
        return await self._fetch(_CONNECTIONS)

    async def funnel(self, walkthrough_id: str) -> Sequence[Row]:
        """Runs begun and ended: the run's own row first, then its steps' rows in order."""
        return await database.fetch(FUNNEL, *self._where, walkthrough_id, self._grain)

    async def walkthroughs(self, limit: int) -> Sequence[Row]:
        """Runs started and finished by walkthrough, those with the most starts first."""
        return await database.fetch(_WALKTHROUGHS, *self._where, limit, self._grain)

    async def tickets(self, walkthrough_id: str | None) -> Sequence[Row]:
        """Tickets by interval, by status, and in all, where both are null."""
        return await self._fetch(_TICKETS, walkthrough_id)

    async def _counted(self, sql: str, figures: str) -> Sequence[Row]:
        """The rows of a statement over what was counted, or for short intervals over the log."""
        if self._is_fine:
            return await self._fetch(sql.format(source=_CALLS_OF_LOG, within=_WITHIN))
        within = f"{_WITHIN} AND f.grain = $6"
        return await self._fetch(sql.format(source=figures, within=within), self._grain)

    async def _fetch(self, sql: str, *args: object) -> Sequence[Row]:
        return await database.fetch(sql, *self._where, self._interval, *args)
