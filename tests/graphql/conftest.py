"""Fixtures of the management plane's tests."""

from collections.abc import AsyncIterator

import pytest

from app.core.enums import Role
from tests.support import authoring
from tests.support.browser import Browser, colleague, founder
from tests.support.graph import Graph, with_key
from tests.support.people import Reception, reception


@pytest.fixture
async def graph(database: str) -> Graph:
    """A script of the organization acme-tools, with a key for everything."""
    del database
    await authoring.found("acme-tools")
    return await with_key("acme-tools")


@pytest.fixture
async def people(database: str) -> AsyncIterator[Reception]:
    """A front desk over this test's database."""
    del database
    async with reception() as open_reception:
        yield open_reception


@pytest.fixture
async def admins(people: Reception) -> list[Browser]:
    """Two admins of the organization acme-tools, each signed in."""
    olga = await founder(people)
    return [
        await colleague(people, olga, f"{name}@acme.test", Role.ADMIN) for name in ("ada", "bob")
    ]
