"""Fixtures for the rules about people."""

from collections.abc import AsyncIterator

import pytest

from tests.support.people import Reception, reception


@pytest.fixture
async def people(database: str) -> AsyncIterator[Reception]:
    """A front desk over this test's database."""
    del database
    async with reception() as open_reception:
        yield open_reception
