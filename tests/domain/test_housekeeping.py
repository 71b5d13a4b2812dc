"""What has outlived its use goes; what has not, stays."""

import asyncio

import asyncpg
from structlog.testing import capture_logs

from app.core.background import in_background
from app.core.enums import Role
from app.domain import accounts, admission, invitations, members
from app.domain.erasure import finish_erasures
from app.domain.housekeeping import keep_house, purge_people
from tests.support.broken import broken
from tests.support.people import Reception, client
from tests.support.world import World

TABLES = ("member_session", "one_time_token", "idempotency_record", "invitation")
FORGOTTEN = """
INSERT INTO end_user (id, organization_id, email_verified, profile, first_seen_at, last_seen_at,
    forgotten_at)
SELECT 'mcpu_' || CASE WHEN n <= 30 THEN 'stuck' ELSE 'fine' END || n, $1, false, '{}',
    now(), now(), now() - interval '1 hour' + n * interval '1 second'
FROM generate_series(1, 32) n
"""
STUCK = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
GRANT EXECUTE ON FUNCTION refuse() TO public;
CREATE TRIGGER stuck BEFORE UPDATE ON end_user
    FOR EACH ROW WHEN (NEW.id LIKE 'mcpu_stuck%') EXECUTE FUNCTION refuse();
"""


async def counts(owner: asyncpg.Connection) -> list[int]:
    """How many rows there are of each."""
    return [await owner.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]


async def test_only_what_is_over_is_purged(people: Reception, owner: asyncpg.Connection) -> None:
    user = await people.user("olga@acme.test")
    await people.sign_in("olga@acme.test")
    for number in range(2):
        await members.found(
            user, name="Acme", slug=f"acme-tools-{number}", idempotency_key=f"key {number}"
        )
        await accounts.request_password_reset(people.desk, client(), email="olga@acme.test")
    scope = await admission.member(await people.sign_in("olga@acme.test"), "acme-tools-0")
    for number in range(2):
        await invitations.invite(scope, people.desk, email=f"m{number}@acme.test", role=Role.MEMBER)
    await people.mails_to("olga@acme.test")
    assert await purge_people() == 0
    assert await counts(owner) == [3, 2, 2, 2]
    for table, change in {
        "member_session": "last_seen_at = now() - interval '15 days'",
        "one_time_token": "expires_at = now() - interval '1 second'",
        "idempotency_record": "created_at = now() - interval '25 hours'",
        "invitation": "expires_at = now() - interval '31 days'",
    }.items():
        await owner.execute(f"UPDATE {table} SET {change} WHERE id = (SELECT min(id) FROM {table})")
    assert await purge_people() == 4
    assert await counts(owner) == [2, 1, 1, 1]
    assert await purge_people() == 0


async def test_a_failure_that_nobody_foresaw_does_not_end_the_purges(
    people: Reception, owner: asyncpg.Connection
) -> None:
    await people.user("olga@acme.test")
    await people.sign_in("olga@acme.test")
    await owner.execute("UPDATE member_session SET expires_at = now()")
    with capture_logs():  # traces cost a busy machine seconds
        async with in_background(keep_house(pause_seconds=0.01)), asyncio.timeout(60):
            async with broken(owner, "member_session", "DELETE"):
                pass
            while (await counts(owner))[0]:
                await asyncio.sleep(0.01)


async def test_those_who_cannot_be_erased_keep_nobody_waiting(
    world: World, owner: asyncpg.Connection
) -> None:
    await owner.execute(FORGOTTEN, world.organization_id)
    await owner.execute(STUCK)
    with capture_logs() as logged:
        assert await finish_erasures() == 2
    assert [one["event"] for one in logged] == ["erasure failed"] * 30
    erased = await owner.fetch("SELECT id FROM end_user WHERE erased_at IS NOT NULL ORDER BY id")
    assert [row["id"] for row in erased] == ["mcpu_fine31", "mcpu_fine32"]
    await owner.execute("DROP TRIGGER stuck ON end_user")
    assert await finish_erasures() == 30
