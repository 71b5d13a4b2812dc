"""Sessions and tool calls as members list them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.core.enums import Outcome, SessionKind
from app.core.listing import Window
from app.core.page import Page
from app.core.scope import OrganizationScope
from app.repositories import database, nested, windows
from app.repositories.database import Row
from app.repositories.windows import Conditions

_SESSIONS = "SELECT * FROM session WHERE organization_id = $1 AND id = ANY ($2)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What ties the calls of one client together; nobody's until a call needs an end user."""

    id: str
    kind: SessionKind
    server_id: str
    end_user_id: str | None
    client_name: str
    client_version: str
    tracking_id: str | None
    connected_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One answered tools/call: what was asked, and what came of it."""

    id: str
    tool: str
    outcome: Outcome
    duration_ms: float
    input: Any
    output: dict[str, Any]
    server_id: str
    end_user_id: str | None
    session_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions to list; what is None does not matter.

    A session is live until it ends, a visit while it was last seen at `visits_since` or later.
    """

    server_id: str | None = None
    is_live: bool | None = None
    visits_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallFilter:
    """Which tool calls to list; what is None does not matter."""

    server_id: str | None = None
    end_user_id: str | None = None
    session_id: str | None = None
    tool: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_of_all(self) -> bool:
        """Whether an index by server is the only one in the list's order."""
        has_index = (self.server_id, self.end_user_id, self.session_id) != (None, None, None)
        return not has_index and self.outcome in {None, Outcome.OK}


class CallLists:
    """The organization's sessions and tool calls."""

    def __init__(self, scope: OrganizationScope) -> None:
        self._organization_id = scope.organization_id

    async def sessions(self, only: SessionFilter, window: Window) -> Page[Session]:
        """A part of the sessions that the filter lets through."""
        conditions = self._conditions(server_id=only.server_id)
        if only.is_live is not None:
            live = "t.ended_at IS NULL AND (t.kind = 'session' OR t.last_seen_at >= $?)"
            conditions.add(live if only.is_live else f"NOT ({live})", only.visits_since)
        page = await windows.page("session", conditions, window)
        return Page(items=tuple(map(session_of, page.items)), has_more=page.has_more)

    async def tool_calls(self, only: ToolCallFilter, window: Window) -> Page[ToolCall]:
        """A part of the tool calls that the filter lets through."""
        conditions = self._conditions(
            server_id=only.server_id,
            end_user_id=only.end_user_id,
            session_id=only.session_id,
            tool=only.tool,
        )
        if only.outcome is not None:
            # In these words the few that were not ok have an index of their own.
            conditions.add("t.outcome <> 'ok'" if only.outcome is not Outcome.OK else "true")
            conditions.add("t.outcome = $?", only.outcome.value)
        if only.since is not None:
            conditions.add("t.created_at >= $?", only.since)
        if only.until is not None:
            conditions.add("t.created_at < $?", only.until)
        if only.is_of_all:
            page = await nested.merged(
                "tool_call", "server_id", window, parents="server", conditions=conditions
            )
        else:
            page = await windows.page("tool_call", conditions, window)
        return Page(items=tuple(map(tool_call_of, page.items)), has_more=page.has_more)

    async def sessions_by_id(self, ids: Sequence[str]) -> list[Session]:
        """Those of these sessions that exist."""
        rows = await database.fetch(_SESSIONS, self._organization_id, ids)
        return list(map(session_of, rows))

    async def sessions_of(self, ids: Sequence[str], window: Window) -> dict[str, Page[Session]]:
        """The same part of the sessions of each of these end users."""
        found = await self._nested("session", ids, window)
        return {
            one: Page(items=tuple(map(session_of, page.items)), has_more=page.has_more)
            for one, page in found.items()
        }

    async def tool_calls_of(self, ids: Sequence[str], window: Window) -> dict[str, Page[ToolCall]]:
        """The same part of the tool calls of each of these end users."""
        found = await self._nested("tool_call", ids, window)
        return {
            one: Page(items=tuple(map(tool_call_of, page.items)), has_more=page.has_more)
            for one, page in found.items()
        }

    async def _nested(
        self, table: str, ids: Sequence[str], window: Window
    ) -> dict[str, Page[dict[str, Any]]]:
        return await nested.pages(
            table, "end_user_id", window, organization_id=self._organization_id, ids=ids
        )

    def _conditions(self, **equal: str | None) -> Conditions:
        conditions = Conditions([])
        conditions.add("t.organization_id = $?", self._organization_id)
        for column, value in equal.items():
            if value is not None:
                conditions.add(f"t.{column} = $?", value)
        return conditions


def session_of(row: Row) -> Session:
    """The session that a row of its table holds."""
    return msgspec.convert(dict(row), Session)


def tool_call_of(row: Row) -> ToolCall:
    """The tool call that a row of its table holds."""
    told = {name: msgspec.json.decode(row[name]) for name in ("input", "output")}
    return msgspec.convert({**row, **told}, ToolCall)
