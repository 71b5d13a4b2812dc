"""API keys."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core import clock
from app.core.enums import KeyScope
from app.core.page import Page, Place
from app.models.api_keys import ApiKey as ApiKeyTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository

_TOUCH = """
UPDATE api_key SET last_used_at = $3
WHERE organization_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $4)
"""

_REVOKE = """
UPDATE api_key SET revoked_at = $3
WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id
"""

_LIVE = """
SELECT count(*) AS number FROM api_key
WHERE organization_id = $1 AND revoked_at IS NULL AND expires_at > $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of an organization; `hint` is the end of its token, which is never shown again."""

    id: str
    name: str
    scopes: tuple[KeyScope, ...]
    hint: str
    created_by_id: str
    created_by_name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys(ScopedRepository):
    """The organization's keys."""

    table = ApiKeyTable

    async def page(
        self, *, after: Place | None, limit: int, is_backward: bool = False
    ) -> Page[ApiKey]:
        """The next keys, newest first, expired and revoked ones included."""
        page = await self._page(
            after=after, limit=limit, newest_first=True, is_backward=is_backward
        )
        return Page(items=tuple(_key(row) for row in page.items), has_more=page.has_more)

    async def by_id(self, key_id: str) -> ApiKey | None:
        """The key with this id."""
        row = await self._row(ApiKeyTable.id == key_id)
        return _key(row) if row else None

    async def live_count(self) -> int:
        """How many keys open a door now."""
        rows = await database.fetch(_LIVE, self.organization_id, clock.now())
        return int(rows[0]["number"])

    async def insert(self, values: Row) -> ApiKey:
        """The new key."""
        return _key(await self._insert({**values, "created_at": clock.now()}))

    async def touch(self, key_id: str, *, now: datetime, unless_since: datetime) -> None:
        """Write when it was last used, unless someone has since then."""
        await database.fetch(_TOUCH, self.organization_id, key_id, now, unless_since)

    async def revoke(self, key_id: str) -> bool:
        """Whether this call is the one that revoked it."""
        row = await database.fetch_row(_REVOKE, self.organization_id, key_id, clock.now())
        return row is not None


def _key(row: Row) -> ApiKey:
    return msgspec.convert(row, ApiKey)
