"""Fixtures of the pages for people."""

from collections.abc import AsyncIterator

import pytest

from tests.support.edge import edge
from tests.support.people import Reception, reception
from tests.web.visiting import Visitor


@pytest.fixture
async def people(database: str) -> AsyncIterator[Reception]:
    """A front desk over this test's database."""
    del database
    async with reception() as open_reception:
        yield open_reception


@pytest.fixture
async def visitor(people: Reception) -> Visitor:
    """Someone with a browser at the platform's own site, not signed in."""
    return Visitor(edge(desk=people.desk, has_graphiql=True))
