"""End users' logins under way."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from app.core.enums import FlowStage
from app.core.scope import ServerScope
from app.models.oauth import OAuthFlow as OAuthFlowTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository

_END = """
DELETE FROM oauth_flow WHERE organization_id = $1 AND server_id = $2 AND id = $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFlow:
    """A login under way, as it is kept."""

    id: str
    client_id: str
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    resource: str | None
    code_challenge: str
    cookie_hash: str = field(repr=False)
    stage: FlowStage
    email: str | None = field(repr=False)
    email_code_hash: str | None = field(repr=False)
    email_codes_sent: int
    wrong_codes: int
    upstream_round: int
    created_at: datetime
    expires_at: datetime


class OAuthFlows(ScopedRepository):
    """The logins under way at one server."""

    table = OAuthFlowTable

    def __init__(self, scope: ServerScope) -> None:
        super().__init__(scope)
        self.server_id = scope.server_id

    async def by_id(self, flow_id: str, *, is_locked: bool = False) -> KeptFlow | None:
        """The login with this id."""
        table = OAuthFlowTable
        row = await self._row(
            table.server_id == self.server_id, table.id == flow_id, is_locked=is_locked
        )
        return msgspec.convert(row, KeptFlow) if row else None

    async def insert(self, values: Row) -> KeptFlow:
        """The login, begun now."""
        row = await self._insert({**values, "server_id": self.server_id})
        return msgspec.convert(row, KeptFlow)

    async def change(self, flow_id: str, values: Row) -> None:
        """Write columns of a locked login."""
        table = OAuthFlowTable
        await self._update(values, table.server_id == self.server_id, table.id == flow_id)

    async def end(self, flow_id: str) -> None:
        """Remove a locked login."""
        await database.fetch(_END, self.organization_id, self.server_id, flow_id)
