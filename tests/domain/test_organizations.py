"""Founding organizations."""

import asyncio

import asyncpg
import pytest

from app.core.errors import Invalid, NotFound
from app.core.ids import new_id
from app.domain import admission, organizations
from app.domain.organizations import SlugTaken


async def test_an_organization_is_founded_with_its_ticket_counter(database: str) -> None:
    scope = admission.founder(new_id("org"))
    founded = await organizations.found(scope, name="Acme", slug="acme-tools")
    assert founded == await organizations.present(scope)
    assert (founded.id, founded.name, founded.slug) == (scope.organization_id, "Acme", "acme-tools")
    assert (founded.allowed_origins, founded.revision) == ((), 1)
    assert founded.created_at == founded.updated_at
    owner = await asyncpg.connect(database)
    counters = await owner.fetch("SELECT organization_id, last_number FROM ticket_counter")
    await owner.close()
    assert [tuple(row) for row in counters] == [(scope.organization_id, 0)]


async def test_an_organization_that_was_not_founded_is_not_found(database: str) -> None:
    with pytest.raises(NotFound):
        await organizations.present(admission.founder(new_id("org")))


async def test_of_several_founders_of_one_slug_one_wins(database: str) -> None:
    scopes = [admission.founder(new_id("org")) for _ in range(10)]
    results = await asyncio.gather(
        *(organizations.found(scope, name="Acme", slug="acme-tools") for scope in scopes),
        return_exceptions=True,
    )
    losers = [result for result in results if isinstance(result, SlugTaken)]
    assert len(losers) == 9
    assert {(loser.field, loser.code) for loser in losers} == {("slug", "slug_taken")}
    owner = await asyncpg.connect(database)
    assert await owner.fetchval("SELECT count(*) FROM organization") == 1
    assert await owner.fetchval("SELECT count(*) FROM ticket_counter") == 1
    await owner.close()


async def test_what_is_wrong_with_an_organization_is_named_at_once(database: str) -> None:
    scope = admission.founder(new_id("org"))
    with pytest.raises(Invalid) as refused:
        await organizations.found(scope, name=" ", slug="Acme")
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("name", "required"),
        ("slug", "invalid_slug"),
    ]
