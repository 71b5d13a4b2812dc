"""Servers, walkthroughs and what belongs to them, in pages and for many parents at once."""

from collections.abc import Sequence

from app.core.listing import Spot, Window
from app.core.page import Page
from app.core.scope import MemberScope
from app.domain import permissions
from app.domain.assignments import Assignment
from app.domain.permissions import Action
from app.domain.servers import Server
from app.domain.steps import Step
from app.domain.walkthroughs import Walkthrough
from app.repositories import database
from app.repositories.listings import Listings, WalkthroughFilter

__all__ = [
    "Spot",
    "WalkthroughFilter",
    "Window",
    "assignments_of_servers",
    "assignments_of_walkthroughs",
    "server_count",
    "servers",
    "servers_by_id",
    "step_counts",
    "steps",
    "walkthrough_count",
    "walkthroughs",
    "walkthroughs_by_id",
]


async def servers(scope: MemberScope, window: Window) -> Page[Server]:
    """A part of the organization's servers. Raises NotPermitted."""
    permissions.require(scope, Action.READ_SERVERS)
    async with database.connection(scope):
        return await Listings(scope).servers(window)


async def server_count(scope: MemberScope) -> int:
    """How many servers the organization has. Raises NotPermitted."""
    permissions.require(scope, Action.READ_SERVERS)
    async with database.connection(scope):
        return await Listings(scope).server_count()


async def walkthroughs(
    scope: MemberScope, only: WalkthroughFilter, window: Window
) -> Page[Walkthrough]:
    """A part of the walkthroughs that the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await Listings(scope).walkthroughs(only, window)


async def walkthrough_count(scope: MemberScope, only: WalkthroughFilter) -> int:
    """How many walkthroughs the filter lets through. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await Listings(scope).walkthrough_count(only)


async def servers_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Server]:
    """Those of these servers that exist. Raises NotPermitted."""
    permissions.require(scope, Action.READ_SERVERS)
    async with database.connection(scope):
        return await Listings(scope).servers_by_id(ids)


async def walkthroughs_by_id(scope: MemberScope, ids: Sequence[str]) -> list[Walkthrough]:
    """Those of these walkthroughs that exist. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await Listings(scope).walkthroughs_by_id(ids)


async def steps(scope: MemberScope, walkthrough_ids: Sequence[str]) -> list[Step]:
    """The steps of these walkthroughs, each one's in order. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await Listings(scope).steps(walkthrough_ids)


async def step_counts(scope: MemberScope, walkthrough_ids: Sequence[str]) -> dict[str, int]:
    """How many steps each has; those without any are left out. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await Listings(scope).step_counts(walkthrough_ids)


async def assignments_of_servers(scope: MemberScope, server_ids: Sequence[str]) -> list[Assignment]:
    """The assignments of these servers, each one's as they are listed. Raises NotPermitted."""
    permissions.require(scope, Action.READ_SERVERS)
    async with database.connection(scope):
        return await Listings(scope).assignments_of_servers(server_ids)


async def assignments_of_walkthroughs(
    scope: MemberScope, walkthrough_ids: Sequence[str]
) -> list[Assignment]:
    """The assignments of these walkthroughs, by the servers' names. Raises NotPermitted."""
    permissions.require(scope, Action.READ_WALKTHROUGHS)
    async with database.connection(scope):
        return await Listings(scope).assignments_of_walkthroughs(walkthrough_ids)
