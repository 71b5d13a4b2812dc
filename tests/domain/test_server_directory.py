"""Server configurations are kept in process and dropped at once everywhere: product.md §8."""

from collections.abc import Awaitable, Callable

import pytest

from app.domain.server_directory import ServerDirectory
from tests.domain.following import SLUG, following, until, until_seen
from tests.support.world import World, make_world


async def test_a_configuration_is_read_once(world: World, database: str) -> None:
    async with following(database) as directory:
        for _ in range(5):
            config = await directory.by_slug(SLUG)
            assert config is not None
            assert config.id == world.server_id
            assert await directory.by_slug("nowhere") is None
        assert (directory.hits, directory.misses) == (8, 2)


async def test_whoever_hears_no_notices_keeps_nothing(world: World) -> None:
    directory = ServerDirectory()
    for name in ("One", "Two"):
        await world.change_server(name=name)
        config = await directory.by_slug(SLUG)
        assert config is not None
        assert config.name == name
    assert (directory.hits, directory.misses) == (0, 2)


async def publish(world: World) -> None:
    await world.owner.execute("UPDATE walkthrough SET status = 'published'")


async def unpublish(world: World) -> None:
    await world.owner.execute("UPDATE walkthrough SET status = 'draft'")


async def disable(world: World) -> None:
    await world.owner.execute("UPDATE assignment SET is_enabled = false")


async def unassign(world: World) -> None:
    await world.owner.execute("DELETE FROM assignment")


async def remove_steps(world: World) -> None:
    await world.owner.execute("DELETE FROM step")


async def remove_walkthrough(world: World) -> None:
    await world.owner.execute("DELETE FROM walkthrough")


@pytest.mark.parametrize("change", [unpublish, disable, unassign, remove_steps, remove_walkthrough])
async def test_a_walkthrough_that_is_not_available_any_more_is_seen_at_once(
    world: World, database: str, change: Callable[[World], Awaitable[None]]
) -> None:
    await world.guide(2)
    async with following(database) as directory:
        await until_seen(directory, lambda config: config is not None and config.has_walkthroughs)
        await change(world)
        await until_seen(
            directory, lambda config: config is not None and not config.has_walkthroughs
        )


async def test_a_walkthrough_that_becomes_available_is_seen_at_once(
    world: World, database: str
) -> None:
    async with following(database) as directory:
        config = await directory.by_slug(SLUG)
        assert config is not None
        assert not config.has_walkthroughs
        guide = await world.guide(1, status="draft", assigned=False)
        await world.assign(guide)
        await publish(world)
        await until_seen(directory, lambda config: config is not None and config.has_walkthroughs)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "New name"),
        ("product", "New product"),
        ("auth_type", "collect_email"),
        ("support_ticket_type", "none"),
        ("walkthrough_tools_enabled", False),
        ("walkthrough_toolset", "classic"),
        ("instructions", "Be brief."),
        ("allowed_origins", ["https://acme.com"]),
        ("rate_limit_per_minute", 7),
    ],
)
async def test_whatever_members_change_is_seen_at_once(
    world: World, database: str, column: str, value: object
) -> None:
    expected = frozenset(value) if isinstance(value, list) else value
    async with following(database) as directory:
        before = await directory.by_slug(SLUG)
        assert getattr(before, column) != expected
        await world.change_server(**{column: value})
        await until_seen(directory, lambda config: getattr(config, column) == expected)


async def test_a_server_that_moves_or_goes_is_seen_at_once(world: World, database: str) -> None:
    async with following(database) as directory:
        assert await directory.by_slug(SLUG) is not None
        assert await directory.by_slug("acme-more") is None
        await world.change_server(slug="acme-more")
        await until_seen(directory, lambda config: config is None)
        await until_seen(directory, lambda config: config is not None, "acme-more")
        await world.owner.execute("DELETE FROM server")
        await until_seen(directory, lambda config: config is None, "acme-more")


async def test_a_server_that_is_new_is_seen_at_once(world: World, database: str) -> None:
    async with following(database) as directory:
        assert await directory.by_slug("other-docs") is None
        await make_world(world.owner, slug="other-docs")
        await until_seen(directory, lambda config: config is not None, "other-docs")


async def test_a_change_that_is_taken_back_drops_nothing(world: World, database: str) -> None:
    async with following(database) as directory:
        await directory.by_slug(SLUG)
        generation = directory._generation
        transaction = world.owner.transaction()
        await transaction.start()
        await world.change_server(name="Never")
        await transaction.rollback()
        await world.owner.execute("NOTIFY mcplatform_configuration, 'org_of_nobody'")
        await until(lambda: directory._generation > generation)
        config = await directory.by_slug(SLUG)
        assert config is not None
        assert (config.name, directory.hits) == ("Acme Docs", 1)


async def test_one_organizations_change_leaves_the_others_kept(world: World, database: str) -> None:
    await make_world(world.owner, slug="other-docs")
    async with following(database) as directory:
        for slug in (SLUG, "other-docs", "nowhere"):
            await directory.by_slug(slug)
        await world.change_server(name="New name")
        await until(lambda: SLUG not in directory._kept)
        # An absent slug may be the one that was claimed.
        assert set(directory._kept) == {"other-docs"}


async def test_two_processes_see_the_same_change(world: World, database: str) -> None:
    async with following(database) as one, following(database) as other:
        for directory in (one, other):
            await directory.by_slug(SLUG)
        await world.change_server(name="New name")
        for directory in (one, other):
            await until_seen(directory, lambda config: getattr(config, "name", "") == "New name")
