"""End users, their sessions, calls and progress, in pages and for many at once."""

from collections.abc import Sequence

from app.core import clock
from app.core.listing import Window
from app.core.page import Page
from app.core.scope import MemberScope
from app.domain import permissions
from app.domain.permissions import Action
from app.domain.ticket_desk import Ticket
from app.repositories import database
from app.repositories.call_lists import (
    CallLists,
    Session,
    SessionFilter,
    ToolCall,
    ToolCallFilter,
)
from app.repositories.callers import VISIT_GAP
from app.repositories.end_user_lists import EndUser, EndUserFilter, EndUserLists, Progress

__all__ = [
    "EndUser",
    "EndUserFilter",
    "Progress",
    "Session",
    "ToolCall",
    "ToolCallFilter",
    "count",
    "end_users",
    "end_users_by_id",
    "progress",
    "sessions",
    "sessions_by_id",
    "sessions_of",
    "tickets_of",
    "tool_calls",
    "tool_calls_of",
]


async def end_users(scope: MemberScope, only: EndUserFilter, window: Window) -> Page[EndUser]:
    """A part of the end users that the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await EndUserLists(scope).page(only, window)


async def count(scope: MemberScope, only: EndUserFilter) -> int:
    """How many end users the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await EndUserLists(scope).count(only)


async def end_users_by_id(scope: MemberScope, ids: Sequence[str]) -> list[EndUser]:
    """Those of these end users that exist and were not forgotten. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await EndUserLists(scope).by_id(ids)


async def progress(scope: MemberScope, end_user_ids: Sequence[str]) -> list[Progress]:
    """How far these end users are, each one's latest activity first. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await EndUserLists(scope).progress(end_user_ids)


async def sessions(
    scope: MemberScope,
    window: Window,
    *,
    server_id: str | None = None,
    is_live: bool | None = None,
) -> Page[Session]:
    """A part of the sessions and visits. Raises NotPermitted.

    A session is live until it ends, a visit until nothing was heard for half an hour.
    """
    permissions.require(scope, Action.READ_END_USERS)
    only = SessionFilter(server_id=server_id, is_live=is_live, visits_since=clock.now() - VISIT_GAP)
    async with database.connection(scope):
        return await CallLists(scope).sessions(only, window)


async def tool_calls(scope: MemberScope, only: ToolCallFilter, window: Window) -> Page[ToolCall]:
    """A part of the tool calls that the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await CallLists(scope).tool_calls(only, window)


async def sessions_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Session]:
    """Those of these sessions that exist. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await CallLists(scope).sessions_by_id(ids)


async def sessions_of(
    scope: MemberScope, end_user_ids: Sequence[str], window: Window
) -> dict[str, Page[Session]]:
    """The same part of each end user's sessions. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await CallLists(scope).sessions_of(end_user_ids, window)


async def tool_calls_of(
    scope: MemberScope, end_user_ids: Sequence[str], window: Window
) -> dict[str, Page[ToolCall]]:
    """The same part of each end user's tool calls. Raises NotPermitted."""
    permissions.require(scope, Action.READ_END_USERS)
    async with database.connection(scope):
        return await CallLists(scope).tool_calls_of(end_user_ids, window)


async def tickets_of(
    scope: MemberScope, end_user_ids: Sequence[str], window: Window
) -> dict[str, Page[Ticket]]:
    """The same part of each end user's tickets. Raises NotPermitted."""
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await EndUserLists(scope).tickets(end_user_ids, window)
