"""A small world to test in: rows written straight into the tables, as the owner."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec

from app.core import clock
from app.core.enums import AuthType, SupportTicketType, Toolset
from app.core.ids import new_id


@dataclass(frozen=True, slots=True)
class Guide:
    """A walkthrough and the ids of its steps in order."""

    id: str
    title: str
    steps: list[str]


@dataclass(slots=True)
class World:
    """One organization with one server."""

    owner: asyncpg.Connection
    organization_id: str
    server_id: str
    slug: str
    guides: list[Guide] = field(default_factory=list)

    async def guide(
        self,
        steps: int = 3,
        *,
        title: str = "Getting started",
        status: str = "published",
        assigned: bool = True,
    ) -> Guide:
        """Add a walkthrough with numbered steps and assign it to the server."""
        now = clock.now()
        guide = Guide(new_id("wt"), title, [new_id("ws") for _ in range(steps)])
        await self.owner.execute(
            "INSERT INTO walkthrough (id, organization_id, title, description, type, status,"
            " version, revision, shape, tags, metadata, created_at, updated_at)"
            " VALUES ($1, $2, $3, 'How to begin', 'course', $4, 1, 1, 1, '{}', '{}', $5, $5)",
            guide.id, self.organization_id, title, status, now,
        )  # fmt: skip
        await self.owner.executemany(
            "INSERT INTO step (id, organization_id, walkthrough_id, title, section_title,"
            " content_fields, position, metadata, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', $8, $8)",
            [
                (step, self.organization_id, guide.id, f"Step {number}", f"Part {number}",
                 content(f"Do thing {number}."), number, now)
                for number, step in enumerate(guide.steps, start=1)
            ],
        )  # fmt: skip
        if assigned:
            await self.assign(guide)
        self.guides.append(guide)
        return guide

    async def assign(self, guide: Guide) -> None:
        """Put a walkthrough on the server, behind those that are there."""
        await self.owner.execute(
            "INSERT INTO assignment (id, organization_id, server_id, walkthrough_id, display_order,"
            " is_enabled, assigned_at) VALUES ($1, $2, $3, $4, $5, true, $6)",
            new_id("msw"), self.organization_id, self.server_id, guide.id, len(self.guides),
            clock.now(),
        )  # fmt: skip

    async def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        """The rows of a query, as the owner of the tables sees them."""
        return [tuple(row) for row in await self.owner.fetch(sql, *args)]

    async def change_server(self, **columns: object) -> None:
        """Set columns of the server."""
        for column, value in columns.items():
            await self.owner.execute(
                f"UPDATE server SET {column} = $1 WHERE id = $2", value, self.server_id
            )


def content(for_user: str) -> str:
    """Content fields v1 as JSON, with something in each of them."""
    fields = {
        "version": "v1",
        "introductionForAgent": "The user learns one thing.",
        "contextForAgent": "They know nothing yet.",
        "contentForUser": for_user,
        "operationsForAgent": "Run the command.",
    }
    return msgspec.json.encode(fields).decode()


async def make_world(
    owner: asyncpg.Connection,
    *,
    slug: str = "acme-docs",
    auth_type: AuthType = AuthType.NONE,
    toolset: Toolset = Toolset.COMPACT,
    support: SupportTicketType = SupportTicketType.DASHBOARD,
) -> World:
    """An organization and a server at `slug`."""
    now = clock.now()
    world = World(owner, new_id("org"), new_id("srv"), slug)
    await owner.execute(
        "INSERT INTO organization (id, name, slug, allowed_origins, revision, created_at,"
        " updated_at) VALUES ($1, $2, $2, '{}', 1, $3, $3)",
        world.organization_id, f"{slug}-org", now,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO ticket_counter (organization_id, last_number) VALUES ($1, 0)",
        world.organization_id,
    )
    await owner.execute(
        "INSERT INTO server (id, organization_id, name, product, slug, auth_type,"
        " support_ticket_type, walkthrough_tools_enabled, walkthrough_toolset, instructions,"
        " allowed_origins, revision, assignments_revision, created_at, updated_at)"
        " VALUES ($1, $2, 'Acme Docs', 'Acme CLI', $3, $4, $5, true, $6, '', '{}', 1, 1, $7, $7)",
        world.server_id, world.organization_id, slug, auth_type.value, support.value,
        toolset.value, now,
    )  # fmt: skip
    return world
