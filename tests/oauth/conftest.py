"""Fixtures of the tests of end users' login."""

from collections.abc import AsyncIterator

import pytest

from tests.support.logins import Door, door
from tests.support.oauth_site import Site, site_of
from tests.support.people import Reception, reception
from tests.support.world import World


@pytest.fixture
async def people(database: str) -> AsyncIterator[Reception]:
    """A front desk over this test's database."""
    del database
    async with reception() as open_reception:
        yield open_reception


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in at the platform."""
    return await door(world, people)


@pytest.fixture
async def site(here: Door) -> Site:
    """The same server's site."""
    return site_of(here)
