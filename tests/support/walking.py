"""End users in tests: every call as one request makes it, on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import asyncpg

from app.core.scope import EndUserScope, OrganizationScope
from app.domain import progress, servers
from app.domain.admission import Credentials, admit, end_user
from app.domain.presentation import Available, Presentation, StatusReport
from app.domain.server_directory import ServerDirectory
from app.domain.servers import ServerSettings
from app.repositories import database
from app.repositories.tool_calls import Call
from tests.support.world import World


def call(tool: str = "get_next_step") -> Call:
    """A tools/call that was received just now."""
    return Call(tool=tool, input="{}", started=perf_counter())


@dataclass(frozen=True, slots=True)
class Walker:
    """An end user of a server."""

    scope: EndUserScope

    async def start(self, walkthrough_id: str, *, restart: bool = False) -> Presentation:
        """Begin, resume or restart."""
        async with database.connection(self.scope):
            return await progress.start(
                self.scope,
                call("start_walkthrough"),
                walkthrough_id=walkthrough_id,
                restart=restart,
            )

    async def complete(self, step_id: str, *, walkthrough_id: str | None = None) -> Presentation:
        """Go on from the step with this id."""
        async with database.connection(self.scope):
            return await progress.advance(
                self.scope, call(), step_id=step_id, walkthrough_id=walkthrough_id
            )

    async def look(self, *, walkthrough_id: str | None = None) -> Presentation:
        """See the current step again."""
        async with database.connection(self.scope):
            return await progress.advance(self.scope, call(), walkthrough_id=walkthrough_id)

    async def go_on(self, *, walkthrough_id: str | None = None) -> Presentation:
        """Complete whatever step is the current one, without naming it."""
        async with database.connection(self.scope):
            return await progress.advance(
                self.scope,
                call("next_walkthrough_step"),
                walkthrough_id=walkthrough_id,
                complete_current=True,
            )

    async def status(self, walkthrough_id: str) -> StatusReport | None:
        """How far they are, step by step."""
        async with database.connection(self.scope):
            return await progress.status(self.scope, walkthrough_id)

    async def reset(self, walkthrough_id: str) -> str | None:
        """Give up the progress."""
        async with database.connection(self.scope):
            return await progress.reset(
                self.scope, call("reset_walkthrough_progress"), walkthrough_id=walkthrough_id
            )

    async def offered(self) -> tuple[Available, ...]:
        """What the server offers, with their progress."""
        async with database.connection(self.scope):
            return await progress.available(self.scope)


async def walker(world: World, tracking_id: str = "ann") -> Walker:
    """The end user with this tracking id, made at the first call, on the world's server."""
    config = await ServerDirectory().by_slug(world.slug)
    assert config is not None
    async with database.connection(author(world)):
        return Walker(await end_user(await admit(config, Credentials(tracking_id=tracking_id))))


def author(world: World) -> OrganizationScope:
    """The scope that the world's authors work in."""
    return OrganizationScope(organization_id=world.organization_id)


async def sibling(world: World, slug: str = "acme-labs") -> World:
    """Another server of the same organization."""
    settings = ServerSettings(name="Acme Labs", product="Acme SDK")
    server = await servers.open_server(author(world), slug, settings=settings)
    return World(world.owner, world.organization_id, server.id, slug)


async def the_row(world: World, sql: str, *args: object) -> asyncpg.Record:
    """The row that this statement of the owner's returns."""
    row = await world.owner.fetchrow(sql, *args)
    assert row is not None
    return row


def step_ids(*presentations: Presentation) -> list[str | None]:
    """The ids of the presented steps, None where the walkthrough is completed."""
    return [one.step.id if one.step else None for one in presentations]


@asynccontextmanager
async def held_back(world: World) -> AsyncIterator[None]:
    """A transaction of an author that commits only when some other statement waits for it."""
    async with database.transaction(author(world)):
        yield
        await until_someone_waits(world.owner)


async def until_someone_waits(owner: asyncpg.Connection, *, number: int = 1) -> None:
    """Return when so many statements here wait for a lock; TimeoutError after 20 seconds."""
    async with asyncio.timeout(20):
        while number > await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ):
            await asyncio.sleep(0.005)
