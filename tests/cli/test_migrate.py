"""Migrating from the command line, as a user who may not do all that it takes."""

from pathlib import Path

from tests.support.command import run
from tests.support.plain_owners import plainly_owned_database


async def test_a_user_who_may_not_create_roles_is_told_what_to_have_run(
    superusers_cluster: str, tmp_path: Path
) -> None:
    async with plainly_owned_database(superusers_cluster) as plain:
        await plain.may_make_roles(so=False)
        refused = await run(tmp_path, "migrate", DATABASE_URL=plain.dsn)
        await plain.may_make_roles(so=True)
        migrated = await run(tmp_path, "migrate", DATABASE_URL=plain.dsn)
    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "Error: The user of DATABASE_URL may not create the role that the pool works as. Have a "
        f"superuser run `ALTER ROLE {plain.name} CREATEROLE`, run `mcplatform migrate`, then have "
        f"`ALTER ROLE {plain.name} NOCREATEROLE` run.\n"
    )
    assert (migrated.code, migrated.stderr) == (0, "")
    assert migrated.stdout.endswith("The schema is up to date.\n")
