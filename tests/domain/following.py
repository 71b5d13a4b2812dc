"""A directory of servers that hears the database's notices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.core.background import in_background
from app.domain.server_directory import ServerConfig, ServerDirectory

SLUG = "acme-docs"


@asynccontextmanager
async def following(database: str) -> AsyncIterator[ServerDirectory]:
    """A directory that hears the database's notices."""
    directory = ServerDirectory()
    async with in_background(directory.follow(database)):
        await until(lambda: directory._is_listening)
        yield directory


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds, at most 5 seconds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def until_seen(
    directory: ServerDirectory, is_new: Callable[[ServerConfig | None], bool], slug: str = SLUG
) -> None:
    """Ask until the answer is the new one, at most 2 seconds."""
    async with asyncio.timeout(2):
        while not is_new(await directory.by_slug(slug)):
            await asyncio.sleep(0.005)
