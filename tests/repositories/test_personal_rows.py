"""A user's rows are the user's alone, for row-level security and for the repositories besides."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from app.core.enums import KeyScope, Role, TokenPurpose
from app.core.scope import MemberScope, UserScope
from app.domain import admission, api_keys, audit, invitations
from app.models.engine import DB
from app.repositories import database as units
from app.repositories.accounts import Accounts, MemberSessions, OneTimeTokens
from app.repositories.api_keys import ApiKeys
from app.repositories.audit import AuditEntries, AuditFilter
from app.repositories.idempotency import IdempotencyRecords
from app.repositories.members import Invitations, Memberships, belongings
from tests.support.people import reception
from tests.support.tables import dump

TABLES = (
    "account",
    "member_session",
    "one_time_token",
    "membership",
    "invitation",
    "api_key",
    "audit_entry",
    "idempotency_record",
)


async def peopled() -> tuple[MemberScope, UserScope, MemberScope, UserScope]:
    """Two organizations with an owner, a session, an invitation and a key each."""
    found = []
    async with reception() as people:
        for name in ("olga", "eve"):
            token = await people.founder(f"{name}@{name}.test", f"{name}-tools")
            scope = await admission.member(token, f"{name}-tools")
            email = f"friend@{name}.test"
            await invitations.invite(scope, people.desk, email=email, role=Role.MEMBER)
            await api_keys.issue(scope, name="Deployment", scopes=[KeyScope.READ])
            found += [scope, await admission.signed_in(token)]
    one, one_user, two, two_user = found
    assert isinstance(one, MemberScope)
    assert isinstance(one_user, UserScope)
    assert isinstance(two, MemberScope)
    assert isinstance(two_user, UserScope)
    return one, one_user, two, two_user


async def visible(scope: MemberScope | UserScope | None) -> dict[str, int]:
    """How many rows of each table a unit of this scope sees, whatever it asks."""
    async with units.connection(scope):
        counts = {
            name: (await units.fetch(f"SELECT count(*) AS n FROM {name}"))[0]["n"]
            for name in (*TABLES, "colleagues()", "organizations_of_user()")
        }
    return {name: count for name, count in counts.items() if count}


async def test_a_unit_sees_its_owners_rows_and_no_others(database: str) -> None:
    scope, user, _, _ = await peopled()
    assert await visible(None) == {}
    assert await visible(user) == {
        "account": 1,
        "member_session": 1,
        "organizations_of_user()": 1,
    }
    assert await visible(scope) == {
        "membership": 1,
        "invitation": 1,
        "api_key": 1,
        "audit_entry": 3,
        "colleagues()": 1,
    }


async def test_a_user_cannot_write_in_anothers_name(database: str) -> None:
    _, user, _, other = await peopled()
    async with units.connection(user):
        for statement in (
            "INSERT INTO member_session (id, user_id, token_hash, user_agent, created_at,"
            " last_seen_at, expires_at) VALUES ('mses_x', $1, 'x', '', now(), now(), now())",
            "UPDATE member_session SET user_id = $1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await units.fetch(statement, other.user_id)
        assert await units.fetch("UPDATE account SET name = 'x' WHERE id = $1 RETURNING id",
                                 other.user_id) == []  # fmt: skip


@pytest.fixture
async def as_owner(database_url: str) -> AsyncIterator[None]:
    """The pool, working as the tables' owner, to whom row-level security does not apply."""
    connection = await asyncpg.connect(database_url)
    owner = await connection.fetchval("SELECT current_user")
    await connection.close()
    await DB.start(database_url, tenant_role=owner)
    try:
        yield
    finally:
        await DB.stop()


async def test_without_row_level_security_repositories_still_keep_owners_apart(
    as_owner: None, owner: asyncpg.Connection
) -> None:
    scope, user, stranger, other = await peopled()
    async with units.connection(scope):
        page = await Memberships(scope).page(after=None, limit=10)
        (invitation,) = (await Invitations(scope).pending(after=None, limit=10)).items
        (key,) = (await ApiKeys(scope).page(after=None, limit=10)).items
    before = await dump(owner)
    async with units.connection(stranger):
        assert await Memberships(stranger).by_id(page.items[0].id) is None
        assert await Memberships(stranger).of_user(user.user_id) is None
        await Memberships(stranger).set_role(page.items[0].id, Role.MEMBER)
        await Memberships(stranger).delete(page.items[0].id)
        assert await Invitations(stranger).pending_by_id(invitation.id) is None
        assert await Invitations(stranger).cancel(invitation.id) is None
        await Invitations(stranger).renew(invitation.id, {"token_hash": "x"})
        assert await ApiKeys(stranger).by_id(key.id) is None
        assert not await ApiKeys(stranger).revoke(key.id)
        entries = await AuditEntries(stranger).page(AuditFilter(), after=None, limit=100)
        assert {entry.actor_id for entry in entries.items} == {stranger.actor_id}
        assert await IdempotencyRecords(stranger).by_key(scope.actor_id, "key") is None
    async with units.connection(other):
        assert not await MemberSessions(other).end(user.session_id or "")
        assert not await OneTimeTokens(other).spend("ott_x", TokenPurpose.VERIFY_EMAIL)
        own = await Accounts(other).own()
        assert [one.id for one in await belongings(other)] == [stranger.organization_id]
    assert own is not None
    assert own.id == other.user_id
    assert await dump(owner) == before
    assert len((await audit.entries(scope)).items) == 3
