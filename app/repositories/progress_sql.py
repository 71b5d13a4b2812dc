"""Progress in SQL: each write is one statement that decides on the row it locks.

Concurrent calls of one end user meet on the progress row. Every SET expression is computed from
that row as the lock found it, never from an earlier read. While `counted_shape` equals the
walkthrough's shape, all steps before the current one are done, so the next one lies ahead;
otherwise all steps are looked through.

Everything but that row is as the statement's snapshot has it. Where the row was written by someone
who knew more (it was reset, it was counted by a later shape, or its step went although the shape
seems to stand), the place becomes one that does not exist: its foreign key takes the whole
statement back, and the caller sends it again.
"""

from app.repositories.tool_calls import recorded

# Done steps that exist, counted; needs progress as p.
_COUNTED = """(SELECT count(*)::integer
    FROM step s JOIN unnest(p.done_steps) AS d(id) ON d.id = s.id
    WHERE s.walkthrough_id = p.walkthrough_id)"""

# The same, from the row while its count holds; needs the walkthrough (or available) as w besides.
DONE = f"(CASE WHEN p.counted_shape = w.shape THEN p.done_count ELSE {_COUNTED} END)"

# The last active walkthrough that the server does not offer, among those that `which` (SQL) names.
_GONE = """
    SELECT w.title FROM progress p JOIN walkthrough w ON w.id = p.walkthrough_id
    WHERE p.end_user_id = $3 AND p.started_at IS NOT NULL AND {which}
        AND NOT EXISTS (SELECT FROM available v
            WHERE v.server_id = $2 AND v.walkthrough_id = p.walkthrough_id)
    ORDER BY p.last_activity_at DESC LIMIT 1
"""

# Begun here last and not finished; needs progress as p and the walkthrough as w.
_UNDER_WAY = f"""p.server_id = $2
    AND {DONE} < coalesce((SELECT max(s.position) FROM step s WHERE s.walkthrough_id = w.id), 1)"""

_INTERRUPTED = _GONE.format(
    which=f"p.last_activity_at > candidate.last_activity_at AND {_UNDER_WAY}"
)

# OFFSET 0 below keeps the planner from writing the search for the place once for each of its uses.
_NOWHERE = "''"

# What the statements below tell of the step to work on now; needs moved as p and target as w.
_PRESENTED = f"""
    p.walkthrough_id, w.title, w.version, w.total_steps,
    w.was_updated AND p.verdict <> 'refused' AS was_updated,
    p.first_completed_at IS NOT NULL AS was_completed,
    {DONE} AS completed_steps, progress_percent({DONE}, w.total_steps) AS percent,
    s.id AS step_id, s.title AS step_title, s.section_title, s.position, s.content_fields
"""

# The first step that is not done, other than `finishing`; needs progress as p.
_FIRST_OPEN = """
    SELECT s.id FROM step s
    WHERE s.walkthrough_id = p.walkthrough_id AND s.id NOT IN (SELECT unnest(p.done_steps))
        AND s.id IS DISTINCT FROM {finishing}
    ORDER BY s.position LIMIT 1
"""

ADVANCE = f"""
WITH asked AS (
    SELECT p.walkthrough_id FROM progress p
    WHERE p.end_user_id = $3 AND p.started_at IS NOT NULL
        AND CASE
            WHEN $11::text IS NOT NULL THEN p.walkthrough_id = $11
            WHEN $10::text IS NULL THEN false
            WHEN EXISTS (SELECT FROM step WHERE id = $10) THEN
                p.walkthrough_id = (SELECT walkthrough_id FROM step WHERE id = $10)
            ELSE p.presented_step_id = $10 OR $10 = ANY (p.done_steps) END
    ORDER BY p.last_activity_at DESC LIMIT 1),
target AS MATERIALIZED (
    SELECT * FROM (
        SELECT p.id AS progress_id, w.walkthrough_id AS id, w.title, w.version, w.shape,
            w.total_steps, p.version_seen < w.version AS was_updated,
            {DONE} < w.total_steps AS is_open,
            CASE WHEN $10::text IS NULL AND $11::text IS NULL THEN (
                {_INTERRUPTED}) END AS interrupted
        FROM progress p JOIN available w ON w.server_id = $2 AND w.walkthrough_id = p.walkthrough_id
        CROSS JOIN LATERAL (SELECT p.last_activity_at) AS candidate
        WHERE p.end_user_id = $3 AND p.started_at IS NOT NULL
            AND CASE WHEN EXISTS (SELECT FROM asked)
                THEN p.walkthrough_id = (SELECT walkthrough_id FROM asked)
                ELSE $11::text IS NULL END
        ORDER BY is_open DESC, p.last_activity_at DESC, p.id LIMIT 1) AS likeliest
    WHERE is_open OR interrupted IS NULL),
moved AS (
    UPDATE progress p SET (done_steps, done_count, counted_shape, current_step_id,
        presented_step_id, last_completion_id, first_completed_at, version_seen, server_id,
        last_activity_at) = (
        SELECT
            CASE WHEN now.completes OR (now.lost AND NOT p.presented_step_id = ANY (p.done_steps))
                THEN array_append(p.done_steps, p.presented_step_id) ELSE p.done_steps END,
            CASE WHEN NOT now.moves THEN p.done_count
                WHEN p.counted_shape = w.shape THEN p.done_count + now.completes::integer
                ELSE {_COUNTED} + now.completes::integer END,
            CASE WHEN now.moves THEN w.shape ELSE p.counted_shape END,
            place.id, place.id,
            CASE WHEN now.completes THEN $13 ELSE p.last_completion_id END,
            CASE WHEN place.id IS NULL THEN coalesce(p.first_completed_at, $5)
                ELSE p.first_completed_at END,
            CASE WHEN now.refused THEN p.version_seen
                ELSE greatest(p.version_seen, w.version) END,
            CASE WHEN now.refused THEN p.server_id ELSE $2 END,
            CASE WHEN now.refused THEN p.last_activity_at ELSE $5 END
        FROM (SELECT *,
                completes OR NOT is_current AS moves,
                NOT is_current AND p.presented_step_id IS NOT NULL AS lost,
                $10 IS NOT NULL AND ($10 = p.presented_step_id OR $10 = ANY (p.done_steps))
                    IS NOT TRUE AS refused
            FROM (SELECT p.current_step_id IS NOT NULL AS is_current,
                p.current_step_id IS NOT NULL AND CASE WHEN $10::text IS NULL
                    THEN $12 AND w.interrupted IS NULL
                    ELSE $10 = p.current_step_id END AS completes) AS held) AS now
        CROSS JOIN LATERAL (SELECT CASE
            WHEN p.started_at IS NULL OR p.counted_shape > w.shape
                OR (p.counted_shape = w.shape AND now.lost) THEN {_NOWHERE}
            WHEN NOT now.moves THEN p.current_step_id
            WHEN p.counted_shape <> w.shape THEN (
                {
    _FIRST_OPEN.format(finishing="CASE WHEN now.completes THEN p.current_step_id END")
})
            WHEN now.completes THEN (
                SELECT s.id FROM step s
                WHERE s.walkthrough_id = p.walkthrough_id AND s.position > (
                    SELECT c.position FROM step c WHERE c.id = p.current_step_id)
                    AND s.id <> ALL (p.done_steps)
                ORDER BY s.position LIMIT 1)
            END AS id OFFSET 0) AS place)
    FROM target w WHERE p.id = w.progress_id
    RETURNING p.*, CASE
        WHEN p.last_completion_id = $13 THEN 'completed'
        WHEN $10::text IS NULL THEN 'presented'
        WHEN $10 = ANY (p.done_steps) THEN 'repeated'
        ELSE 'refused' END AS verdict),
completion AS (
    INSERT INTO completion (id, organization_id, end_user_id, walkthrough_id, run, step_id,
        server_id, session_id, completed_at, run_started_at, next_step_id, finished_run)
    SELECT $13, p.organization_id, p.end_user_id, p.walkthrough_id, p.run,
        p.done_steps[cardinality(p.done_steps)], $2, $4, $5, p.started_at, p.current_step_id,
        p.current_step_id IS NULL AND p.first_completed_at = $5
    FROM moved p WHERE p.verdict = 'completed'
    ON CONFLICT DO NOTHING),
{
    recorded(
        outcome="CASE WHEN p.verdict IS NULL OR p.verdict = 'refused' THEN 'refused' ELSE 'ok' END",
        output="jsonb_build_object('verdict', coalesce(p.verdict, 'nothing_active'),"
        " 'walkthroughId', p.walkthrough_id, 'stepId', p.current_step_id)",
        source="FROM (SELECT) AS one LEFT JOIN moved p ON true",
    )
}
SELECT p.verdict, w.interrupted, {_PRESENTED}
FROM moved p CROSS JOIN target w LEFT JOIN step s ON s.id = p.current_step_id
"""

START = f"""
WITH target AS MATERIALIZED (
    SELECT w.walkthrough_id AS id, w.title, w.version, w.shape, w.total_steps,
        coalesce(p.version_seen < w.version AND p.started_at IS NOT NULL AND NOT $11, false)
            AS was_updated,
        (SELECT s.id FROM step s WHERE s.walkthrough_id = w.walkthrough_id
            ORDER BY s.position LIMIT 1) AS first_step_id
    FROM available w
    LEFT JOIN progress p ON p.end_user_id = $3 AND p.walkthrough_id = w.walkthrough_id
    WHERE w.server_id = $2 AND w.walkthrough_id = $10),
moved AS (
    INSERT INTO progress AS p (id, organization_id, end_user_id, walkthrough_id, run, done_steps,
        done_count, counted_shape, current_step_id, presented_step_id, version_seen, server_id,
        started_at, last_activity_at)
    SELECT $12, $1, $3, w.id, 1, '{{}}', 0, w.shape, w.first_step_id, w.first_step_id, w.version,
        $2, $5, $5
    FROM target w
    ON CONFLICT (end_user_id, walkthrough_id) DO UPDATE SET (run, done_steps, done_count,
        counted_shape, current_step_id, presented_step_id, first_completed_at, started_at,
        version_seen, server_id, last_activity_at) = (
        SELECT
            CASE WHEN now.restarts THEN p.run + 1 ELSE p.run END,
            CASE WHEN now.begins THEN '{{}}'
                WHEN now.lost AND NOT p.presented_step_id = ANY (p.done_steps)
                THEN array_append(p.done_steps, p.presented_step_id) ELSE p.done_steps END,
            CASE WHEN now.begins THEN 0
                WHEN p.current_step_id IS NOT NULL OR p.counted_shape = EXCLUDED.counted_shape
                THEN p.done_count
                ELSE {_COUNTED} END,
            CASE WHEN now.begins OR p.current_step_id IS NULL THEN EXCLUDED.counted_shape
                ELSE p.counted_shape END,
            place.id, place.id,
            CASE WHEN now.begins THEN NULL
                WHEN place.id IS NULL THEN coalesce(p.first_completed_at, $5)
                ELSE p.first_completed_at END,
            CASE WHEN now.begins THEN $5 ELSE p.started_at END,
            greatest(p.version_seen, EXCLUDED.version_seen), EXCLUDED.server_id,
            EXCLUDED.last_activity_at
        FROM (SELECT p.started_at IS NOT NULL AND $11 AS restarts,
            p.started_at IS NULL OR $11 AS begins,
            p.current_step_id IS NULL AND p.presented_step_id IS NOT NULL AS lost) AS now
        CROSS JOIN LATERAL (SELECT CASE
            WHEN now.begins THEN EXCLUDED.current_step_id
            WHEN p.counted_shape > EXCLUDED.counted_shape
                OR (p.counted_shape = EXCLUDED.counted_shape AND now.lost) THEN {_NOWHERE}
            WHEN p.current_step_id IS NOT NULL THEN p.current_step_id
            WHEN p.counted_shape <> EXCLUDED.counted_shape THEN (
                {_FIRST_OPEN.format(finishing="NULL")})
            END AS id OFFSET 0) AS place)
    RETURNING p.*, CASE WHEN p.started_at = $5 THEN 'started'
        WHEN p.current_step_id IS NULL THEN 'finished' ELSE 'resumed' END AS verdict),
{
    recorded(
        outcome="CASE WHEN p.verdict IS NULL THEN 'refused' ELSE 'ok' END",
        output="jsonb_build_object('verdict', coalesce(p.verdict, 'not_available'),"
        " 'walkthroughId', p.walkthrough_id, 'stepId', p.current_step_id)",
        source="FROM (SELECT) AS one LEFT JOIN moved p ON true",
    )
}
SELECT p.verdict, NULL AS interrupted, {_PRESENTED}
FROM moved p CROSS JOIN target w LEFT JOIN step s ON s.id = p.current_step_id
"""

RESET = f"""
WITH moved AS (
    UPDATE progress p SET run = p.run + 1, done_steps = '{{}}', done_count = 0, counted_shape = 0,
        current_step_id = NULL, presented_step_id = NULL, started_at = NULL, version_seen = 0,
        last_activity_at = NULL, first_completed_at = NULL
    FROM available w
    WHERE p.end_user_id = $3 AND p.walkthrough_id = $10 AND p.started_at IS NOT NULL
        AND w.server_id = $2 AND w.walkthrough_id = p.walkthrough_id
    RETURNING w.title, p.run),
{
    recorded(
        outcome="'ok'",
        output="jsonb_build_object('walkthroughId', $10::text, 'run', p.run)",
        source="FROM (SELECT) AS one LEFT JOIN moved p ON true",
    )
}
SELECT title FROM moved
"""

AVAILABLE = f"""
SELECT w.walkthrough_id AS id, w.title, w.description, w.type, w.estimated_duration_minutes, w.tags,
    w.total_steps, coalesce({DONE}, 0) AS completed_steps,
    progress_percent(coalesce({DONE}, 0), w.total_steps) AS percent,
    progress_status(p.started_at, {DONE}, w.total_steps) AS status
FROM available w
LEFT JOIN progress p ON p.end_user_id = $2 AND p.walkthrough_id = w.walkthrough_id
WHERE w.server_id = $1
ORDER BY w.display_order, w.title
"""

STATUS = f"""
WITH held AS MATERIALIZED (
    SELECT w.title, w.version, w.total_steps, {DONE} AS completed_steps,
        progress_percent({DONE}, w.total_steps) AS percent,
        progress_status(p.started_at, {DONE}, w.total_steps) AS status,
        p.walkthrough_id, p.current_step_id, p.done_steps
    FROM available w
    JOIN progress p ON p.end_user_id = $2 AND p.walkthrough_id = w.walkthrough_id
        AND p.started_at IS NOT NULL
    WHERE w.server_id = $1 AND w.walkthrough_id = $3),
done AS MATERIALIZED (SELECT unnest(done_steps) AS id FROM held)
SELECT h.title, h.version, h.total_steps, h.completed_steps, h.percent, h.status,
    h.current_step_id, s.id AS step_id, s.title AS step_title,
    s.id IN (SELECT id FROM done) AS is_done
FROM held h JOIN step s ON s.walkthrough_id = h.walkthrough_id
ORDER BY s.position
"""

UNAVAILABLE = _GONE.format(
    which=f"""p.organization_id = $1 AND CASE WHEN $4::text IS NULL THEN {_UNDER_WAY}
        ELSE p.walkthrough_id = $4 OR w.title = $4
            OR p.presented_step_id = $4 OR $4 = ANY (p.done_steps)
            OR p.walkthrough_id = (SELECT walkthrough_id FROM step WHERE id = $4) END""",
)
