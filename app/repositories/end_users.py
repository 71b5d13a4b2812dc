"""Persons among the end users, and what they began before they were known.

Progress rows are locked first, as in every call, and the person's own row last.
"""

from collections.abc import Sequence
from functools import partial

from app.core import clock
from app.core.ids import new_id
from app.core.scope import OrganizationScope
from app.repositories import database
from app.repositories.contention import insist
from app.repositories.database import Row

_FIND = "SELECT id FROM end_user WHERE organization_id = $1 AND issuer = $2 AND subject = $3"

_ADD = """
INSERT INTO end_user (id, organization_id, issuer, subject, email_verified, profile,
    first_seen_at, last_seen_at)
VALUES ($4, $1, $2, $3, false, '{}', $5, $5)
ON CONFLICT (organization_id, issuer, subject) DO NOTHING
"""

# An address that the issuer does not vouch for any more is not the person's; one that they gave
# themselves stays.
_KNOW = """
UPDATE end_user SET email = coalesce($2, CASE WHEN NOT email_verified THEN email END),
    email_verified = $2 IS NOT NULL,
    profile = $3::jsonb, last_seen_at = greatest(last_seen_at, $4)
WHERE id = $1
"""

# A tracking id is the customer's word for someone; it never becomes a person.
_ANONYMOUS = """
SELECT id FROM end_user
WHERE organization_id = $1 AND id = $2 AND tracking_id IS NULL AND issuer IS NULL
    AND forgotten_at IS NULL
"""

# What was presented and removed counts as done, so that its id goes on being answered.
_ALL_DONE = """{row}.done_steps
    || CASE WHEN {row}.current_step_id IS NULL THEN {row}.presented_step_id END"""

# DELETE … RETURNING and ON CONFLICT both see each row as its lock finds it, so a call at the same
# time is either merged or comes too late. A `counted_shape` of 0 has the row counted again.
_MERGE = f"""
WITH gone AS (DELETE FROM progress WHERE organization_id = $1 AND end_user_id = $2 RETURNING *),
merged AS (
    INSERT INTO progress AS p (id, organization_id, end_user_id, walkthrough_id, run, done_steps,
        done_count, counted_shape, current_step_id, presented_step_id, server_id, version_seen,
        started_at, last_activity_at, first_completed_at)
    SELECT id, organization_id, $3, walkthrough_id, run, done_steps, done_count, counted_shape,
        current_step_id, presented_step_id, server_id, version_seen, started_at, last_activity_at,
        first_completed_at
    FROM gone ORDER BY walkthrough_id
    ON CONFLICT (end_user_id, walkthrough_id) DO UPDATE SET (run, done_steps, done_count,
        counted_shape, current_step_id, presented_step_id, server_id, version_seen, started_at,
        last_activity_at, first_completed_at) = (
        SELECT p.run + EXCLUDED.run - 1, done.steps, 0, 0, place.id, place.id,
            CASE WHEN p.last_activity_at >= EXCLUDED.last_activity_at
                OR EXCLUDED.last_activity_at IS NULL THEN p.server_id ELSE EXCLUDED.server_id END,
            greatest(p.version_seen, EXCLUDED.version_seen),
            least(p.started_at, EXCLUDED.started_at),
            greatest(p.last_activity_at, EXCLUDED.last_activity_at),
            least(p.first_completed_at, EXCLUDED.first_completed_at)
        FROM (SELECT ARRAY(
            SELECT id FROM unnest({_ALL_DONE.format(row="p")} || {_ALL_DONE.format(row="EXCLUDED")})
                WITH ORDINALITY AS both_done (id, place)
            WHERE id IS NOT NULL GROUP BY id ORDER BY min(place)) AS steps) AS done
        LEFT JOIN LATERAL (
            SELECT id FROM (VALUES (p.current_step_id, p.last_activity_at),
                (EXCLUDED.current_step_id, EXCLUDED.last_activity_at)) AS presented (id, at)
            WHERE id <> ALL (done.steps) ORDER BY at DESC LIMIT 1) AS place ON true)
    RETURNING walkthrough_id, run)
SELECT walkthrough_id, gone.run, merged.run AS merged_run
FROM gone JOIN merged USING (walkthrough_id)
"""

# Earlier runs stay apart: first the person's, then the anonymous ones, then the run that is now
# one. $1 to $3 are walkthroughs, their anonymous run and their merged run; $4 is the person, $5
# the anonymous end user.
_MERGES = "unnest($1::text[], $2::integer[], $3::integer[]) AS m (walkthrough_id, run, merged_run)"
_MOVE_OWN_RUN = f"""
UPDATE completion c SET run = m.merged_run FROM {_MERGES}
WHERE c.end_user_id = $4 AND c.walkthrough_id = m.walkthrough_id
    AND c.run = m.merged_run - m.run + 1 AND m.run > 1
"""
_DROP_LATER = f"""
DELETE FROM completion c USING (
    SELECT CASE WHEN theirs.completed_at < own.completed_at THEN own.id ELSE theirs.id END AS id
    FROM {_MERGES}
    JOIN completion own ON own.end_user_id = $4 AND own.run = m.merged_run
        AND own.walkthrough_id = m.walkthrough_id
    JOIN completion theirs ON theirs.end_user_id = $5 AND theirs.run = m.run
        AND theirs.walkthrough_id = m.walkthrough_id AND theirs.step_id = own.step_id) AS later
WHERE c.id = later.id
"""
_MOVE_RUNS = f"""
UPDATE completion c SET end_user_id = $4, run = c.run + m.merged_run - m.run FROM {_MERGES}
WHERE c.end_user_id = $5 AND c.walkthrough_id = m.walkthrough_id
"""

# A visit ends: the person may have one open with the same client.
_HAND_OVER = """
WITH sessions AS (
    UPDATE session SET end_user_id = $2,
        ended_at = CASE kind WHEN 'visit' THEN coalesce(ended_at, last_seen_at) ELSE ended_at END
    WHERE end_user_id = $1),
tickets AS (UPDATE ticket SET end_user_id = $2 WHERE end_user_id = $1),
calls AS (UPDATE tool_call SET end_user_id = $2 WHERE end_user_id = $1),
contact AS (UPDATE end_user SET email = NULL WHERE id = $1)
DELETE FROM run_handle WHERE end_user_id = $1
"""

# After the calls themselves, and last: it waits for a roll-up that is under way.
_HAND_OVER_COUNTS = "SELECT hand_over_counts($1, $2)"

_KEEP_IN_SESSION = """
UPDATE session SET end_user_id = $3
WHERE id = $2 AND server_id = $1 AND end_user_id IS DISTINCT FROM $3
    AND NOT EXISTS (
        SELECT FROM end_user u WHERE u.id = session.end_user_id AND u.issuer IS NOT NULL)
"""


async def person_id(scope: OrganizationScope, *, issuer: str, subject: str) -> str:
    """The id of the person's end user, made now if they are new here."""
    whom = (scope.organization_id, issuer, subject)
    row = await database.fetch_row(_FIND, *whom)
    if row is None:
        await database.fetch(_ADD, *whom, new_id("mcpu"), clock.now())
        row = await database.fetch_row(_FIND, *whom)
    if row is None:
        message = "the person was added, by this transaction or by another one"
        raise RuntimeError(message)
    return str(row["id"])


async def know(end_user_id: str, *, email: str | None, profile: str) -> None:
    """Keep the address that the issuer verified, or that it did not, and the profile (JSON)."""
    await database.fetch(_KNOW, end_user_id, email, profile, clock.now())


async def is_anonymous(scope: OrganizationScope, end_user_id: str) -> bool:
    """Whether no one has said who this end user is."""
    return await database.fetch_row(_ANONYMOUS, scope.organization_id, end_user_id) is not None


async def merge(scope: OrganizationScope, anonymous_id: str, person_id: str) -> None:
    """Give the person everything that the anonymous end user has; within a transaction."""
    rows = await insist(partial(_merged, scope.organization_id, anonymous_id, person_id))
    if rows:
        merges = (*zip(*rows, strict=True), person_id)
        await database.fetch(_MOVE_OWN_RUN, *merges)
        await database.fetch(_DROP_LATER, *merges, anonymous_id)
        await database.fetch(_MOVE_RUNS, *merges, anonymous_id)
    await database.fetch(_HAND_OVER, anonymous_id, person_id)
    await database.fetch(_HAND_OVER_COUNTS, anonymous_id, person_id)


async def keep_in_session(server_id: str, session_id: str, person_id: str) -> None:
    """Let the session be this person's, unless it is another person's."""
    await database.fetch(_KEEP_IN_SESSION, server_id, session_id, person_id)


async def _merged(*args: str) -> Sequence[Row]:
    async with database.savepoint():
        return await database.fetch(_MERGE, *args)
