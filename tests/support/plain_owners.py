"""Databases that belong to a user who is no superuser, as production's should."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.core.ids import new_id
from app.repositories.migrations import tenant_role
from tests.support import databases


class PlainOwner(NamedTuple):
    """A user with CREATEROLE, the DSN of the database that it owns, and a superuser in there."""

    name: str
    dsn: str
    superuser: asyncpg.Connection

    @property
    def tenant(self) -> str:
        """The role that a pool of this user's works as."""
        return tenant_role(self.name)

    async def lose_grants(self) -> None:
        """Leave the database as `pg_restore --no-acl` into the same cluster does."""
        await self.superuser.execute(
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {self.tenant};"
            f"REVOKE ALL ON SCHEMA public FROM {self.tenant}"
        )

    async def lose_tenant(self) -> None:
        """Leave the database as a restore into another cluster does."""
        await self.superuser.execute(f"DROP OWNED BY {self.tenant}; DROP ROLE {self.tenant}")

    async def may_make_roles(self, *, so: bool) -> None:
        """Give the user CREATEROLE, or take it away."""
        await self.superuser.execute(f"ALTER ROLE {self.name} {'' if so else 'NO'}CREATEROLE")


@asynccontextmanager
async def plainly_owned_database(cluster_dsn: str) -> AsyncIterator[PlainOwner]:
    """An empty database of a new user's; both are gone afterwards."""
    name = new_id("plain")
    async with databases.empty_database(cluster_dsn) as dsn:
        superuser = await asyncpg.connect(dsn)
        try:
            await superuser.execute(
                f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{name}';"
                f"ALTER DATABASE {urlsplit(dsn).path[1:]} OWNER TO {name}"
            )
            try:
                yield PlainOwner(name, _as_user(dsn, name), superuser)
            finally:
                await superuser.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
                for role in (tenant_role(name), name):
                    if await superuser.fetchval("SELECT to_regrole($1)", role) is not None:
                        await superuser.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        finally:
            await superuser.close()


def _as_user(dsn: str, name: str) -> str:
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{name}:{name}@{place}", parts.path, parts.query, ""))
