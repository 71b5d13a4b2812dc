"""The whole database: what it holds, what has become other, and back to how it was."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import asyncpg

# When someone was last here is no change of anything.
_PASSING = "{last_seen_at,last_used_at}"

_TABLES = """
SELECT t.oid::regclass::text AS name,
    EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal)
        AS has_triggers,
    ARRAY(SELECT c.confrelid::regclass::text FROM pg_constraint c
        WHERE c.conrelid = t.oid AND c.contype = 'f' AND c.confrelid <> t.oid) AS parents
FROM pg_class t
WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every row as it was once.

    `parents` has each table's, and parents come before their children; those `with_triggers` would
    add to what is inserted.
    """

    owner: asyncpg.Connection
    parents: Mapping[str, Collection[str]]
    with_triggers: Collection[str]
    rows: Mapping[str, str]
    seen: frozenset[tuple[str, str]]

    async def changes(self) -> dict[str, list[str]]:
        """By table, the rows that are other than they were, as they were and as they are."""
        present = await _seen(self.owner, self.parents)
        found: dict[str, list[str]] = {}
        for table, row in sorted(present ^ self.seen):
            found.setdefault(table, []).append(row)
        return found

    async def restore(self, changed: Collection[str]) -> None:
        """Put back these tables and all that hang on them."""
        tables: list[str] = []
        for table, parents in self.parents.items():
            if table in changed or not set(parents).isdisjoint(tables):
                tables.append(table)
        async with self.owner.transaction():
            for table in reversed(tables):
                await self._execute(table, f"DELETE FROM {table}")
            for table in tables:
                rows = f"SELECT * FROM json_populate_recordset(NULL::{table}, $1)"
                await self._execute(table, f"INSERT INTO {table} {rows}", self.rows[table])
        assert await self.changes() == {}

    async def _execute(self, table: str, sql: str, *values: str) -> None:
        has_triggers = table in self.with_triggers
        if has_triggers:
            await self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await self.owner.execute(sql, *values)
        if has_triggers:
            await self.owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def taken(owner: asyncpg.Connection) -> Snapshot:
    """What the database holds now."""
    found = {row["name"]: row for row in await owner.fetch(_TABLES)}
    parents = {name: row["parents"] for name, row in found.items()}
    ordered = {name: parents[name] for name in TopologicalSorter(parents).static_order()}
    rows = {
        name: await owner.fetchval(f"SELECT coalesce(json_agg(t), '[]')::text FROM {name} t")
        for name in ordered
    }
    with_triggers = {name for name, row in found.items() if row["has_triggers"]}
    return Snapshot(owner, ordered, with_triggers, rows, await _seen(owner, ordered))


async def _seen(owner: asyncpg.Connection, tables: Collection[str]) -> frozenset[tuple[str, str]]:
    each = " UNION ALL ".join(
        f"SELECT '{name}' AS name, (to_jsonb(t) - '{_PASSING}'::text[])::text AS row FROM {name} t"
        for name in tables
    )
    return frozenset((row["name"], row["row"]) for row in await owner.fetch(each))
