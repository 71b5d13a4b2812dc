"""Tickets in tests, opened as end users open them."""

from typing import Any

from app.core.scope import OrganizationScope
from app.domain import ticket_desk
from app.domain.ticket_desk import Ticket
from app.repositories import database
from app.repositories.ticket_desk import Activity, activity_of
from tests.support import authoring
from tests.support.agent import Agent


async def ask_for_help(
    title: str = "It does not start",
    *,
    problem: str = "Nothing happens.",
    email: str = "ann@example.com",
    slug: str = "acme-docs",
    tracking_id: str = "ann",
    **more: Any,
) -> None:
    """What an agent sends for its user."""
    agent = Agent(slug=slug, tracking_id=tracking_id)
    await agent.call("get_support", title=title, problemDescription=problem, email=email, **more)


async def opened(scope: OrganizationScope, *, slug: str = "acme-docs") -> Ticket:
    """The first ticket of an organization, at a new server of its own."""
    await authoring.open_server(scope, slug)
    await ask_for_help(slug=slug)
    return await ticket_desk.by_number(scope, 1)


async def history(scope: OrganizationScope, ticket_id: str) -> list[Activity]:
    """The entries in a ticket's history, oldest first."""
    sql = "SELECT * FROM activity WHERE ticket_id = $1 ORDER BY created_at, id"
    async with database.connection(scope):
        return [activity_of(row) for row in await database.fetch(sql, ticket_id)]
