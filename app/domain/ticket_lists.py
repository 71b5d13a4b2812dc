"""Tickets in pages, and what belongs to them for many at once."""

from collections.abc import Sequence

from app.core.listing import Window
from app.core.page import Page
from app.core.scope import MemberScope
from app.domain import permissions
from app.domain.members import Member
from app.domain.permissions import Action
from app.domain.steps import Step
from app.domain.ticket_desk import Activity, Ticket
from app.repositories import database
from app.repositories.ticket_lists import (
    MOST_MATCHES,
    SEARCHED_TICKETS,
    TicketFilter,
    TicketLists,
)

__all__ = [
    "MOST_MATCHES",
    "SEARCHED_TICKETS",
    "TicketFilter",
    "activities",
    "activities_by_id",
    "comment_counts",
    "count",
    "members_by_id",
    "page",
    "steps_by_id",
    "tickets_by_id",
]


async def page(scope: MemberScope, only: TicketFilter, window: Window) -> Page[Ticket]:
    """A part of the tickets that the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await TicketLists(scope).page(only, window)


async def count(scope: MemberScope, only: TicketFilter) -> int:
    """How many tickets the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await TicketLists(scope).count(only)


async def tickets_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Ticket]:
    """Those of these tickets that exist. Raises NotPermitted."""
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await TicketLists(scope).by_id(ids)


async def activities(
    scope: MemberScope, ticket_ids: Sequence[str], window: Window
) -> dict[str, Page[Activity]]:
    """The same part of each of these tickets' histories. Raises NotPermitted."""
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await TicketLists(scope).activities(ticket_ids, window)


async def activities_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Activity]:
    """Those of these entries of histories that exist. Raises NotPermitted."""
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await TicketLists(scope).activities_by_id(ids)


async def comment_counts(scope: MemberScope, ticket_ids: Sequence[str]) -> dict[str, int]:
    """How many comments each has, those withdrawn not counted; those without any are left out.

    Raises NotPermitted.
    """
    permissions.require(scope, Action.READ_TICKETS)
    async with database.connection(scope):
        return await TicketLists(scope).comment_counts(ticket_ids)


async def members_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Member]:
    """Those of these who are members. Raises NotPermitted."""
    permissions.require(scope, Action.READ_MEMBERS)
    async with database.connection(scope):
        return await TicketLists(scope).members_by_id(ids)


async def steps_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Step]:
    """Those of these steps that exist. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await TicketLists(scope).steps_by_id(ids)
