"""Fixtures of the tests of end users' login."""

from collections.abc import AsyncIterator

import pytest

from app.core.enums import AuthType
from tests.support.identity_provider import IdentityProvider, identity_provider
from tests.support.login_browser import Browser
from tests.support.logins import Door, configure, door
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


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser without a past."""
    return Browser(site)


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """The customer's provider."""
    async with identity_provider() as running:
        yield running


@pytest.fixture
async def custom(world: World, people: Reception, provider: IdentityProvider) -> Door:
    """A server whose end users log in there."""
    made = await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)
    await configure(made, provider.issuer)
    return made
