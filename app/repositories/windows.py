"""Any table in pages, by what it is sorted by: conditions, windows and counts in SQL."""

from dataclasses import dataclass, field
from typing import Any

from app.core.listing import Window
from app.core.page import Page
from app.repositories import database


@dataclass(slots=True)
class Conditions:
    """What a list is restricted to, as SQL over the table as `t`, with its arguments."""

    args: list[Any]
    sql: list[str] = field(default_factory=list)

    def add(self, sql: str, *args: Any) -> None:
        """Add a condition, which has a `$?` for each of its arguments."""
        for arg in args:
            self.args.append(arg)
            sql = sql.replace("$?", f"${len(self.args)}", 1)
        self.sql.append(sql)


async def page(table: str, conditions: Conditions, window: Window) -> Page[dict[str, Any]]:
    """The rows of a window. Table and column are names in our own code, never input."""
    is_falling = window.is_descending != window.is_backward
    if window.spot is not None:
        sign = "<" if is_falling else ">"
        place = (window.spot.value, window.spot.id)
        conditions.add(f"(t.{window.column}, t.id) {sign} ($?, $?)", *place)
    way = "DESC" if is_falling else "ASC"
    rows = await database.fetch(
        f"SELECT t.* FROM {table} t WHERE {' AND '.join(conditions.sql)}"
        f" ORDER BY t.{window.column} {way}, t.id {way} LIMIT {window.limit + 1:d}",
        *conditions.args,
    )
    items = [dict(row) for row in rows[: window.limit]]
    if window.is_backward:
        items.reverse()
    return Page(items=tuple(items), has_more=len(rows) > window.limit)


async def count(table: str, conditions: Conditions) -> int:
    """How many rows fulfil the conditions."""
    row = await database.fetch_row(
        f"SELECT count(*) AS number FROM {table} t WHERE {' AND '.join(conditions.sql)}",
        *conditions.args,
    )
    return int(row["number"]) if row else 0
