"""Migrating as the user that production should have: a database's owner, and no superuser."""

from collections.abc import AsyncIterator

import pytest

from app.core.errors import Unavailable
from app.core.settings import Settings
from app.repositories import lookups, migrations, opening
from app.repositories.opening import SchemaOutOfDate, bring_up_to_date
from tests.support.plain_owners import PlainOwner, plainly_owned_database


@pytest.fixture
async def plain(superusers_cluster: str) -> AsyncIterator[PlainOwner]:
    """A user who owns an empty database."""
    async with plainly_owned_database(superusers_cluster) as plain:
        yield plain


def settings(dsn: str) -> Settings:
    return Settings(_env_file=None, database_url=dsn)  # type: ignore[arg-type, call-arg]  # pydantic judges


async def test_the_first_run_makes_the_role_and_no_later_one_needs_createrole(
    plain: PlainOwner,
) -> None:
    before = await migrations.state(plain.dsn)
    await migrations.migrate(plain.dsn)
    await plain.may_make_roles(so=False)
    assert await migrations.migrate(plain.dsn) == []
    after = await migrations.state(plain.dsn)
    assert (before.has_tenant, after.has_tenant) == (False, True)
    async with opening.opened(settings(plain.dsn)):
        assert await lookups.server_count() == 0


async def test_a_restored_database_without_its_grants_is_not_opened_until_it_is_migrated(
    plain: PlainOwner,
) -> None:
    await migrations.migrate(plain.dsn)
    await plain.lose_grants()
    restored = await migrations.state(plain.dsn)
    assert (restored.pending, restored.has_tenant) == ((), False)
    with pytest.raises(SchemaOutOfDate, match="Run `mcplatform migrate`, then start again"):
        await bring_up_to_date(settings(plain.dsn), plain.dsn)
    assert await migrations.migrate(plain.dsn) == []
    await bring_up_to_date(settings(plain.dsn), plain.dsn)


async def test_one_table_that_may_not_be_read_is_enough_to_start_nothing(plain: PlainOwner) -> None:
    await migrations.migrate(plain.dsn)
    await plain.superuser.execute(f"REVOKE SELECT ON api_key FROM {plain.tenant}")
    assert not (await migrations.state(plain.dsn)).has_tenant


async def test_tables_of_somebody_elses_are_no_matter(plain: PlainOwner) -> None:
    await migrations.migrate(plain.dsn)
    await plain.superuser.execute("CREATE TABLE somebodys (id int)")
    assert (await migrations.state(plain.dsn)).has_tenant


async def test_a_role_that_may_not_be_made_is_told_with_what_a_superuser_has_to_run(
    plain: PlainOwner,
) -> None:
    await migrations.migrate(plain.dsn)
    await plain.lose_tenant()
    await plain.may_make_roles(so=False)
    with pytest.raises(SchemaOutOfDate, match="lacks the role"):
        await bring_up_to_date(settings(plain.dsn), plain.dsn)
    with pytest.raises(Unavailable, match=f"`ALTER ROLE {plain.name} CREATEROLE`") as refusal:
        await migrations.migrate(plain.dsn)
    assert f"`ALTER ROLE {plain.name} NOCREATEROLE`" in refusal.value.message
    await plain.may_make_roles(so=True)
    await migrations.migrate(plain.dsn)
    await bring_up_to_date(settings(plain.dsn), plain.dsn)


async def test_a_role_that_another_made_is_told_with_what_a_superuser_has_to_run(
    plain: PlainOwner,
) -> None:
    await plain.may_make_roles(so=False)
    await plain.superuser.execute(f"CREATE ROLE {plain.tenant}")
    assert not (await migrations.state(plain.dsn)).has_tenant
    grant = f"GRANT {plain.tenant} TO {plain.name}"
    with pytest.raises(Unavailable, match=f"`{grant}`"):
        await migrations.migrate(plain.dsn)
    await plain.superuser.execute(grant)
    await migrations.migrate(plain.dsn)
    assert (await migrations.state(plain.dsn)).has_tenant


async def test_whoever_does_not_own_the_database_is_told_so(plain: PlainOwner) -> None:
    await plain.superuser.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(),"
        " current_user); END $$"
    )
    with pytest.raises(Unavailable, match="has to own the database"):
        await migrations.migrate(plain.dsn)


async def test_whoever_does_not_own_the_tables_is_told_so(plain: PlainOwner) -> None:
    await migrations.migrate(plain.dsn)
    await plain.lose_grants()
    await plain.superuser.execute("ALTER TABLE migration OWNER TO CURRENT_USER")
    with pytest.raises(Unavailable, match="all tables in it"):
        await migrations.state(plain.dsn)
