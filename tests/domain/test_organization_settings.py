"""Changing an organization's name and its frontends' origins."""

import asyncio

import pytest

from app.core.enums import Role
from app.core.errors import Invalid
from app.domain import audit, organizations
from app.domain.edits import RevisionMismatch
from app.domain.organizations import Organization, OrganizationPatch
from app.domain.permissions import NotPermitted
from tests.support.people import Reception

APP = "https://app.acme.test"


async def test_an_organization_gets_another_name_and_origins(people: Reception) -> None:
    scope = await people.owner()
    before = await organizations.present(scope)
    renamed = await organizations.configure(scope, patch=OrganizationPatch(name="Acme Inc."))
    opened = await organizations.configure(scope, patch=OrganizationPatch(allowed_origins=(APP,)))
    assert (opened.name, opened.allowed_origins, opened.slug) == ("Acme Inc.", (APP,), before.slug)
    assert (renamed.revision, opened.revision) == (before.revision + 1, before.revision + 2)
    assert await organizations.present(scope) == opened
    assert await organizations.configure(scope, patch=OrganizationPatch(name="Acme Inc.")) == opened
    entries = (await audit.entries(scope)).items
    assert [(entry.before, entry.after) for entry in entries[:2]] == [
        ({"allowed_origins": []}, {"allowed_origins": [APP]}),
        ({"name": "Acme"}, {"name": "Acme Inc."}),
    ]
    assert len(entries) == 3


async def test_of_two_who_edit_one_revision_one_is_told(people: Reception) -> None:
    scope = await people.owner()
    results = await asyncio.gather(
        *(
            organizations.configure(
                scope, patch=OrganizationPatch(name=f"Acme {number}"), expected_revision=1
            )
            for number in range(8)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Organization) for result in results) == 1
    assert sum(isinstance(result, RevisionMismatch) for result in results) == 7


async def test_what_cannot_be_is_refused_and_changes_nothing(people: Reception) -> None:
    scope = await people.owner()
    member = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    before = await organizations.present(scope)
    patch = OrganizationPatch(name=" ", allowed_origins=("acme.test",))
    with pytest.raises(Invalid) as refused:
        await organizations.configure(scope, patch=patch)
    assert [fault.field for fault in refused.value.faults] == ["name", "allowedOrigins[0]"]
    with pytest.raises(NotPermitted):
        await organizations.configure(member, patch=OrganizationPatch(name="Mine"))
    assert await organizations.present(scope) == before
