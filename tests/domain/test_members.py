"""Members, their roles, and the owner whom an organization always has."""

import asyncio

import asyncpg
import pytest

from app.core.enums import Role
from app.core.errors import NotFound
from app.core.page import Place
from app.core.scope import MemberScope
from app.domain import admission, audit, members
from app.domain.idempotency import KeyReused
from app.domain.members import Belonging, LastOwner
from app.domain.organizations import SlugTaken
from app.domain.permissions import NotPermitted
from tests.support.people import Reception


async def member_id(scope: MemberScope) -> str:
    """The scope's own membership."""
    page = await members.page(scope, limit=100)
    return next(one.id for one in page.items if one.user_id == scope.actor_id)


async def actions(scope: MemberScope) -> list[str]:
    """What the audit log tells, oldest first."""
    page = await audit.entries(scope, limit=100)
    return [entry.action for entry in reversed(page.items)]


async def test_whoever_founds_an_organization_owns_it(people: Reception) -> None:
    scope = await people.owner()
    (member,) = (await members.page(scope)).items
    assert (member.email, member.role) == ("olga@acme.test", Role.OWNER)
    (entry,) = (await audit.entries(scope)).items
    assert (entry.actor_name, entry.action) == ("olga@acme.test", "organization.founded")
    assert (entry.before, entry.after["slug"]) == ({}, "acme-tools")


async def test_a_user_sees_the_organizations_that_they_belong_to(people: Reception) -> None:
    scope = await people.owner()
    other = await people.owner("otto@other.test", "other-tools")
    ann = await people.joined(scope, "ann@acme.test", Role.MEMBER)
    user = await admission.signed_in(await people.sign_in("ann@acme.test"))
    assert await members.belongings(user) == (
        Belonging(id=ann.organization_id, name="Acme", slug="acme-tools", role=Role.MEMBER),
    )
    assert other.organization_id not in str(await members.belongings(user))


async def test_founding_again_with_the_same_key_founds_once(
    people: Reception, owner: asyncpg.Connection
) -> None:
    user = await people.user("olga@acme.test")
    results = await asyncio.gather(
        *(
            members.found(user, name="Acme", slug="acme-tools", idempotency_key="one")
            for _ in range(10)
        )
    )
    assert len(set(results)) == 1
    assert await owner.fetchval("SELECT count(*) FROM organization") == 1
    assert await owner.fetchval("SELECT count(*) FROM membership") == 1
    with pytest.raises(KeyReused):
        await members.found(user, name="Other", slug="other-tools", idempotency_key="one")
    with pytest.raises(SlugTaken):
        await members.found(user, name="Acme", slug="acme-tools", idempotency_key="two")
    await owner.execute("UPDATE idempotency_record SET created_at = now() - interval '25 hours'")
    with pytest.raises(KeyReused):
        await members.found(user, name="Acme", slug="acme-tools", idempotency_key="one")


async def test_members_are_paged_in_the_order_in_which_they_joined(people: Reception) -> None:
    scope = await people.owner()
    for number in range(4):
        await people.joined(scope, f"m{number}@acme.test", Role.MEMBER)
    emails: list[str] = []
    after = None
    while True:
        page = await members.page(scope, after=after, limit=2)
        emails += [one.email for one in page.items]
        after = Place(at=page.items[-1].joined_at, id=page.items[-1].id)
        if not page.has_more:
            break
    assert emails == ["olga@acme.test", *(f"m{number}@acme.test" for number in range(4))]


async def test_a_changed_role_counts_from_the_next_request_on(people: Reception) -> None:
    scope = await people.owner()
    ann = await people.joined(scope, "ann@acme.test", Role.MEMBER)
    changed = await members.change_role(scope, await member_id(ann), role=Role.ADMIN)
    assert (changed.email, changed.role) == ("ann@acme.test", Role.ADMIN)
    token = await people.sign_in("ann@acme.test")
    assert (await admission.member(token, "acme-tools")).role is Role.ADMIN
    (entry,) = (await audit.entries(scope, limit=1)).items
    assert (entry.action, entry.subject_id) == ("member.role_changed", changed.id)
    assert (entry.before, entry.after) == ({"role": "member"}, {"role": "admin"})
    await members.change_role(scope, changed.id, role=Role.ADMIN)
    assert (await audit.entries(scope, limit=1)).items == (entry,)


async def test_only_owners_make_and_unmake_owners(people: Reception) -> None:
    scope = await people.owner()
    admin = await people.joined(scope, "ann@acme.test", Role.ADMIN)
    bob = await people.joined(scope, "bob@acme.test", Role.MEMBER)
    owners_id, admins_id, bobs_id = [await member_id(one) for one in (scope, admin, bob)]
    with pytest.raises(NotPermitted):
        await members.change_role(admin, bobs_id, role=Role.OWNER)
    with pytest.raises(NotPermitted):
        await members.change_role(admin, owners_id, role=Role.MEMBER)
    with pytest.raises(NotPermitted):
        await members.remove(admin, owners_id)
    with pytest.raises(NotPermitted):
        await members.change_role(bob, admins_id, role=Role.MEMBER)
    with pytest.raises(NotPermitted):
        await members.remove(bob, admins_id)
    assert (await members.change_role(admin, bobs_id, role=Role.ADMIN)).role is Role.ADMIN


async def test_the_last_owner_stays(people: Reception) -> None:
    scope = await people.owner()
    own = await member_id(scope)
    ann = await people.joined(scope, "ann@acme.test", Role.ADMIN)
    for attempt in (
        members.leave(scope),
        members.remove(scope, own),
        members.change_role(scope, own, role=Role.ADMIN),
    ):
        with pytest.raises(LastOwner):
            await attempt
    await members.change_role(scope, await member_id(ann), role=Role.OWNER)
    assert (await members.leave(scope)).id == own


async def test_two_owners_who_demote_each_other_leave_one(people: Reception) -> None:
    for number in range(5):
        slug = f"acme-tools-{number}"
        one = await people.owner(f"one{number}@acme.test", slug)
        two = await people.joined(one, f"two{number}@acme.test", Role.OWNER)
        ids = {scope.actor_id: await member_id(scope) for scope in (one, two)}
        results = await asyncio.gather(
            members.change_role(one, ids[two.actor_id], role=Role.MEMBER),
            members.change_role(two, ids[one.actor_id], role=Role.MEMBER),
            return_exceptions=True,
        )
        assert sum(isinstance(result, NotPermitted) for result in results) == 1, results
        roles = sorted(member.role for member in (await members.page(one)).items)
        assert roles == [Role.MEMBER, Role.OWNER]


async def test_owners_who_all_leave_at_once_leave_one(people: Reception) -> None:
    first = await people.owner()
    scopes = [first] + [
        await people.joined(first, f"o{number}@acme.test", Role.OWNER) for number in range(4)
    ]
    results = await asyncio.gather(
        *(members.leave(scope) for scope in scopes), return_exceptions=True
    )
    assert sum(isinstance(result, LastOwner) for result in results) == 1
    rest = next(scope for scope, result in zip(scopes, results, strict=True)
                if isinstance(result, LastOwner))  # fmt: skip
    assert [member.user_id for member in (await members.page(rest)).items] == [rest.actor_id]


async def test_whoever_is_removed_has_no_access_from_then_on(people: Reception) -> None:
    scope = await people.owner()
    ann = await people.joined(scope, "ann@acme.test", Role.ADMIN)
    token = await people.sign_in("ann@acme.test")
    removed = await members.remove(scope, await member_id(ann))
    assert removed.email == "ann@acme.test"
    with pytest.raises(NotFound):
        await admission.member(token, "acme-tools")
    with pytest.raises(NotFound):  # with what was admitted just before
        await members.change_role(ann, await member_id(scope), role=Role.MEMBER)
    with pytest.raises(NotFound):
        await members.remove(scope, removed.id)
    assert (await actions(scope))[-1] == "member.removed"


async def test_members_of_another_organization_are_not_found(people: Reception) -> None:
    scope = await people.owner()
    stranger = await people.owner("eve@evil.test", "evil-tools")
    own = await member_id(scope)
    for attempt in (
        members.by_id(stranger, own),
        members.change_role(stranger, own, role=Role.MEMBER),
        members.remove(stranger, own),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert [one.email for one in (await members.page(stranger)).items] == ["eve@evil.test"]
    assert (await members.by_id(scope, own)).role is Role.OWNER
