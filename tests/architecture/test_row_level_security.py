"""What the migrated database refuses by itself, whatever the code above it forgets."""

import asyncpg

from app.models.tables import TABLES
from app.repositories.lookups import SECURITY_DEFINER_FUNCTIONS
from app.repositories.migrations import tenant_role

OWNED = {
    table._meta.tablename: "organization_id"
    for table in TABLES
    if "organization_id" in {column._meta.name for column in table._meta.columns}
}
# A user belongs to no organization: app.org is then the user's id.
PERSONAL = {
    "account": "id",
    "member_session": "user_id",
    "one_time_token": "user_id",
    "login_account": "id",
}
GUARDED = OWNED | {"organization": "id"} | PERSONAL
BY_PICCOLO = {"migration"}
SEALED = {"roll_up_place"}  # without a policy: only functions of the owner see it


async def test_every_table_of_the_database_is_guarded(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"""
    )
    found = {row["relname"]: (row["relrowsecurity"], row["relforcerowsecurity"]) for row in rows}
    assert {name: found[name] for name in found.keys() - BY_PICCOLO} == dict.fromkeys(
        GUARDED | dict.fromkeys(SEALED), (True, False)
    )


async def test_the_one_policy_of_a_table_compares_its_organization(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch("SELECT * FROM pg_policies WHERE schemaname = 'public'")
    found = {
        (row["tablename"], row["policyname"], row["permissive"], row["cmd"], *row["roles"])
        for row in rows
    }
    assert found == {(name, "tenant", "PERMISSIVE", "ALL", "public") for name in GUARDED}
    conditions = {row["tablename"]: (row["qual"], row["with_check"]) for row in rows}
    assert conditions == {name: (only(column),) * 2 for name, column in GUARDED.items()}


def only(column: str) -> str:
    """The policy's condition as PostgreSQL prints it; it is evaluated once for a statement."""
    setting = "( SELECT current_setting('app.org'::text, true) AS current_setting)"
    return f"({column} = {setting})"


async def test_the_organization_of_a_row_is_never_null(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'organization_id' AND is_nullable = 'NO'"""
    )
    assert {row["table_name"] for row in rows} == set(OWNED)


async def test_a_key_to_an_owned_table_takes_the_organization_along(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch(
        """SELECT conname, confrelid::regclass::text AS parent,
            (SELECT array_agg(child.attname::text || '=' || parent.attname)
             FROM unnest(conkey, confkey) AS pair (child, parent)
             JOIN pg_attribute child ON child.attrelid = conrelid AND child.attnum = pair.child
             JOIN pg_attribute parent ON parent.attrelid = confrelid AND parent.attnum = pair.parent
            ) AS pairs,
            (SELECT array_agg(attname::text) FROM pg_attribute
             WHERE attrelid = conrelid AND attnum = ANY (confdelsetcols)) AS set_null,
            confdeltype = 'n' AS sets_null
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"""
    )
    assert len(rows) > len(OWNED)
    alone = [
        row["conname"]
        for row in rows
        if row["parent"] in OWNED and "organization_id=organization_id" not in row["pairs"]
    ]
    assert alone == []
    # SET NULL on the whole key would take the organization from the row.
    orphaning = [
        row["conname"]
        for row in rows
        if row["sets_null"] and "organization_id" in (row["set_null"] or ["organization_id"])
    ]
    assert orphaning == []


async def test_the_pool_works_as_a_role_that_cannot_pass_the_policies(
    owner: asyncpg.Connection,
) -> None:
    role = tenant_role(await owner.fetchval("SELECT current_user"))
    row = await owner.fetchrow(
        """SELECT rolsuper, rolbypassrls, rolcanlogin,
            EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) AS owns_tables,
            EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid) AS inherits
        FROM pg_roles WHERE rolname = $1""",
        role,
    )
    assert dict(row) == {
        "rolsuper": False,
        "rolbypassrls": False,
        "rolcanlogin": False,
        "owns_tables": False,
        "inherits": False,
    }


async def test_functions_that_pass_the_policies_are_a_closed_list(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch(
        """SELECT proname, proconfig FROM pg_proc
        WHERE prosecdef AND pronamespace = 'public'::regnamespace"""
    )
    assert sorted((row["proname"], row["proconfig"]) for row in rows) == sorted(
        (name, ["search_path=public, pg_temp"]) for name in SECURITY_DEFINER_FUNCTIONS
    )


async def test_no_function_may_be_called_by_everyone(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
        WHERE pronamespace = 'public'::regnamespace AND grantee = 0"""
    )
    assert [row["proname"] for row in rows] == []
