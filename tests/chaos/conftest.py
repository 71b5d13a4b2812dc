"""Fixtures of the tests that break things, and the figures that they measured."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from app.repositories.migrations import migrate
from tests.chaos.postgres import Postgres, postgres
from tests.support.world import World, make_world

FIGURE = "figure"
STEPS = 6


@pytest.fixture
def durable_postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that nobody else uses, and that writes to disk what it says it wrote."""
    with postgres(tmp_path / "data") as running:
        yield running


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say in one line, at the end of the run, what a test measured."""
    return lambda line: request.node.user_properties.append((FIGURE, line))


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, by whichever worker."""
    reports = [one for group in terminalreporter.stats.values() for one in group]
    for report in reports:
        if getattr(report, "when", None) == "call":
            for name, line in report.user_properties:
                if name == FIGURE:
                    terminalreporter.write_line(line)
