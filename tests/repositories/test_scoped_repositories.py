"""Repositories name the organization themselves, whatever row-level security does besides."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from app.core import clock
from app.core.scope import OrganizationScope
from app.domain import assignments
from app.domain.servers import ServerSettings
from app.domain.walkthroughs import WalkthroughDetails
from app.models.engine import DB
from app.repositories import database as units
from app.repositories.analytics import Analytics, Asked
from app.repositories.assignments import Assignments
from app.repositories.organizations import Organizations
from app.repositories.servers import Servers
from app.repositories.steps import Steps
from app.repositories.walkthroughs import Walkthroughs
from tests.support.authoring import found, ids, open_server, write
from tests.support.tickets import opened

FOREIGN = """
INSERT INTO activity (id, organization_id, ticket_id, type, author_kind, author_id, author_name,
    detail, created_at)
SELECT 'sta_' || type, $1, $2, type, 'user', 'usr_1', 'Olga',
    '{"changes": [{"field": "status", "after": "resolved"}]}', now()
FROM unnest(ARRAY['comment', 'status_change']) AS type
"""


@pytest.fixture
async def as_owner(database_url: str) -> AsyncIterator[None]:
    """The pool, working as the tables' owner, to whom row-level security does not apply."""
    connection = await asyncpg.connect(database_url)
    owner = await connection.fetchval("SELECT current_user")
    await connection.close()
    await DB.start(database_url, tenant_role=owner)
    try:
        yield
    finally:
        await DB.stop()


async def everything(scope: OrganizationScope) -> tuple[str, str, str]:
    """The ids of a server, of a walkthrough that it offers and of that one's first step."""
    slug = f"acme-{scope.organization_id[4:10]}"
    server = await open_server(scope, slug)
    walkthrough = await write(scope, "One", "Two")
    await assignments.assign(scope, server.id, walkthrough_id=walkthrough.id)
    return server.id, walkthrough.id, (await ids(scope, walkthrough.id))[0]


async def test_no_repository_reads_another_organizations_rows(as_owner: None) -> None:
    scope = await found()
    server_id, walkthrough_id, step_id = await everything(scope)
    stranger = await found("stranger")
    async with units.connection(stranger):
        assert await Servers(stranger).by_id(server_id) is None
        assert await Servers(stranger).by_id(server_id, is_locked=True) is None
        assert await Walkthroughs(stranger).by_id(walkthrough_id) is None
        assert await Walkthroughs(stranger).by_id(walkthrough_id, is_locked=True) is None
        assert await Walkthroughs(stranger).ids_by_title("Getting started") == {}
        assert await Walkthroughs(stranger).titles_from("") == set()
        assert await Steps(stranger).by_id(step_id) is None
        assert await Steps(stranger).of_walkthrough(walkthrough_id) == ()
        assert await Steps(stranger).ids_of_walkthrough(walkthrough_id) == []
        assert await Assignments(stranger).of_server(server_id) == ()
        own = await Organizations(stranger).own()
    assert own is not None
    assert own.id == stranger.organization_id


async def test_no_repository_writes_another_organizations_rows(
    as_owner: None, database_url: str
) -> None:
    scope = await found()
    server_id, walkthrough_id, step_id = await everything(scope)
    before = await rows(database_url, scope)
    stranger = await found("stranger")
    async with units.connection(scope):
        server = await Servers(scope).by_id(server_id)
        walkthrough = await Walkthroughs(scope).by_id(walkthrough_id)
        steps = await Steps(scope).of_walkthrough(walkthrough_id)
        (assignment,) = await Assignments(scope).of_server(server_id)
    assert server is not None
    assert walkthrough is not None
    async with units.connection(stranger):
        await Servers(stranger).save(server)
        await Servers(stranger).note_loss_of(walkthrough_id)
        await Servers(stranger).delete(server_id)
        await Walkthroughs(stranger).save(walkthrough)
        await Walkthroughs(stranger).delete(walkthrough_id)
        await Steps(stranger).save(walkthrough_id, steps)
        await Steps(stranger).arrange(walkthrough_id, [one.id for one in reversed(steps)])
        await Steps(stranger).delete(walkthrough_id, [step_id])
        await Assignments(stranger).set_enabled(assignment.id, is_enabled=False)
        await Assignments(stranger).arrange(server_id, [walkthrough_id])
        await Assignments(stranger).delete(assignment.id)
    assert await rows(database_url, scope) == before


async def test_what_is_inserted_belongs_to_the_scopes_organization(as_owner: None) -> None:
    scope = await found()
    async with units.connection(scope):
        server = await Servers(scope).insert(
            "acme-docs", ServerSettings(name="Acme", product="Acme")
        )
        walkthrough = await Walkthroughs(scope).insert(WalkthroughDetails(title="Guide"))
        assert await Servers(scope).by_id(server.id) == server
        assert await Walkthroughs(scope).by_id(walkthrough.id) == walkthrough


async def test_figures_of_tickets_leave_out_what_another_organization_wrote(
    as_owner: None, owner: asyncpg.Connection
) -> None:
    scope, stranger = await found(), await found("stranger")
    ticket = await opened(scope)
    await owner.execute("ALTER TABLE activity DROP CONSTRAINT activity_ticket_id_fk")
    await owner.execute(FOREIGN, stranger.organization_id, ticket.id)
    day, now = timedelta(days=1), clock.now()
    asked = Asked(server_id=None, since=now - day, until=now + day, interval=day)
    async with units.connection(scope):
        figures = await Analytics(scope, asked).tickets(None)
    assert {row["number"] for row in figures} == {1}
    assert {row["median_answer_seconds"] for row in figures} == {None}
    assert {row["median_resolution_seconds"] for row in figures} == {None}


async def rows(database_url: str, scope: OrganizationScope) -> dict[str, list[asyncpg.Record]]:
    """Everything that the organization owns here, as the tables have it."""
    connection = await asyncpg.connect(database_url)
    present = {
        table: await connection.fetch(
            f"SELECT * FROM {table} WHERE organization_id = $1 ORDER BY id", scope.organization_id
        )
        for table in ("server", "walkthrough", "step", "assignment")
    }
    await connection.close()
    return present
