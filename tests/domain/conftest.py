"""Fixtures for the rules about people, and where they log in."""

from collections.abc import AsyncIterator

import pytest

from app.domain.upstream import Upstream
from tests.support.identity_provider import IdentityProvider, identity_provider
from tests.support.people import Reception, reception
from tests.support.upstream import make_upstream


@pytest.fixture
async def people(database: str) -> AsyncIterator[Reception]:
    """A front desk over this test's database."""
    del database
    async with reception() as open_reception:
        yield open_reception


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """A customer's OpenID provider."""
    async with identity_provider() as running:
        yield running


@pytest.fixture
def upstream() -> Upstream:
    """The way there and back."""
    return make_upstream()
