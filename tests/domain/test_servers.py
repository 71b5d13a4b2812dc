"""Opening, configuring, moving and closing servers."""

import asyncio

import asyncpg
import pytest

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.core.errors import Invalid, NotFound
from app.core.scope import OrganizationScope
from app.domain import servers
from app.domain.edits import RevisionMismatch
from app.domain.servers import Server, ServerPatch, ServerSettings, SlugTaken
from app.repositories import lookups
from tests.support.authoring import found, open_server

pytestmark = pytest.mark.usefixtures("database")


async def test_a_server_opens_with_the_documented_defaults() -> None:
    scope = await found()
    settings = ServerSettings(name="Acme Docs", product="Acme CLI")
    server = await servers.open_server(scope, "acme-docs", settings=settings)
    assert server == await servers.by_id(scope, server.id)
    assert server == Server(
        id=server.id,
        slug="acme-docs",
        name="Acme Docs",
        product="Acme CLI",
        auth_type=AuthType.NONE,
        support_ticket_type=SupportTicketType.DASHBOARD,
        walkthrough_tools_enabled=True,
        walkthrough_toolset=Toolset.COMPACT,
        instructions="",
        allowed_origins=(),
        rate_limit_per_minute=None,
        revision=1,
        assignments_revision=1,
        created_at=server.created_at,
        updated_at=server.created_at,
    )


async def test_a_server_is_configured_field_by_field() -> None:
    scope = await found()
    server = await open_server(scope)
    patch = ServerPatch(
        name="Acme",
        auth_type=AuthType.COLLECT_EMAIL,
        walkthrough_toolset=Toolset.BOTH,
        allowed_origins=("https://acme.example",),
        rate_limit_per_minute=5,
    )
    changed = await servers.configure(scope, server.id, patch=patch, expected_revision=1)
    assert changed == await servers.by_id(scope, server.id)
    assert (changed.name, changed.product, changed.revision) == ("Acme", "Acme CLI", 2)
    assert (changed.auth_type, changed.walkthrough_toolset) == (
        AuthType.COLLECT_EMAIL,
        Toolset.BOTH,
    )
    assert changed.allowed_origins == ("https://acme.example",)
    cleared = await servers.configure(
        scope, server.id, patch=ServerPatch(rate_limit_per_minute=None)
    )
    assert (cleared.rate_limit_per_minute, cleared.revision) == (None, 3)


async def test_a_configuration_that_changes_nothing_writes_nothing() -> None:
    scope = await found()
    server = await open_server(scope)
    same = await servers.configure(scope, server.id, patch=ServerPatch(name=server.name))
    assert same == server == await servers.by_id(scope, server.id)


async def test_every_fault_of_a_server_is_named_at_once() -> None:
    scope = await found()
    settings = ServerSettings(
        name="",
        product="x" * 41,
        instructions="y" * 1001,
        allowed_origins=("https://fine.example", "*"),
        rate_limit_per_minute=0,
    )
    with pytest.raises(Invalid) as refused:
        await servers.open_server(scope, "short", settings=settings)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("slug", "invalid_slug"),
        ("name", "required"),
        ("product", "too_long"),
        ("instructions", "too_long"),
        ("rateLimitPerMinute", "out_of_range"),
        ("allowedOrigins[1]", "invalid_origin"),
    ]


async def test_a_refused_configuration_leaves_the_server_as_it_was() -> None:
    scope = await found()
    server = await open_server(scope)
    with pytest.raises(Invalid):
        await servers.configure(scope, server.id, patch=ServerPatch(name="New", product=""))
    with pytest.raises(RevisionMismatch):
        await servers.configure(
            scope, server.id, patch=ServerPatch(name="New"), expected_revision=2
        )
    with pytest.raises(RevisionMismatch):
        await servers.change_slug(scope, server.id, slug="acme-new", expected_revision=2)
    with pytest.raises(RevisionMismatch):
        await servers.close(scope, server.id, expected_revision=2)
    assert await servers.by_id(scope, server.id) == server


async def test_a_slug_is_unique_across_organizations() -> None:
    await open_server(await found())
    with pytest.raises(SlugTaken) as refused:
        await open_server(await found("stranger"))
    assert (refused.value.field, refused.value.code) == ("slug", "slug_taken")


async def test_a_slug_that_was_changed_away_from_is_never_reissued() -> None:
    scope = await found()
    server = await open_server(scope, "acme-docs")
    moved = await servers.change_slug(scope, server.id, slug="acme-help")
    assert (moved.slug, moved.revision) == ("acme-help", 2)
    with pytest.raises(SlugTaken):
        await open_server(await found("stranger"), "acme-docs")
    with pytest.raises(SlugTaken):
        await servers.change_slug(scope, server.id, slug="acme-docs")
    assert await servers.by_id(scope, server.id) == moved
    assert await lookups.server_by_slug("acme-docs") is None


async def test_a_slug_changed_to_itself_stays_and_writes_nothing() -> None:
    scope = await found()
    server = await open_server(scope)
    assert await servers.change_slug(scope, server.id, slug=server.slug) == server


async def test_the_slug_of_a_closed_server_is_never_reissued() -> None:
    scope = await found()
    server = await open_server(scope)
    await servers.close(scope, server.id)
    with pytest.raises(NotFound):
        await servers.by_id(scope, server.id)
    for again in (scope, await found("stranger")):
        with pytest.raises(SlugTaken):
            await open_server(again)


async def test_of_several_who_claim_one_slug_one_wins() -> None:
    scopes = [await found(f"acme-{number:02}") for number in range(10)]
    results = await asyncio.gather(*map(open_server, scopes), return_exceptions=True)
    assert sum(isinstance(result, Server) for result in results) == 1
    assert sum(isinstance(result, SlugTaken) for result in results) == 9


async def test_a_slug_claimed_while_it_is_being_released_is_refused() -> None:
    owner = await found()
    claimants = [await found(f"claimant-{number}") for number in range(4)]
    for attempt in range(10):
        slug = f"released-{attempt}"
        server = await open_server(owner, slug)
        release = (
            servers.close(owner, server.id)
            if attempt % 2
            else servers.change_slug(owner, server.id, slug=f"elsewhere-{attempt}")
        )
        results = await asyncio.gather(
            release, *(open_server(scope, slug) for scope in claimants), return_exceptions=True
        )
        assert all(isinstance(result, SlugTaken) for result in results[1:]), results
        assert await lookups.server_by_slug(slug) is None


async def test_two_servers_that_swap_slugs_both_fail_and_stay(database: str) -> None:
    scope = await found()
    one = await open_server(scope, "acme-one")
    two = await open_server(scope, "acme-two")
    results = await asyncio.gather(
        servers.change_slug(scope, one.id, slug="acme-two"),
        servers.change_slug(scope, two.id, slug="acme-one"),
        return_exceptions=True,
    )
    assert all(isinstance(result, Exception) for result in results)
    connection = await asyncpg.connect(database)
    slugs = {row["slug"] for row in await connection.fetch("SELECT slug FROM server")}
    await connection.close()
    assert slugs == {"acme-one", "acme-two"}


async def test_another_organizations_server_reads_as_absent() -> None:
    scope = await found()
    server = await open_server(scope)
    stranger: OrganizationScope = await found("stranger")
    attempts = [
        servers.by_id(stranger, server.id),
        servers.configure(stranger, server.id, patch=ServerPatch(name="Mine")),
        servers.change_slug(stranger, server.id, slug="stolen-slug"),
        servers.close(stranger, server.id),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt
    assert await servers.by_id(scope, server.id) == server
