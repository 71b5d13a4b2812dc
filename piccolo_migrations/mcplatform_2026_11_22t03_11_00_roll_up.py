"""Roll-ups: what was logged is counted by hour and day, exactly once, a bounded part at a time.

A log row keeps the position of the transaction that wrote it. `roll_up` takes the rows from where it
was up to the oldest transaction that is still open, and moves its place in the same transaction: a row
that is committed late lies ahead of the place, and a crash takes count and place back together. What
lies from the place on is the tail. The …_figure views show counts and tail as one, and a statement
that reads them sees place, counts and tail in one snapshot.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-22T03:11:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "roll-ups: keys, row-level security, positions in the log, functions"

# (table, its key after the organization)
COUNTED = [
    ("counted_call", "grain, start, server_id, tool, outcome, bucket"),
    ("counted_end_user", "grain, start, server_id, end_user"),
    ("counted_run", "walkthrough_id, grain, start, server_id, step_id, measure, bucket"),
]

# No key to servers, walkthroughs or end users: counts outlive what was counted.
TABLES = """
ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY (organization_id, {key});
ALTER TABLE {table} ADD CONSTRAINT {table}_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE;
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table}
    USING (organization_id = (SELECT current_setting('app.org', true)))
    WITH CHECK (organization_id = (SELECT current_setting('app.org', true)));
"""

# Rows that are there already get position 0. The second index finds the completion before another.
LOG = """
ALTER TABLE tool_call ADD COLUMN log_position bigint NOT NULL DEFAULT 0;
ALTER TABLE completion ADD COLUMN log_position bigint NOT NULL DEFAULT 0;
ALTER TABLE tool_call ALTER COLUMN log_position SET DEFAULT pg_current_xact_id()::text::bigint;
ALTER TABLE completion ALTER COLUMN log_position SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX tool_call_by_log_position ON tool_call (log_position);
CREATE INDEX completion_by_log_position ON completion (log_position);
CREATE INDEX completion_by_run ON completion (end_user_id, walkthrough_id, run, completed_at);
CREATE INDEX counted_end_user_by_end_user ON counted_end_user (end_user);
CREATE INDEX counted_run_of_all ON counted_run (organization_id, grain, start) WHERE step_id = '';
"""

# What earlier completions did not note: of the present run it is known when it was started, of an
# older one only when its first step was done.
EARLIER = """
UPDATE completion c
SET run_started_at = coalesce(known.started_at, least(known.first_at, c.completed_at)),
    next_step_id = known.next_step_id,
    finished_run = coalesce(
        known.next_step_id IS NULL AND known.first_completed_at = c.completed_at, false)
FROM (
    SELECT e.id, p.started_at, p.first_completed_at,
        min(e.completed_at) OVER (PARTITION BY e.end_user_id, e.walkthrough_id, e.run) AS first_at,
        coalesce(lead(e.step_id) OVER (
            PARTITION BY e.end_user_id, e.walkthrough_id, e.run ORDER BY e.completed_at, e.id),
            p.current_step_id) AS next_step_id
    FROM completion e LEFT JOIN progress p ON p.end_user_id = e.end_user_id
        AND p.walkthrough_id = e.walkthrough_id AND p.run = e.run) AS known
WHERE known.id = c.id;
"""

# Of everybody, and no one's: row-level security without a policy shows it to functions of the owner
# only. `shift` is what positions are ahead of this cluster's transaction ids.
PLACE = """
CREATE TABLE roll_up_place (rolled_before bigint NOT NULL, shift bigint NOT NULL);
INSERT INTO roll_up_place VALUES (0, 0);
ALTER TABLE roll_up_place ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION rolled_before() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT rolled_before FROM roll_up_place
$$;
"""

# Bounds 10 % apart, and the middle of them: less than 5 % from any value within. The same for a call's
# milliseconds as for a step's seconds, from 0.1 to 30 days.
HISTOGRAM = """
CREATE FUNCTION histogram_bucket(value double precision) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(ln(least(greatest(value, 0.1), 2592000)) / ln(1.1::double precision))::smallint
$$;

CREATE FUNCTION histogram_value(bucket integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT power(1.1::double precision, bucket + 0.5)
$$;

"""

# Each of these says once what is counted; roll-up and tail both read it. Every entry comes twice, as
# part of its hour and of its day.
_GRAINS = """CROSS JOIN LATERAL (VALUES
        ('hour', date_bin('1 hour', {moment}, timestamptz '2000-01-01 00:00:00+00')),
        ('day', date_bin('1 day', {moment}, timestamptz '2000-01-01 00:00:00+00')))
        AS g (grain, start)"""

ENTRIES = f"""
CREATE VIEW tool_call_entry WITH (security_invoker = true) AS
    SELECT t.organization_id, t.log_position, g.grain, g.start, t.server_id, t.tool, t.outcome,
        histogram_bucket(t.duration_ms) AS bucket,
        hashtextextended(t.end_user_id, 0) AS end_user
    FROM tool_call t {_GRAINS.format(moment="t.created_at")};

CREATE VIEW run_entry WITH (security_invoker = true) AS
    SELECT t.organization_id, t.log_position, t.output->>'walkthroughId' AS walkthrough_id,
        g.grain, g.start, t.server_id, e.step_id, e.measure, 0::smallint AS bucket
    FROM tool_call t {_GRAINS.format(moment="t.created_at")}
    CROSS JOIN LATERAL (VALUES ('', 'started'), (t.output->>'stepId', 'reached'))
        AS e (step_id, measure)
    WHERE t.output->>'verdict' = 'started' AND e.step_id IS NOT NULL
    UNION ALL
    SELECT c.organization_id, c.log_position, c.walkthrough_id, g.grain, g.start,
        coalesce(c.server_id, ''), e.step_id, e.measure,
        CASE WHEN e.since IS NULL THEN 0
            ELSE histogram_bucket(extract(epoch FROM c.completed_at - e.since)::double precision) END
    FROM completion c {_GRAINS.format(moment="coalesce(c.run_started_at, c.completed_at)")}
    LEFT JOIN LATERAL (
        SELECT b.completed_at FROM completion b
        WHERE b.end_user_id = c.end_user_id AND b.walkthrough_id = c.walkthrough_id
            AND b.run = c.run AND b.completed_at < c.completed_at
        ORDER BY b.completed_at DESC LIMIT 1) AS before ON true
    CROSS JOIN LATERAL (VALUES
        (c.step_id, 'completed', coalesce(before.completed_at, c.run_started_at, c.completed_at)),
        (c.next_step_id, 'reached', NULL),
        (CASE WHEN c.finished_run THEN '' END, 'finished', c.run_started_at))
        AS e (step_id, measure, since)
    WHERE e.step_id IS NOT NULL;
"""

FIGURES = """
CREATE VIEW tool_call_figure WITH (security_invoker = true) AS
    SELECT organization_id, grain, start, server_id, tool, outcome, bucket, calls
    FROM counted_call
    UNION ALL
    SELECT organization_id, grain, start, server_id, tool, outcome, bucket, 1
    FROM tool_call_entry WHERE log_position >= (SELECT rolled_before());

CREATE VIEW end_user_figure WITH (security_invoker = true) AS
    SELECT organization_id, grain, start, server_id, end_user FROM counted_end_user
    UNION ALL
    SELECT organization_id, grain, start, server_id, end_user FROM tool_call_entry
    WHERE log_position >= (SELECT rolled_before()) AND end_user IS NOT NULL;

CREATE VIEW run_figure WITH (security_invoker = true) AS
    SELECT organization_id, walkthrough_id, grain, start, server_id, step_id, measure, bucket, runs
    FROM counted_run
    UNION ALL
    SELECT organization_id, walkthrough_id, grain, start, server_id, step_id, measure, bucket, 1
    FROM run_entry WHERE log_position >= (SELECT rolled_before());
"""

# A dump that is restored into a younger cluster brings positions that lie in the future there. New ones
# are then shifted past them; a row that was written between the restore and this is not counted.
SHIFT = """
CREATE FUNCTION shift_log_positions(p_place bigint, p_shift bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    newest bigint;
    ahead bigint;
    logged regclass;
BEGIN
    SELECT greatest(p_place, (SELECT max(log_position) FROM tool_call),
            (SELECT max(log_position) FROM completion)),
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    INTO newest, ahead;
    IF newest < ahead + p_shift OR newest = 0 THEN
        RETURN p_shift;
    END IF;
    FOREACH logged IN ARRAY ARRAY['tool_call', 'completion']::regclass[] LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN log_position'
            ' SET DEFAULT pg_current_xact_id()::text::bigint + %s', logged, newest);
    END LOOP;
    UPDATE roll_up_place SET shift = newest;
    RETURN newest;
END
$$;
"""

# True where more is ready than was taken. Whoever finds another at it leaves it to them. A transaction
# that wrote more than a batch is taken as a whole.
ROLL_UP = """
CREATE FUNCTION roll_up(p_batch integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    place roll_up_place;
    finished bigint;
    edge bigint;
BEGIN
    SELECT * INTO place FROM roll_up_place FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    place.shift := shift_log_positions(place.rolled_before, place.shift);
    finished := pg_snapshot_xmin(pg_current_snapshot())::text::bigint + place.shift;
    IF finished <= place.rolled_before THEN
        RETURN false;
    END IF;
    edge := greatest(place.rolled_before + 1, least(finished,
        (SELECT log_position FROM tool_call WHERE log_position >= place.rolled_before
            ORDER BY log_position OFFSET p_batch LIMIT 1),
        (SELECT log_position FROM completion WHERE log_position >= place.rolled_before
            ORDER BY log_position OFFSET p_batch LIMIT 1)));
    INSERT INTO counted_call AS c
        SELECT organization_id, grain, start, server_id, tool, outcome, bucket, count(*)
        FROM tool_call_entry WHERE log_position >= place.rolled_before AND log_position < edge
        GROUP BY organization_id, grain, start, server_id, tool, outcome, bucket
        ON CONFLICT (organization_id, grain, start, server_id, tool, outcome, bucket)
        DO UPDATE SET calls = c.calls + EXCLUDED.calls;
    INSERT INTO counted_end_user
        SELECT DISTINCT organization_id, grain, start, server_id, end_user
        FROM tool_call_entry WHERE log_position >= place.rolled_before AND log_position < edge
            AND end_user IS NOT NULL
        ON CONFLICT DO NOTHING;
    INSERT INTO counted_run AS c
        SELECT organization_id, walkthrough_id, grain, start, server_id, step_id, measure, bucket,
            count(*)
        FROM run_entry WHERE log_position >= place.rolled_before AND log_position < edge
        GROUP BY organization_id, walkthrough_id, grain, start, server_id, step_id, measure, bucket
        ON CONFLICT (organization_id, walkthrough_id, grain, start, server_id, step_id, measure,
            bucket)
        DO UPDATE SET runs = c.runs + EXCLUDED.runs;
    UPDATE roll_up_place SET rolled_before = edge;
    RETURN edge < finished;
END
$$;
"""

# Someone who was anonymous becomes known. The lock lets no roll-up come between that read the calls
# before they were handed over, and count them under the old id afterwards.
HAND_OVER = """
CREATE FUNCTION hand_over_counts(p_from text, p_to text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM roll_up_place FOR SHARE;
    WITH taken AS (
        DELETE FROM counted_end_user WHERE end_user = hashtextextended(p_from, 0)
            AND organization_id = current_setting('app.org', true)
        RETURNING organization_id, grain, start, server_id)
    INSERT INTO counted_end_user
        SELECT organization_id, grain, start, server_id, hashtextextended(p_to, 0) FROM taken
    ON CONFLICT DO NOTHING;
END
$$;
"""


def script() -> str:
    """Every statement of this migration; the last one counts what is there already."""
    tables = "".join(TABLES.format(table=table, key=key) for table, key in COUNTED)
    definitions = HISTOGRAM + ENTRIES + FIGURES + SHIFT + ROLL_UP + HAND_OVER
    return tables + LOG + EARLIER + PLACE + definitions + "SELECT roll_up(2147483647);"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(script())

    manager.add_raw(run)
    return manager
