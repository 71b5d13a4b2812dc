"""What a directory of servers must not keep: product.md §8."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.core.errors import Unavailable
from app.domain import server_directory as directories
from app.domain.server_directory import ServerDirectory
from app.repositories import lookups
from tests.domain.following import SLUG, following, until, until_seen
from tests.support.world import World


async def end_listener(world: World) -> None:
    """Cut the connection on which the notices arrive."""
    ended = await world.owner.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    assert len(ended) == 1


async def test_nothing_is_kept_while_the_listener_cannot_connect(
    world: World, database: str, cluster_url: str
) -> None:
    name = await world.owner.fetchval("SELECT current_database()")
    outside = await asyncpg.connect(cluster_url)
    async with following(database) as directory:
        await directory.by_slug(SLUG)
        try:
            await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await end_listener(world)
            await until(lambda: not directory._is_listening)
            # Changes that nobody hears of are seen all the same.
            for number in range(3):
                await world.change_server(name=f"Name {number}")
                config = await directory.by_slug(SLUG)
                assert config is not None
                assert (config.name, directory._kept) == (f"Name {number}", {})
        finally:
            await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await outside.close()
        await until(lambda: directory._is_listening)
        await directory.by_slug(SLUG)
        assert set(directory._kept) == {SLUG}


async def test_after_a_lost_connection_changes_are_heard_again(world: World, database: str) -> None:
    async with following(database) as directory:
        for number in range(3):
            await directory.by_slug(SLUG)
            generation = directory._generation
            await end_listener(world)
            await until(lambda: directory._generation > generation)  # noqa: B023 - awaited at once
            await until(lambda: directory._is_listening)
            await directory.by_slug(SLUG)
            assert SLUG in directory._kept
            await world.change_server(name=f"Name {number}")
            await until_seen(
                directory,
                lambda config: getattr(config, "name", "") == f"Name {number}",  # noqa: B023 - the same
            )


class SlowRead:
    """A read of the directory that has its row already and has not returned yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_read = asyncio.Event()
        self.may_return = asyncio.Event()
        self._honest = lookups.server_by_slug
        monkeypatch.setattr(lookups, "server_by_slug", self._read)

    async def _read(self, slug: str) -> Any:
        row = await self._honest(slug)
        self.has_read.set()
        await self.may_return.wait()
        return row


async def test_what_was_read_before_a_notice_came_is_not_kept(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with following(database) as directory, asyncio.TaskGroup() as tasks:
        slow = SlowRead(monkeypatch)
        reading = tasks.create_task(directory.by_slug(SLUG))
        await slow.has_read.wait()
        generation = directory._generation
        await world.change_server(name="New name")
        await until(lambda: directory._generation > generation)
        slow.may_return.set()
        config = await reading
        assert config is not None
        assert config.name == "Acme Docs"
        again = await directory.by_slug(SLUG)
        assert again is not None
        assert again.name == "New name"


async def test_what_was_read_before_notices_arrived_is_not_kept(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = ServerDirectory()
    slow = SlowRead(monkeypatch)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(directory.by_slug(SLUG))
        await slow.has_read.wait()
        await world.change_server(name="New name")
        follower = tasks.create_task(directory.follow(database))
        await until(lambda: directory._is_listening)
        slow.may_return.set()
        await reading
        config = await directory.by_slug(SLUG)
        follower.cancel()
    assert config is not None
    assert config.name == "New name"


async def test_absent_slugs_do_not_fill_the_memory(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert directories._MOST_ENTRIES == 10_000
    monkeypatch.setattr(directories, "_MOST_ENTRIES", 50)
    async with following(database) as directory:
        for number in range(400):
            assert await directory.by_slug(f"nowhere-{number}") is None
            assert len(directory._kept) <= 50
        assert await directory.by_slug(SLUG) is not None


async def test_what_cannot_be_read_is_not_kept(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_slug: str) -> None:
        message = "The database does not answer just now."
        raise Unavailable(message)

    async with following(database) as directory:
        with monkeypatch.context() as patch:
            patch.setattr(lookups, "server_by_slug", fail)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await directory.by_slug(SLUG)
        assert await directory.by_slug(SLUG) is not None
