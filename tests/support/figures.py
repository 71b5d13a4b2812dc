"""What analytics are computed from, written as it is logged, and waiting for a roll-up."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from app.core import clock
from app.core.ids import new_id
from app.core.scope import MemberScope
from app.domain import admission, analytics_roll_up
from tests.support.world import Guide, World

COMPLETION = """
INSERT INTO completion (id, organization_id, end_user_id, walkthrough_id, run, step_id, server_id,
    completed_at, run_started_at, next_step_id, finished_run)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
    $10::text IS NULL)
"""
END_USER = """
INSERT INTO end_user (id, organization_id, email_verified, profile, first_seen_at, last_seen_at)
VALUES ($1, $2, false, '{}', $3, $3)
"""
CALL = """
INSERT INTO tool_call (id, organization_id, server_id, end_user_id, tool, input, output, outcome,
    duration_ms, created_at)
SELECT id, $1, $2, end_user_id, tool, '{}', output::jsonb, outcome, duration_ms, at
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[],
    $9::timestamptz[]) AS c (id, end_user_id, tool, output, outcome, duration_ms, at)
"""


@dataclass(frozen=True, slots=True)
class Logged:
    """One call as the log has it."""

    at: datetime
    tool: str = "get_next_step"
    outcome: str = "ok"
    duration_ms: float = 3.0
    end_user_id: str | None = None
    output: str = "{}"


@dataclass(frozen=True, slots=True)
class Done:
    """One completion as the log has it; `then` is the step presented next, None at the end."""

    step_id: str
    at: datetime
    then: str | None = None


async def analyst(world: World) -> MemberScope:
    """Someone who may see the world's figures."""
    return await admission.operator_as_owner(f"{world.slug}-org")


async def log(
    connection: asyncpg.Connection, world: World, *calls: Logged, server_id: str | None = None
) -> None:
    """Write calls into the log, as the connection's transaction."""
    await connection.execute(
        CALL,
        world.organization_id,
        server_id or world.server_id,
        [new_id("tc") for _ in calls],
        [one.end_user_id for one in calls],
        [one.tool for one in calls],
        [one.output for one in calls],
        [one.outcome for one in calls],
        [one.duration_ms for one in calls],
        [one.at for one in calls],
    )


async def newcomer(world: World) -> str:
    """The id of a new end user."""
    end_user_id = new_id("mcpu")
    await world.owner.execute(END_USER, end_user_id, world.organization_id, clock.now())
    return end_user_id


async def walked(
    world: World, guide: Guide, *done: Done, at: datetime, run: int = 1, who: str | None = None
) -> str:
    """The id of an end user (`who`, or a newcomer) who started the guide and did these steps."""
    end_user_id = who or await newcomer(world)
    begun = Logged(
        at, "start_walkthrough", end_user_id=end_user_id, output=started(guide.id, guide.steps[0])
    )
    await log(world.owner, world, begun)
    for one in done:
        await world.owner.execute(
            COMPLETION, new_id("wsc"), world.organization_id, end_user_id, guide.id, run,
            one.step_id, world.server_id, one.at, at, one.then,
        )  # fmt: skip
    return end_user_id


async def rolled_up(owner: asyncpg.Connection, *, batch: int = 1000) -> None:
    """Roll up until nothing that is committed is left; TimeoutError after 20 seconds.

    A statement of the database's own, such as an ANALYZE, may hold the roll-up back for a moment.
    """
    async with asyncio.timeout(20):
        while True:
            await analytics_roll_up.roll_up(batch)
            if not await tail(owner):
                return
            await asyncio.sleep(0.01)


async def tail(owner: asyncpg.Connection) -> int:
    """How many committed log rows are not rolled up."""
    number: int = await owner.fetchval(
        "SELECT (SELECT count(*) FROM tool_call WHERE log_position >= rolled_before())"
        " + (SELECT count(*) FROM completion WHERE log_position >= rolled_before())"
    )
    return number


def started(walkthrough_id: str, step_id: str) -> str:
    """The output of a call that started a run."""
    facts = {"verdict": "started", "walkthroughId": walkthrough_id, "stepId": step_id}
    return msgspec.json.encode(facts).decode()
