"""Customers' own OpenID providers, for servers that log in with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core import clock
from app.core.enums import AuthType
from app.models.oauth import OAuthConfig as OAuthConfigTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository

_OF_SERVERS = """
SELECT * FROM oauth_config WHERE organization_id = $1 AND server_id = ANY ($2)
"""

_SECRET = "SELECT client_secret FROM oauth_config WHERE organization_id = $1 AND id = $2"  # noqa: S105 - a statement

_ISSUER = "SELECT issuer FROM oauth_config WHERE organization_id = $1 AND server_id = $2"

_REVOKE_LOGINS = """
UPDATE oauth_grant SET revoked_at = $3, ends_at = least(ends_at, $3)
WHERE organization_id = $1 AND server_id = $2 AND auth_type = $4 AND revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthConfig:
    """A customer's provider, but for the client secret, which only logins are told."""

    id: str
    server_id: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    client_secret_set_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def has_client_secret(self) -> bool:
        """Whether the customer entered a client secret."""
        return self.client_secret_set_at is not None


class OAuthConfigs(ScopedRepository):
    """The organization's providers, at most one for each server."""

    table = OAuthConfigTable

    async def of_server(self, server_id: str) -> OAuthConfig | None:
        """The server's provider."""
        row = await self._row(OAuthConfigTable.server_id == server_id)
        return _config(row) if row else None

    async def of_servers(self, server_ids: Sequence[str]) -> tuple[OAuthConfig, ...]:
        """The providers of several servers."""
        rows = await database.fetch(_OF_SERVERS, self.organization_id, list(server_ids))
        return tuple(_config(dict(row)) for row in rows)

    async def sealed_secret(self, config_id: str) -> str | None:
        """The client secret as it is kept."""
        row = await database.fetch_row(_SECRET, self.organization_id, config_id)
        return row["client_secret"] if row else None

    async def issuer(self, server_id: str) -> str | None:
        """Whose word counts at the server."""
        row = await database.fetch_row(_ISSUER, self.organization_id, server_id)
        return row["issuer"] if row else None

    async def insert(self, values: Row) -> OAuthConfig:
        """A server's provider, entered now."""
        now = clock.now()
        return _config(await self._insert({**values, "created_at": now, "updated_at": now}))

    async def change(self, config_id: str, values: Row) -> None:
        """Write columns of a provider whose server is locked."""
        values = {**values, "updated_at": clock.now()}
        await self._update(values, OAuthConfigTable.id == config_id)

    async def delete(self, config_id: str) -> None:
        """Remove a provider whose server is locked."""
        await self._delete(OAuthConfigTable.id == config_id)

    async def revoke_logins(self, server_id: str, *, by: AuthType) -> None:
        """End all grants of people who logged in to the server in this way."""
        now = clock.now()
        await database.fetch(_REVOKE_LOGINS, self.organization_id, server_id, now, by.value)


def _config(row: Row) -> OAuthConfig:
    return msgspec.convert(row, OAuthConfig)
