"""An organization with a busy month behind it, as its dashboard shows it."""

from dataclasses import dataclass
from time import perf_counter

import asyncpg

from app.core.enums import KeyScope
from app.core.ids import new_id
from app.domain import (
    admission,
    analytics_roll_up,
    api_keys,
    assignments,
    organizations,
    servers,
    walkthrough_files,
)
from app.domain.servers import ServerSettings
from benchmarks.terminal import tell
from benchmarks.world import World, walkthrough_file

SLUG = "benchmark-dashboard"
CALLS = 1_000_000
COMPLETIONS = 100_000
DAYS = 30
WALKTHROUGHS = 50  # these figures stand in the statements below too
STEPS = 10
_END_USERS = 20_000
_SESSIONS = 100_000
_TICKETS = 2_000

_PEOPLE = """
INSERT INTO end_user (id, organization_id, email_verified, profile, first_seen_at, last_seen_at)
SELECT 'mcpu_dashboard' || n, $1, false, '{}', now(), now()
FROM generate_series(1, $2::integer) n
"""
# Ten calls within half an hour are a visit; a quarter of the end users makes half of the visits.
# Durations are log-normal about 4 ms.
_CALLS = """
INSERT INTO tool_call (id, organization_id, server_id, end_user_id, tool, input, output, outcome,
    duration_ms, created_at)
SELECT 'tc_dashboard' || $3::integer || '_' || v || '_' || n, $1, $2, 'mcpu_dashboard' || visitor,
    (ARRAY['get_next_step', 'get_next_step', 'get_next_step', 'start_walkthrough', 'get_support',
        'get_walkthrough_status'])[1 + (v + n) % 6],
    '{}', '{"verdict": "presented"}',
    CASE WHEN (v + n) % 50 = 0 THEN 'error' WHEN (v + n) % 9 = 0 THEN 'refused' ELSE 'ok' END,
    exp(random_normal(1.4, 0.8)), visited_at + random() * interval '30 minutes'
FROM (
    SELECT v, 1 + floor(power(random(), 2) * $5::integer)::integer AS visitor,
        now() - ($3::integer + random()) * interval '1 day' AS visited_at
    FROM generate_series(1, $4::integer / 10) v) AS visit
CROSS JOIN generate_series(1, 10) n
"""
# 12,500 runs of 6 to 10 steps are 100,000 completions; half of them are in the first walkthrough.
_RUNS = """
CREATE TEMPORARY TABLE run_made AS
SELECT n, 'mcpu_dashboard' || n AS end_user_id, 6 + n % 5 AS done,
    CASE WHEN n % 2 = 0 THEN 0 ELSE n % 50 END AS place,
    now() - random() * interval '30 days' AS started_at
FROM generate_series(1, 12500) n
"""
_STARTS = """
INSERT INTO tool_call (id, organization_id, server_id, end_user_id, tool, input, output, outcome,
    duration_ms, created_at)
SELECT 'tc_start' || n, $1, $2, end_user_id, 'start_walkthrough', '{}',
    jsonb_build_object('verdict', 'started', 'walkthroughId', ($3::text[])[1 + place],
        'stepId', ($4::text[])[1 + place * 10]), 'ok', 5, started_at
FROM run_made
"""
_COMPLETIONS = """
INSERT INTO completion (id, organization_id, end_user_id, walkthrough_id, run, step_id, server_id,
    completed_at, run_started_at, next_step_id, finished_run)
SELECT 'wsc_' || n || '_' || i, $1, end_user_id, ($3::text[])[1 + place], 1,
    ($4::text[])[place * 10 + i], $2,
    started_at + i * interval '100 seconds' + random() * interval '90 seconds', started_at,
    CASE WHEN i < 10 THEN ($4::text[])[place * 10 + i + 1] END, i = 10
FROM run_made CROSS JOIN LATERAL generate_series(1, done) i
"""
_CONNECTIONS = """
INSERT INTO session (id, organization_id, server_id, kind, client_name, client_version,
    connected_at, last_seen_at)
SELECT 'mcps_dashboard' || n, $1, $2, 'session', 'agent', '1.0', at, at
FROM generate_series(1, $3::integer) n
CROSS JOIN LATERAL (SELECT now() - (n + random()) * interval '30 days' / $3::integer AS at) AS t
"""
_HELP = """
WITH opened AS (
    INSERT INTO ticket (id, organization_id, number, title, problem, email, fingerprint, status,
        priority, server_id, revision, created_at, updated_at)
    SELECT 'sr_dashboard' || n, $1, n, 'Step fails', 'It prints a warning.', 'a@example.com', n,
        (ARRAY['pending', 'in_progress', 'resolved', 'closed'])[1 + n % 4], 'medium', $2, 1, at, at
    FROM generate_series(1, $3::integer) n
    CROSS JOIN LATERAL (SELECT now() - n * interval '30 days' / $3::integer AS at) AS t
    RETURNING id, created_at)
INSERT INTO activity (id, organization_id, ticket_id, type, author_kind, author_id, author_name,
    body, detail, created_at)
SELECT 'sta_' || opened.id || k, $1, opened.id,
    CASE WHEN k = 1 THEN 'comment' ELSE 'status_change' END, 'user', 'usr_1', 'Olga',
    CASE WHEN k = 1 THEN 'Look here.' END,
    CASE WHEN k = 1 THEN '{}'
        ELSE '{"changes": [{"field": "status", "after": "resolved"}]}' END::jsonb,
    created_at + k * random() * interval '1 hour'
FROM opened, generate_series(1, 2) k
"""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The organization: its key for reading, and how quickly its log was rolled up."""

    organization_id: str
    token: str
    server_id: str
    walkthrough_ids: list[str]
    rolled_rows_per_second: float


async def built(world: World) -> Dashboard:
    """The organization in the world's database, rolled up and analyzed."""
    scope = admission.founder(new_id("org"))
    await organizations.found(scope, name="Dashboard", slug=SLUG)
    settings = ServerSettings(name="Dashboard", product="Acme")
    server = await servers.open_server(scope, SLUG, settings=settings)
    walkthrough_ids: list[str] = []
    for number in range(WALKTHROUGHS):
        tell(f"management: walkthrough {number} of {WALKTHROUGHS}")
        content = walkthrough_file(f"Guide {number:02}", STEPS)
        report = await walkthrough_files.import_walkthrough(scope, content)
        assert report.walkthrough_id is not None
        walkthrough_ids.append(report.walkthrough_id)
        await assignments.assign(scope, server.id, walkthrough_id=report.walkthrough_id)
    owner = await admission.operator_as_owner(SLUG)
    issued = await api_keys.issue(owner, name="Dashboard", scopes=(KeyScope.READ,))
    connection = await asyncpg.connect(world.dsn)
    try:
        await _logged(connection, scope.organization_id, server.id, walkthrough_ids)
        tell("management: rolling up")
        before = perf_counter()
        await analytics_roll_up.roll_up()
        seconds = perf_counter() - before
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return Dashboard(
        scope.organization_id,
        issued.token.reveal(),
        server.id,
        walkthrough_ids,
        (CALLS + COMPLETIONS) / seconds,
    )


async def _logged(
    connection: asyncpg.Connection, organization_id: str, server_id: str, walkthroughs: list[str]
) -> None:
    rows = await connection.fetch(
        "SELECT s.id FROM unnest($1::text[]) WITH ORDINALITY AS w (id, place)"
        " JOIN step s ON s.walkthrough_id = w.id ORDER BY w.place, s.position",
        walkthroughs,
    )
    steps = [row["id"] for row in rows]
    whose = (organization_id, server_id)
    await connection.execute(_PEOPLE, organization_id, _END_USERS)
    for day in range(DAYS):
        tell(f"management: day {day} of {DAYS}")
        await connection.execute(_CALLS, *whose, day, CALLS // DAYS, _END_USERS)
    await connection.execute(_RUNS)
    await connection.execute(_STARTS, *whose, walkthroughs, steps)
    await connection.execute(_COMPLETIONS, *whose, walkthroughs, steps)
    await connection.execute(_CONNECTIONS, *whose, _SESSIONS)
    await connection.execute(_HELP, *whose, _TICKETS)
