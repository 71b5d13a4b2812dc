"""Servers."""

from dataclasses import dataclass, fields
from datetime import datetime

import msgspec

from app.core import clock
from app.core.enums import AuthType, SupportTicketType, Toolset
from app.core.errors import Conflict
from app.models.servers import Server as ServerTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository, refused_by
from app.repositories.contention import insist_on

# The unique constraint, and the name that the trigger gives which refuses released slugs.
_SLUG_CONSTRAINTS = ("server_slug_key", "released_slug")

_OFFERING = """
WITH offering AS (
    SELECT s.id FROM server s JOIN assignment a ON a.server_id = s.id
    WHERE s.organization_id = $1 AND a.walkthrough_id = $2
    ORDER BY s.id FOR NO KEY UPDATE OF s)
UPDATE server s SET assignments_revision = s.assignments_revision + 1
FROM offering WHERE s.id = offering.id
"""

_HOLD = """
SELECT id FROM server WHERE organization_id = $1 AND id = $2 AND auth_type = $3 FOR SHARE
"""

# A call locks the own progress row first and then, through the foreign key of its record, the
# server. Taking the progress rows first here as well keeps the two from deadlocking, but for one
# who comes between the two statements.
_HOLD_READERS = """
SELECT id FROM progress WHERE organization_id = $1 AND server_id = $2
ORDER BY id FOR NO KEY UPDATE
"""

_DELETE = "DELETE FROM server WHERE organization_id = $1 AND id = $2"


class SlugTaken(Conflict):
    """A server has, or once had, this slug."""

    code = "slug_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What members decide about a server."""

    name: str
    product: str
    auth_type: AuthType = AuthType.NONE
    support_ticket_type: SupportTicketType = SupportTicketType.DASHBOARD
    walkthrough_tools_enabled: bool = True
    walkthrough_toolset: Toolset = Toolset.COMPACT
    instructions: str = ""
    allowed_origins: tuple[str, ...] = ()
    rate_limit_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(ServerSettings):
    """One MCP server on a subdomain of its own."""

    id: str
    slug: str
    revision: int
    assignments_revision: int
    created_at: datetime
    updated_at: datetime


_SETTINGS = tuple(field.name for field in fields(ServerSettings))


class Servers(ScopedRepository):
    """The organization's servers."""

    table = ServerTable

    async def by_id(self, server_id: str, *, is_locked: bool = False) -> Server | None:
        """The server with this id."""
        row = await self._row(ServerTable.id == server_id, is_locked=is_locked)
        return server_of(row) if row else None

    async def hold(self, server_id: str, *, auth_type: AuthType) -> bool:
        """Whether the server logs people in so; if it does, until the transaction ends."""
        row = await database.fetch_row(_HOLD, self.organization_id, server_id, auth_type.value)
        return row is not None

    async def by_slug(self, slug: str) -> Server | None:
        """The server at this slug."""
        row = await self._row(ServerTable.slug == slug)
        return server_of(row) if row else None

    async def insert(self, slug: str, settings: ServerSettings) -> Server:
        """The new server. Raises SlugTaken."""
        now = clock.now()
        values = {"slug": slug, **_columns(settings), "created_at": now, "updated_at": now}
        with refused_by(*_SLUG_CONSTRAINTS, error=_taken(slug)):
            return server_of(await self._insert(values))

    async def save(self, server: Server) -> None:
        """Write what can change of a locked server. Raises SlugTaken."""
        values = {
            "slug": server.slug,
            **_columns(server),
            "revision": server.revision,
            "assignments_revision": server.assignments_revision,
            "updated_at": server.updated_at,
        }
        with refused_by(*_SLUG_CONSTRAINTS, error=_taken(server.slug)):
            await self._update(values, ServerTable.id == server.id)

    async def delete(self, server_id: str) -> None:
        """Remove the server and what hangs on it; its slug counts as released from then on."""
        given = (self.organization_id, server_id)
        await insist_on((_HOLD_READERS, given), (_DELETE, given))

    async def note_loss_of(self, walkthrough_id: str) -> None:
        """Raise the assignments revision of every server that offers this walkthrough."""
        await database.fetch(_OFFERING, self.organization_id, walkthrough_id)


def _columns(settings: ServerSettings) -> Row:
    return {name: getattr(settings, name) for name in _SETTINGS} | {
        "allowed_origins": list(settings.allowed_origins)
    }


def server_of(row: Row) -> Server:
    """The server that a row of its table holds."""
    return msgspec.convert(row, Server)


def _taken(slug: str) -> SlugTaken:
    return SlugTaken(f"The slug {slug} is not available. Choose another.", field="slug")
