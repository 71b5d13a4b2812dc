"""What persons allowed clients, and the codes and tokens that came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from app.core.enums import AuthType
from app.core.ids import new_id
from app.core.scope import ServerScope
from app.repositories import database

_OPEN = """
WITH made AS (
    INSERT INTO oauth_grant (id, organization_id, server_id, client_id, end_user_id, auth_type,
        scopes, resource, created_at, ends_at)
    VALUES ($3, $1, $2, $4, $5, $6, $7, $8, $9, $10) RETURNING id)
INSERT INTO oauth_code (id, organization_id, server_id, grant_id, code_hash, redirect_uri,
    code_challenge, created_at, expires_at)
SELECT $11, $1, $2, id, $12, $13, $14, $9, $10 FROM made
"""

# Whoever asks at the same time waits here for the row, and then reads that it was used.
_HOLD_CODE = """
SELECT c.id, c.grant_id, g.client_id, g.auth_type, g.scopes, g.resource, g.revoked_at,
    g.created_at AS granted_at, c.redirect_uri, c.code_challenge, c.expires_at, c.used_at
FROM oauth_code c JOIN oauth_grant g ON g.id = c.grant_id
WHERE c.organization_id = $1 AND c.server_id = $2 AND c.code_hash = $3
FOR UPDATE OF c
"""

_HOLD_REFRESH = """
SELECT t.id, t.grant_id, g.client_id, g.auth_type, g.scopes, g.resource, g.revoked_at,
    g.created_at AS granted_at, t.expires_at, t.used_at,
    (SELECT n.created_at FROM oauth_token n
        WHERE n.grant_id = t.grant_id AND n.kind = 'refresh' AND n.created_at > $4
        ORDER BY n.created_at DESC OFFSET $5 - 1 LIMIT 1) AS minute_filled_at,
    (SELECT n.created_at FROM oauth_token n
        WHERE n.grant_id = t.grant_id AND n.kind = 'refresh' AND n.created_at > $6
        ORDER BY n.created_at DESC OFFSET $7 - 1 LIMIT 1) AS day_filled_at
FROM oauth_token t JOIN oauth_grant g ON g.id = t.grant_id
WHERE t.organization_id = $1 AND t.server_id = $2 AND t.token_hash = $3 AND t.kind = 'refresh'
FOR UPDATE OF t
"""

_SUCCESSORS = """
SELECT a.scopes, a.expires_at FROM oauth_token a
JOIN oauth_token r ON r.grant_id = a.grant_id
WHERE a.organization_id = $1 AND a.server_id = $2 AND a.grant_id = $3
    AND a.token_hash = $4 AND a.kind = 'access' AND a.expires_at > $6
    AND r.token_hash = $5 AND r.kind = 'refresh' AND r.used_at IS NULL
"""

_IS_USED = """
SELECT c.used_at IS NOT NULL AS is_used
FROM oauth_code c JOIN oauth_grant g ON g.id = c.grant_id
WHERE c.organization_id = $1 AND c.server_id = $2 AND c.code_hash = $3 AND g.revoked_at IS NULL
"""

_USE_CODE = """
UPDATE oauth_code SET used_at = $4 WHERE organization_id = $1 AND server_id = $2 AND id = $3
"""

_USE_REFRESH = """
UPDATE oauth_token SET used_at = $4 WHERE organization_id = $1 AND server_id = $2 AND id = $3
"""

_ADD_TOKENS = """
WITH prolonged AS (
    UPDATE oauth_grant
    SET ends_at = greatest(ends_at, (SELECT max(e) FROM unnest($8::timestamptz[]) e))
    WHERE organization_id = $1 AND server_id = $2 AND id = $3)
INSERT INTO oauth_token (id, organization_id, server_id, grant_id, kind, token_hash, scopes,
    created_at, expires_at)
SELECT n.id, $1, $2, $3, n.kind, n.token_hash, $9, $7, n.expires_at
FROM unnest($4::text[], $5::text[], $6::text[], $8::timestamptz[])
    AS n (id, kind, token_hash, expires_at)
"""

_REVOKE = """
UPDATE oauth_grant SET revoked_at = $4, ends_at = least(ends_at, $4)
WHERE organization_id = $1 AND server_id = $2 AND id = $3 AND revoked_at IS NULL
"""

_FIND = """
SELECT t.id, t.grant_id, t.kind FROM oauth_token t JOIN oauth_grant g ON g.id = t.grant_id
WHERE t.organization_id = $1 AND t.server_id = $2 AND t.token_hash = $3 AND g.client_id = $4
"""

_END_ONE = """
DELETE FROM oauth_token WHERE organization_id = $1 AND server_id = $2 AND id = $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """What a person has just allowed, and the code that tells the client."""

    client_id: str
    end_user_id: str
    auth_type: AuthType
    scopes: tuple[str, ...]
    resource: str | None
    code_hash: str = field(repr=False)
    redirect_uri: str
    code_challenge: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What no one else can use meanwhile, and the grant that it belongs to."""

    id: str
    grant_id: str
    client_id: str
    auth_type: AuthType
    scopes: tuple[str, ...]
    resource: str | None
    granted_at: datetime
    revoked_at: datetime | None
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCode(Held):
    """A code that no one else can use meanwhile."""

    redirect_uri: str
    code_challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRefresh(Held):
    """A refresh token that no one else can use meanwhile.

    As many as a minute, or a day, may have were given since then, if they were.
    """

    minute_filled_at: datetime | None
    day_filled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token to be kept."""

    kind: str
    token_hash: str = field(repr=False)
    expires_at: datetime


class OAuthGrants:
    """The grants of one server with their codes and tokens."""

    def __init__(self, scope: ServerScope) -> None:
        self._where = (scope.organization_id, scope.server_id)

    async def open(self, new: NewGrant) -> None:
        """Keep a grant and its code."""
        await database.fetch(
            _OPEN,
            *self._where,
            new_id("oagr"),
            new.client_id,
            new.end_user_id,
            new.auth_type.value,
            list(new.scopes),
            new.resource,
            new.created_at,
            new.expires_at,
            new_id("oaco"),
            new.code_hash,
            new.redirect_uri,
            new.code_challenge,
        )

    async def held_code(self, code_hash: str) -> HeldCode | None:
        """The code, held until the transaction ends."""
        row = await database.fetch_row(_HOLD_CODE, *self._where, code_hash)
        return msgspec.convert(dict(row), HeldCode) if row else None

    async def held_refresh(
        self, token_hash: str, *, now: datetime, most_a_minute: int, most_a_day: int
    ) -> HeldRefresh | None:
        """The refresh token, held until the transaction ends."""
        row = await database.fetch_row(
            _HOLD_REFRESH,
            *self._where,
            token_hash,
            now - timedelta(minutes=1),
            most_a_minute,
            now - timedelta(days=1),
            most_a_day,
        )
        return msgspec.convert(dict(row), HeldRefresh) if row else None

    async def successors(
        self, grant_id: str, *, access_hash: str, refresh_hash: str, now: datetime
    ) -> tuple[tuple[str, ...], datetime] | None:
        """Scopes and end of an access token of the grant, whose refresh token is unused as yet."""
        row = await database.fetch_row(
            _SUCCESSORS, *self._where, grant_id, access_hash, refresh_hash, now
        )
        return (tuple(row["scopes"]), row["expires_at"]) if row else None

    async def is_used(self, code_hash: str) -> bool | None:
        """Whether the client has brought the code; None if there is none, or it was revoked."""
        row = await database.fetch_row(_IS_USED, *self._where, code_hash)
        return row["is_used"] if row else None

    async def use_code(self, code_id: str, *, now: datetime) -> None:
        """Note that a held code was used."""
        await database.fetch(_USE_CODE, *self._where, code_id, now)

    async def use_refresh(self, token_id: str, *, now: datetime) -> None:
        """Note that a held refresh token was used."""
        await database.fetch(_USE_REFRESH, *self._where, token_id, now)

    async def add_tokens(
        self, grant_id: str, new: tuple[NewToken, ...], *, scopes: tuple[str, ...], now: datetime
    ) -> None:
        """Keep tokens, with which the grant lives as long as they do."""
        await database.fetch(
            _ADD_TOKENS,
            *self._where,
            grant_id,
            [new_id("oato") for _ in new],
            [token.kind for token in new],
            [token.token_hash for token in new],
            now,
            [token.expires_at for token in new],
            list(scopes),
        )

    async def revoke(self, grant_id: str, *, now: datetime) -> None:
        """End the grant with all codes and tokens that came of it."""
        await database.fetch(_REVOKE, *self._where, grant_id, now)

    async def find(self, token_hash: str, *, client_id: str) -> tuple[str, str, str] | None:
        """The id, the grant's id and the kind of a token of this client."""
        row = await database.fetch_row(_FIND, *self._where, token_hash, client_id)
        return (row["id"], row["grant_id"], row["kind"]) if row else None

    async def end_token(self, token_id: str) -> None:
        """Remove one token."""
        await database.fetch(_END_ONE, *self._where, token_id)
