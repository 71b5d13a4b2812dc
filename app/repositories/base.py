"""The query verbs on tables, each held to one owner: an organization, or a user."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import asyncpg
from piccolo.columns import Column
from piccolo.custom_types import Combinable
from piccolo.table import Table

from app.core.errors import ProductError
from app.core.page import Page, Place
from app.core.scope import OrganizationScope, Scope, UserScope

Row = Mapping[str, Any]


class OwnedRepository:
    """One owner's rows of one table: every statement names the owner.

    `owner` is the column that holds its id.
    """

    table: ClassVar[type[Table]]
    owner: ClassVar[str]

    def __init__(self, scope: Scope) -> None:
        self.owner_id = scope.owner_id

    async def _rows(
        self, *where: Combinable, order_by: tuple[Column, ...] = (), is_locked: bool = False
    ) -> Sequence[Row]:
        """The rows, if locked held against other writers until the transaction ends.

        NO KEY UPDATE, because the foreign keys of end users' rows need only KEY SHARE: an author
        at work makes no end user wait.
        """
        query = self.table.select().where(self._mine(), *where)
        if order_by:
            query = query.order_by(*order_by)
        return await (query.lock_rows("NO KEY UPDATE") if is_locked else query)

    async def _row(self, *where: Combinable, is_locked: bool = False) -> Row | None:
        rows = await self._rows(*where, is_locked=is_locked)
        return rows[0] if rows else None

    async def _page(
        self,
        *where: Combinable,
        after: Place | None,
        limit: int,
        newest_first: bool = False,
        is_backward: bool = False,
    ) -> Page[Row]:
        """The next `limit` rows by (created_at, id), which an index has in this order.

        Backward, the `limit` rows before that place or, without one, at the end of the list.
        """
        is_falling = newest_first != is_backward
        at: Column = getattr(self.table, "created_at")  # noqa: B009 - Table itself has none
        row_id: Column = getattr(self.table, "id")  # noqa: B009 - the same
        query = self.table.select().where(self._mine(), *where)
        if after is not None and is_falling:
            query = query.where(at <= after.at, (at < after.at) | (row_id < after.id))
        elif after is not None:
            query = query.where(at >= after.at, (at > after.at) | (row_id > after.id))
        rows = await query.order_by(at, row_id, ascending=not is_falling).limit(limit + 1)
        items = tuple(rows[:limit])
        return Page(items=items[::-1] if is_backward else items, has_more=len(rows) > limit)

    async def _insert(self, values: Row) -> Row:
        row = self.table(**{**values, self.owner: self.owner_id})
        rows = await self.table.insert(row).returning(*self.table.all_columns())
        return rows[0]

    async def _update(self, values: Row, *where: Combinable) -> None:
        changes: dict[Any, Any] = dict(values)
        await self.table.update(changes).where(self._mine(), *where)

    async def _delete(self, *where: Combinable) -> None:
        await self.table.delete().where(self._mine(), *where)

    def _mine(self) -> Combinable:
        column: Column = getattr(self.table, self.owner)
        return column == self.owner_id


class ScopedRepository(OwnedRepository):
    """One organization's rows of one table."""

    owner = "organization_id"

    def __init__(self, scope: OrganizationScope) -> None:
        super().__init__(scope)
        self.organization_id = scope.organization_id


class PersonalRepository(OwnedRepository):
    """One user's own rows of one table."""

    owner = "user_id"

    def __init__(self, scope: UserScope) -> None:
        super().__init__(scope)
        self.user_id = scope.user_id


@contextmanager
def refused_by(*constraints: str, error: ProductError) -> Iterator[None]:
    """Raise `error` when the block breaks one of these unique constraints or indexes."""
    try:
        yield
    except asyncpg.UniqueViolationError as violation:
        if violation.constraint_name not in constraints:
            raise
        raise error from violation
