"""The way in that the demo prints."""

import asyncpg
import pytest

from app.core.enums import Role
from app.core.errors import NotFound, NotSignedIn
from app.domain import accounts, admission, members, sample_owner
from app.domain.accounts import InvalidLink
from app.domain.samples import load_samples, sample_organization
from tests.support.people import PASSWORD, client, reception


async def test_whoever_has_the_token_chooses_the_password_and_owns_the_samples(
    database: str,
) -> None:
    await load_samples()
    token = (await sample_owner.way_in()).reveal()
    async with reception() as people:
        await accounts.reset_password(people.desk, client(), token=token, password=PASSWORD)
        session = await people.sign_in(sample_owner.EMAIL)
    member = await admission.member(session, sample_organization().slug)
    assert member.role is Role.OWNER


async def test_before_the_first_password_nobody_signs_in(database: str) -> None:
    await load_samples()
    await sample_owner.way_in()
    async with reception() as people:
        for guess in ("!", "", PASSWORD):
            with pytest.raises(NotSignedIn):
                await people.sign_in(sample_owner.EMAIL, guess)


async def test_another_start_gives_another_way_in_to_the_same_owner(
    database: str, owner: asyncpg.Connection
) -> None:
    await load_samples()
    first = await sample_owner.way_in()
    second = await sample_owner.way_in()
    assert first.reveal() != second.reveal()
    assert await owner.fetchval("SELECT count(*) FROM account") == 1
    assert await owner.fetchval("SELECT count(*) FROM membership") == 1
    actions = "SELECT count(*) FROM audit_entry WHERE action = 'member.joined'"
    assert await owner.fetchval(actions) == 1
    async with reception() as people:
        await accounts.reset_password(
            people.desk, client(), token=second.reveal(), password=PASSWORD
        )
        with pytest.raises(InvalidLink):
            await accounts.reset_password(
                people.desk, client(), token=first.reveal(), password="something else again"
            )


async def test_who_handed_the_samples_over_does_not_get_them_back(database: str) -> None:
    await load_samples()
    await sample_owner.way_in()
    slug = sample_organization().slug
    async with reception() as people:
        operator = await admission.operator_as_owner(slug)
        heir = await people.joined(operator, "heir@acme.test", Role.OWNER)
        page = await members.page(heir)
        (olga,) = [one for one in page.items if one.email == sample_owner.EMAIL]
        await members.remove(heir, olga.id)
        await sample_owner.way_in()
        remaining = await members.page(heir)
    assert [one.email for one in remaining.items] == ["heir@acme.test"]


async def test_without_the_samples_there_is_nothing_to_own(
    database: str, owner: asyncpg.Connection
) -> None:
    with pytest.raises(NotFound):
        await sample_owner.way_in()
    assert await owner.fetchval("SELECT count(*) FROM account") == 0
