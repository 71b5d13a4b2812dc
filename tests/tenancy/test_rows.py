"""Row-level security with the application's own scoping left out: raw SQL through the pool."""

import asyncio
from collections.abc import Sequence
from itertools import product
from typing import Any, TypeAlias

import asyncpg
import pytest

from app.domain import admission
from app.models.engine import DB
from app.repositories import database as units
from tests.support import databases
from tests.support.tables import OWNERS, dump
from tests.tenancy.tenants import Tenant

Row: TypeAlias = asyncpg.Record


async def as_owner_of(owner_id: str, sql: str, *args: object) -> Sequence[Row]:
    """Rows of a statement that the pool runs for this organization or user."""
    async with DB.unit(owner_id):
        return await units.fetch(sql, *args)


async def refused(owner_id: str, sql: str, *args: object) -> bool:
    """Whether a policy refuses the statement."""
    try:
        await as_owner_of(owner_id, sql, *args)
    except asyncpg.InsufficientPrivilegeError as error:
        return "row-level security" in str(error)
    return False


async def test_every_table_holds_something_of_both(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    for tenant in (victim, stranger):
        empty = [
            table
            for table, column in OWNERS.items()
            if not await owner.fetchval(
                f"SELECT count(*) FROM {table} WHERE {column} = $1", tenant.owner_id(table)
            )
        ]
        assert empty == []


async def test_a_tenant_sees_its_own_rows_and_no_others(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    for table, tenant in product(OWNERS, (victim, stranger)):
        whose = tenant.owner_id(table)
        there = await owner.fetch(
            f"SELECT t::text AS row FROM {table} t WHERE {OWNERS[table]} = $1 ORDER BY 1", whose
        )
        seen = await as_owner_of(whose, f"SELECT t::text AS row FROM {table} t ORDER BY 1")
        assert seen == there != []


@pytest.mark.parametrize("nobody", ["", "org_none", "%", "NULL"])
async def test_without_a_tenant_no_row_of_any_table_is_seen(
    victim: Tenant, stranger: Tenant, nobody: str
) -> None:
    for table in OWNERS:
        assert await as_owner_of(nobody, f"SELECT * FROM {table}") == [], table
    assert await as_owner_of(nobody, "SELECT * FROM available") == []


async def test_a_connection_that_was_never_bound_sees_nothing(
    victim: Tenant, stranger: Tenant, database: str
) -> None:
    role = await databases.tenant_role_of(database)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(f'SET ROLE "{role}"')
        for table in OWNERS:
            assert await connection.fetch(f"SELECT * FROM {table}") == [], table
    finally:
        await connection.close()


async def test_a_strangers_rows_can_be_neither_changed_nor_removed_nor_locked(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    before = await dump(owner)
    for table, column in OWNERS.items():
        me, whose = stranger.owner_id(table), victim.owner_id(table)
        touched = [
            row
            for statement in (
                f"UPDATE {table} SET {column} = {column} WHERE {column} = $1 RETURNING 1",
                f"DELETE FROM {table} WHERE {column} = $1 RETURNING 1",
                f"SELECT 1 FROM {table} WHERE {column} = $1 FOR UPDATE",
            )
            for row in await as_owner_of(me, statement, whose)
        ]
        assert touched == [], table
    assert await dump(owner) == before


async def test_no_row_can_be_written_into_a_strangers_hands(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    before = await dump(owner)
    for table, column in OWNERS.items():
        me, whose = stranger.owner_id(table), victim.owner_id(table)
        row = await owner.fetchval(
            f"SELECT to_jsonb(t)::text FROM {table} t WHERE {column} = $1 LIMIT 1", whose
        )
        insert = f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)"
        assert await refused(me, insert, row), table
        assert await refused("", insert, row), table
        give = f"UPDATE {table} SET {column} = $1 WHERE {column} = $2"
        assert await refused(me, give, whose, me), table
    assert await dump(owner) == before


async def test_the_lookups_tell_a_user_or_an_organization_of_themselves_only(
    victim: Tenant, stranger: Tenant
) -> None:
    for tenant in (victim, stranger):
        colleagues = await as_owner_of(tenant.organization_id, "SELECT * FROM colleagues()")
        assert [row["user_id"] for row in colleagues] == [tenant.user_id]
        mine = await as_owner_of(tenant.user_id, "SELECT * FROM organizations_of_user()")
        assert [row["id"] for row in mine] == [tenant.organization_id]
    for nobody in ("", "org_none"):
        assert await as_owner_of(nobody, "SELECT * FROM colleagues()") == []
        assert await as_owner_of(nobody, "SELECT * FROM organizations_of_user()") == []


KEYS = """
SELECT c.conname AS name, c.conrelid::regclass::text AS child,
    c.confrelid::regclass::text AS parent,
    array_agg(k.attname::text ORDER BY o.place) AS columns,
    array_agg(f.attname::text ORDER BY o.place) AS parents
FROM pg_constraint c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS o(child, parent, place)
JOIN pg_attribute k ON k.attrelid = c.conrelid AND k.attnum = o.child
JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = o.parent
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
GROUP BY c.oid HAVING count(*) > 1 ORDER BY 1
"""


async def test_no_child_can_be_given_a_parent_of_another_organization(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    before = await dump(owner)
    taken = []
    keys = await owner.fetch(KEYS)
    for key in keys:
        assert key["columns"][0] == "organization_id", key["name"]
        columns, parents = key["columns"][1:], key["parents"][1:]
        foreign = await owner.fetchrow(
            f"SELECT {', '.join(parents)} FROM {key['parent']} WHERE organization_id = $1 LIMIT 1",
            victim.organization_id,
        )
        sets = ", ".join(f"{column} = ${place}" for place, column in enumerate(columns, start=2))
        try:
            # As the owner of the tables, whom no policy binds: the key alone refuses.
            await owner.execute(
                f"UPDATE {key['child']} SET {sets} WHERE organization_id = $1 AND ctid = (SELECT"
                f" min(ctid) FROM {key['child']} WHERE organization_id = $1)",
                stranger.organization_id,
                *(foreign or {}).values(),
            )
        except asyncpg.ForeignKeyViolationError:
            continue
        taken.append(key["name"])
    assert taken == []
    assert len(keys) >= 24
    assert await dump(owner) == before


@pytest.fixture
async def narrow(victim: Tenant, stranger: Tenant, database: str) -> None:
    """The pool with one connection, which everybody borrows in turn."""
    await DB.stop()
    role = await databases.tenant_role_of(database)
    await DB.start(database, tenant_role=role, pool_size=1)


async def seen_without_a_tenant() -> list[Any]:
    """What the next borrower sees who has no scope."""
    async with units.connection():
        return [row["id"] for row in await units.fetch("SELECT id FROM server")]


async def test_the_next_borrower_inherits_no_tenant(
    victim: Tenant, stranger: Tenant, narrow: None
) -> None:
    for tenant in (victim, stranger, victim):
        scope = admission.founder(tenant.organization_id)
        async with units.connection(scope):
            rows = await units.fetch("SELECT id FROM server")
        assert [row["id"] for row in rows] == [tenant.world.server_id]
        assert await seen_without_a_tenant() == []


async def test_neither_an_error_nor_a_rollback_nor_a_cancelled_task_leaves_a_tenant_behind(
    victim: Tenant, stranger: Tenant, narrow: None
) -> None:
    scope = admission.founder(victim.organization_id)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with units.transaction(scope):
            await units.fetch("SELECT 1 / 0")
    assert await seen_without_a_tenant() == []

    async def sleep() -> None:
        async with units.transaction(scope):
            await units.fetch("SELECT pg_sleep(30)")

    async with asyncio.TaskGroup() as tasks:
        sleeper = tasks.create_task(sleep())
        await asyncio.sleep(0.2)
        sleeper.cancel()
    assert await seen_without_a_tenant() == []
    other = admission.founder(stranger.organization_id)
    async with units.transaction(other):
        rows = await units.fetch("SELECT id FROM server")
    assert [row["id"] for row in rows] == [stranger.world.server_id]


async def test_a_unit_goes_on_with_its_own_tenant_after_a_rollback(
    victim: Tenant, stranger: Tenant, narrow: None
) -> None:
    async with units.connection(admission.founder(stranger.organization_id)):
        await units.fetch("SELECT 1")
    scope = admission.founder(victim.organization_id)
    async with units.connection(scope):
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with units.transaction(scope):
                await units.fetch("SELECT 1 / 0")
        rows = await units.fetch("SELECT id FROM server")
    assert [row["id"] for row in rows] == [victim.world.server_id]


async def test_a_failed_admission_leaves_the_connection_to_the_next_tenant(
    victim: Tenant, stranger: Tenant, narrow: None
) -> None:
    unknown = "mcps_" + "a" * 32
    for tenant, other in ((victim, stranger), (stranger, victim)):
        refused_call = await tenant.agent(session_id=unknown).post("ping")
        assert refused_call.status_code == 404
        shown = await other.agent(tracking_id="ann").call("list_walkthroughs")
        titles = [one["title"] for one in shown["structuredContent"]["walkthroughs"]]
        assert titles == [guide.title for guide in other.world.guides]


async def test_calls_of_many_tenants_at_once_do_not_mix(victim: Tenant, stranger: Tenant) -> None:
    async def listed(tenant: Tenant) -> set[str]:
        shown = await tenant.agent(tracking_id="ann").call("list_walkthroughs")
        return {one["id"] for one in shown["structuredContent"]["walkthroughs"]}

    tenants = [victim, stranger] * 40
    seen = await asyncio.gather(*map(listed, tenants))
    assert seen == [{guide.id for guide in tenant.world.guides} for tenant in tenants]


async def test_a_unit_belongs_to_one_tenant(victim: Tenant, stranger: Tenant) -> None:
    async with units.connection(admission.founder(victim.organization_id)):
        with pytest.raises(RuntimeError, match="one organization"):
            async with units.connection(admission.founder(stranger.organization_id)):
                pass
