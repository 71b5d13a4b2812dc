"""Sessions of people: who they let in, where, and how long."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from app.core import clock
from app.core.enums import Role
from app.core.errors import NotFound, NotSignedIn
from app.domain import admission, member_sessions
from app.domain.member_sessions import MOST_SESSIONS
from tests.support.people import Reception

ANN = "ann@acme.test"


async def test_a_user_sees_and_ends_their_sessions_and_no_one_elses(people: Reception) -> None:
    ann = await people.user(ANN)
    bob = await people.user("bob@acme.test")
    await people.sign_in(ANN)
    sessions = await member_sessions.present(ann)
    assert [one.user_agent for one in sessions] == ["Firefox", "Firefox"]
    with pytest.raises(NotFound):
        await member_sessions.end(bob, sessions[0].id)
    await member_sessions.end(ann, sessions[0].id)
    with pytest.raises(NotFound):
        await member_sessions.end(ann, sessions[0].id)
    assert await member_sessions.present(ann) == sessions[1:]
    assert [one.id for one in await member_sessions.present(bob)] == [bob.session_id]


async def test_all_other_sessions_end_at_once(people: Reception) -> None:
    tokens = [await people.newcomer(ANN), *[await people.sign_in(ANN) for _ in range(3)]]
    user = await admission.signed_in(tokens[1])
    assert await member_sessions.end_others(user) == 3
    assert [one.id for one in await member_sessions.present(user)] == [user.session_id]
    for token in (tokens[0], *tokens[2:]):
        with pytest.raises(NotSignedIn):
            await admission.signed_in(token)


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = now() - interval '1 second'",
        "last_seen_at = now() - interval '14 days 1 second'",
    ],
)
async def test_a_session_that_is_over_lets_no_one_in(
    people: Reception, owner: asyncpg.Connection, change: str
) -> None:
    token = await people.newcomer(ANN)
    user = await admission.signed_in(token)
    await owner.execute(f"UPDATE member_session SET {change}")
    with pytest.raises(NotSignedIn):
        await admission.signed_in(token)
    assert await member_sessions.present(user) == ()


@pytest.mark.parametrize("token", [None, "", "mcpm_made_up", "x" * 100_000, "\x00", "\udcff"])
async def test_a_token_that_no_session_has_lets_no_one_in(
    people: Reception, token: str | None
) -> None:
    with pytest.raises(NotSignedIn):
        await admission.signed_in(token)
    with pytest.raises(NotSignedIn):
        await admission.member(token, "acme-tools")
    with pytest.raises(NotSignedIn):
        await admission.api_key(token or "")


async def test_last_seen_is_written_at_most_once_a_minute(
    people: Reception, owner: asyncpg.Connection
) -> None:
    token = await people.newcomer(ANN)
    row_version = "SELECT xmin::text FROM member_session"
    before = await owner.fetchval(row_version)
    await admission.signed_in(token)
    assert await owner.fetchval(row_version) == before
    await owner.execute("UPDATE member_session SET last_seen_at = now() - interval '61 seconds'")
    await asyncio.gather(*(admission.signed_in(token) for _ in range(10)))
    seen_at = await owner.fetchval("SELECT last_seen_at FROM member_session")
    assert clock.now() - seen_at < timedelta(seconds=10)
    before = await owner.fetchval(row_version)
    await admission.signed_in(token)
    assert await owner.fetchval(row_version) == before


async def test_past_the_most_sessions_the_one_unseen_for_longest_ends(
    people: Reception, owner: asyncpg.Connection
) -> None:
    first = await people.newcomer(ANN)
    for _ in range(MOST_SESSIONS):
        await people.sign_in(ANN)
    assert await owner.fetchval("SELECT count(*) FROM member_session") == MOST_SESSIONS
    with pytest.raises(NotSignedIn):
        await admission.signed_in(first)


async def test_a_member_is_admitted_by_the_organizations_id_and_slug(people: Reception) -> None:
    token = await people.founder()
    scope = await admission.member(token, "acme-tools")
    assert scope == await admission.member(token, scope.organization_id)
    assert (scope.role, scope.actor_name) == (Role.OWNER, "olga@acme.test")


async def test_a_foreign_organization_reads_like_one_that_is_not_there(people: Reception) -> None:
    scope = await people.owner()
    stranger = await people.newcomer("eve@evil.test")
    told = set()
    for organization in (scope.organization_id, "acme-tools", "org_nothere", "nothere", ""):
        with pytest.raises(NotFound) as refused:
            await admission.member(stranger, organization)
        told.add((refused.value.message, refused.value.code, refused.value.field))
    assert len(told) == 1
