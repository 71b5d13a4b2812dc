"""What has outlived its use goes; what has not, stays."""

import asyncio

import asyncpg

from app.core.background import in_background
from app.core.enums import Role
from app.domain import accounts, admission, invitations, members
from app.domain.housekeeping import keep_house, purge_people
from tests.support.broken import broken
from tests.support.people import Reception, client

TABLES = ("member_session", "one_time_token", "idempotency_record", "invitation")


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
    async with in_background(keep_house(pause_seconds=0.01)), asyncio.timeout(20):
        async with broken(owner, "member_session", "DELETE"):
            pass
        while (await counts(owner))[0]:
            await asyncio.sleep(0.01)
