"""MCP clients that may ask for end users' logins, each at one server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from app.core import clock
from app.core.enums import ClientAuthMethod
from app.core.scope import ServerScope
from app.models.oauth import OAuthClient as OAuthClientTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository

_REMEMBER = """
INSERT INTO oauth_client AS c (id, organization_id, server_id, url, name, redirect_uris,
    grant_types, auth_method, metadata, fresh_until, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'none', $8::jsonb, $9, $10, $10)
ON CONFLICT (server_id, url) DO UPDATE SET name = $5, redirect_uris = $6, grant_types = $7,
    metadata = $8::jsonb, fresh_until = $9, updated_at = $10
WHERE c.organization_id = $2
RETURNING *
"""

_TOUCH = """
UPDATE oauth_client SET last_used_at = $4 WHERE organization_id = $1 AND server_id = $2 AND id = $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An MCP client at one server: what it registered, or what its metadata document says.

    `name` is fit to be shown to people. `fresh_until` is when its document is to be read again.
    """

    id: str
    url: str | None
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_method: ClientAuthMethod
    metadata: Mapping[str, Any]
    fresh_until: datetime | None
    created_at: datetime
    last_used_at: datetime | None
    secret_hash: str | None = field(default=None, repr=False)

    @property
    def client_id(self) -> str:
        """What it calls itself by."""
        return self.url or self.id


class OAuthClients(ScopedRepository):
    """The clients of one server."""

    table = OAuthClientTable

    def __init__(self, scope: ServerScope) -> None:
        super().__init__(scope)
        self.server_id = scope.server_id

    async def by_id(self, client_row_id: str) -> Client | None:
        """The client with this id."""
        table = OAuthClientTable
        row = await self._row(table.server_id == self.server_id, table.id == client_row_id)
        return _client(row) if row else None

    async def by_url(self, url: str) -> Client | None:
        """The client whose metadata document is at this address, as it was last read."""
        table = OAuthClientTable
        row = await self._row(table.server_id == self.server_id, table.url == url)
        return _client(row) if row else None

    async def insert(self, values: Row) -> Client:
        """The client, registered now."""
        now = clock.now()
        row = await self._insert(
            {**values, "server_id": self.server_id, "created_at": now, "updated_at": now}
        )
        return _client(row)

    async def remember(
        self, client_row_id: str, url: str, values: Row, *, fresh_until: datetime
    ) -> Client:
        """The client of a metadata document as it reads now; the id is for one that is new."""
        rows = await database.fetch(
            _REMEMBER,
            client_row_id,
            self.organization_id,
            self.server_id,
            url,
            values["name"],
            values["redirect_uris"],
            values["grant_types"],
            values["metadata"],
            fresh_until,
            clock.now(),
        )
        return _client(rows[0])

    async def touch(self, client_row_id: str) -> None:
        """Note that somebody's tokens were given to it just now."""
        await database.fetch(
            _TOUCH, self.organization_id, self.server_id, client_row_id, clock.now()
        )


def _client(row: Row) -> Client:
    return msgspec.convert({**row, "metadata": msgspec.json.decode(row["metadata"])}, Client)
