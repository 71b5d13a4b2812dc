"""An organization whose server is used: what members see of end users comes from real calls."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from app.core.scope import MemberScope
from app.domain import admission, assignments
from app.domain.servers import Server
from app.domain.walkthroughs import Walkthrough
from tests.support import authoring
from tests.support.agent import Agent
from tests.support.tables import dump

HELP = {"title": "Cannot log in", "problemDescription": "Error 42"}


@dataclass(frozen=True, slots=True)
class Venue:
    """A server with a published walkthrough of three steps, and the scope of its owner."""

    scope: MemberScope
    server: Server
    walkthrough: Walkthrough
    steps: list[str]

    async def visitor(self, tracking_id: str | None = None, **told: Any) -> Agent:
        """A client that is connected."""
        agent = Agent(slug=self.server.slug, tracking_id=tracking_id, **told)
        if not agent.is_stateless:
            await agent.initialize()
        return agent

    async def learner(self, tracking_id: str, *, email: str | None = None) -> Agent:
        """Somebody who did the first step and, with an address, asked for help."""
        agent = await self.visitor(tracking_id)
        await agent.call("start_walkthrough", name=self.walkthrough.id)
        await agent.call("get_next_step", currentStepId=self.steps[0])
        if email is not None:
            await agent.call("get_support", **HELP, email=email)
        return agent


async def venue(organization: str = "acme-tools", slug: str = "acme-docs") -> Venue:
    """The organization, which exists, with a server."""
    scope = await admission.operator_as_owner(organization)
    server = await authoring.open_server(scope, slug)
    walkthrough = await authoring.write(scope, "One", "Two", "Three", is_published=True)
    await assignments.assign(scope, server.id, walkthrough_id=walkthrough.id)
    return Venue(scope, server, walkthrough, await authoring.ids(scope, walkthrough.id))


async def end_user_id(owner: asyncpg.Connection, tracking_id: str) -> str:
    """The id of the end user with this tracking id."""
    found: str = await owner.fetchval("SELECT id FROM end_user WHERE tracking_id = $1", tracking_id)
    return found


async def mentions(owner: asyncpg.Connection, word: str) -> list[str]:
    """Every row of the database that has the word in it, in any case."""
    held = await dump(owner)
    return [
        f"{table}: {row}" for table, rows in held.items() for row in rows if word in row.lower()
    ]
