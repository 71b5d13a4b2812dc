"""Lists that are read parent by parent, in one statement."""

from collections.abc import Sequence
from typing import Any

from app.core.listing import Window
from app.core.page import Page
from app.repositories import database
from app.repositories.windows import Conditions

_PAGES = """
SELECT wanted.id AS parent, found.* FROM unnest($2::text[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT t.* FROM {table} t
    WHERE t.organization_id = $1 AND t.{parent} = wanted.id {place}
    ORDER BY t.{column} {way}, t.id {way} LIMIT {limit:d}) AS found
ORDER BY found.{column} {way}, found.id {way}
"""

_MERGED = """
SELECT found.* FROM {parents} wanted CROSS JOIN LATERAL (
    SELECT t.* FROM {table} t WHERE t.{parent} = wanted.id AND {conditions}
    ORDER BY t.{column} {way}, t.id {way} LIMIT {limit:d}) AS found
WHERE wanted.organization_id = $1
ORDER BY found.{column} {way}, found.id {way} LIMIT {limit:d}
"""


async def pages(
    table: str, parent: str, window: Window, *, organization_id: str, ids: Sequence[str]
) -> dict[str, Page[dict[str, Any]]]:
    """A page of the rows of each of these parents, by the parent's id.

    Table, column of the parent and column of the window are names in our own code, never input.
    """
    is_falling = window.is_descending != window.is_backward
    args: list[object] = [organization_id, ids]
    place = ""
    if window.spot is not None:
        args += [window.spot.value, window.spot.id]
        place = f"AND (t.{window.column}, t.id) {'<' if is_falling else '>'} ($3, $4)"
    sql = _PAGES.format(
        table=table,
        parent=parent,
        place=place,
        column=window.column,
        way="DESC" if is_falling else "ASC",
        limit=window.limit + 1,
    )
    found: dict[str, list[dict[str, Any]]] = {one: [] for one in ids}
    for row in await database.fetch(sql, *args):
        found[row["parent"]].append(dict(row))
    return {one: _page(rows, window) for one, rows in found.items()}


async def merged(
    table: str, parent: str, window: Window, *, parents: str, conditions: Conditions
) -> Page[dict[str, Any]]:
    """A page of the rows of all the organization's parents, put together from a page of each.

    For a few parents with very many rows, whose index has the list's order only within each. The
    first of the conditions' arguments is the organization. Names as in `pages`.
    """
    is_falling = window.is_descending != window.is_backward
    if window.spot is not None:
        sign = "<" if is_falling else ">"
        conditions.add(
            f"(t.{window.column}, t.id) {sign} ($?, $?)", window.spot.value, window.spot.id
        )
    sql = _MERGED.format(
        table=table,
        parent=parent,
        parents=parents,
        conditions=" AND ".join(conditions.sql),
        column=window.column,
        way="DESC" if is_falling else "ASC",
        limit=window.limit + 1,
    )
    rows = await database.fetch(sql, *conditions.args)
    return _page([dict(row) for row in rows], window)


def _page(rows: list[dict[str, Any]], window: Window) -> Page[dict[str, Any]]:
    part = rows[: window.limit]
    if window.is_backward:
        part.reverse()
    return Page(items=tuple(part), has_more=len(rows) > window.limit)
