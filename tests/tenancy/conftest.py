"""Fixtures of the tests that keep tenants apart."""

import asyncpg
import pytest

from tests.tenancy.tenants import Tenant, settle


@pytest.fixture
async def victim(owner: asyncpg.Connection, database: str) -> Tenant:
    """The organization that nobody else may see."""
    return await settle(owner, "victim-docs", word="Quetzal")


@pytest.fixture
async def stranger(owner: asyncpg.Connection, victim: Tenant) -> Tenant:
    """Another organization, whose people know every id of the victim's."""
    return await settle(owner, "stranger-docs", word="Okapi")
