"""The product as operators run it, and a browser as people use it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.desk import Platform
from tests.support.chromium import chromium
from tests.support.command import serving
from tests.support.people import Reception, reception
from tests.support.redis_servers import free_port


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each opens a tab of its own."""
    async with chromium() as running:
        yield running


@pytest.fixture
async def platform(database: str, tmp_path: Path) -> AsyncIterator[Platform]:
    """The platform on this test's database."""
    port = free_port()
    async with serving(tmp_path, port, "serve", DATABASE_URL=database):
        yield Platform(f"http://localhost:{port}", tmp_path / ".mcplatform" / "outbox")


@pytest.fixture
async def people(database: str) -> AsyncIterator[Reception]:
    """People who have come before, by other ways than the browser."""
    del database
    async with reception() as open_reception:
        yield open_reception
