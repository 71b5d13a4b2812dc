"""Fixtures of the tests that break things, and the figures that they measured."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from app.repositories.migrations import migrate
from tests.chaos.postgres import Postgres, postgres
from tests.support.world import World, make_world

FIGURES = pytest.StashKey[list[str]]()
STEPS = 6


@pytest.fixture
def durable_postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that nobody else uses, and that writes to disk what it says it wrote."""
    with postgres(tmp_path / "data") as running:
        yield running


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say in one line, at the end of the run, what a test measured."""
    return request.config.stash.setdefault(FIGURES, []).append


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the tables."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def make_walkable(dsn: str, *, slug: str = "acme-docs") -> World:
    """Migrate, and open a server that offers one walkthrough."""
    await migrate(dsn)
    async with connected(dsn) as owner:
        world = await make_world(owner, slug=slug)
        await world.guide(STEPS)
    return world


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what was measured."""
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
