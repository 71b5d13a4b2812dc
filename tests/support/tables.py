"""Everything that the database holds, to compare before and after."""

import asyncpg

from app.models.tables import TABLES

# The column that row-level security compares: a user's own rows belong to no organization.
OWNERS = {
    table._meta.tablename: next(
        name
        for name in ("organization_id", "user_id", "id")
        if name in {column._meta.name for column in table._meta.columns}
    )
    for table in TABLES
}

Dump = dict[str, list[str]]


async def dump(owner: asyncpg.Connection, *, owner_id: str | None = None) -> Dump:
    """Every row of every table as JSON text, or those of one organization or user."""
    return {name: await _rows(owner, name, owner_id) for name in OWNERS}


async def _rows(owner: asyncpg.Connection, name: str, owner_id: str | None) -> list[str]:
    rows = await owner.fetch(
        f"SELECT to_jsonb(t)::text AS row FROM {name} t"
        f" WHERE $1::text IS NULL OR t.{OWNERS[name]} = $1 ORDER BY 1",
        owner_id,
    )
    return [row["row"] for row in rows]
