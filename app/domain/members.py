"""Who belongs to an organization, and as what."""

from typing import Final

from app.core.enums import ActorKind, Role
from app.core.errors import Conflict, NotFound
from app.core.page import Page, Place
from app.core.scope import MemberScope, UserScope
from app.domain import (
    admission,
    audit,
    idempotency,
    organizations,
    permissions,
    ticket_desk,
)
from app.domain.audit import Subject
from app.domain.idempotency import KeyReused
from app.domain.organizations import Organization
from app.domain.permissions import Action, NotPermitted
from app.repositories import database, members
from app.repositories.members import Belonging, Member, Memberships
from app.repositories.organizations import Organizations

__all__ = [
    "Belonging",
    "LastOwner",
    "Member",
    "belongings",
    "by_id",
    "change_role",
    "found",
    "held_team",
    "leave",
    "page",
    "remove",
]

MOST_MEMBERS: Final = 1000


class LastOwner(Conflict):
    """The organization would be left without an owner."""

    code = "last_owner"


async def found(
    user: UserScope, *, name: str, slug: str, idempotency_key: str | None = None
) -> Organization:
    """Create an organization, whose owner the user becomes.

    Raises Invalid, SlugTaken and KeyReused.
    """
    scope = admission.founding_owner(user, idempotency_key=idempotency_key)

    async def work() -> Organization:
        async with database.transaction(scope):
            if await Organizations(scope).own() is not None:
                raise KeyReused  # longer ago than records are kept
            organization = await organizations.found(scope, name=name, slug=slug)
            await Memberships(scope).join(user.user_id, Role.OWNER)
            subject = Subject("organization", organization.id)
            await audit.record(scope, "organization.founded", subject, after=organization)
            return organization

    return await idempotency.once(
        scope,
        idempotency_key,
        request=["organization.found", name, slug],
        result_type=Organization,
        work=work,
    )


async def belongings(user: UserScope) -> tuple[Belonging, ...]:
    """The organizations that the user is a member of, by name, with the user's role in each."""
    async with database.connection(user):
        return await members.belongings(user)


async def page(
    scope: MemberScope,
    *,
    after: Place | None = None,
    limit: int = 50,
    is_backward: bool = False,
) -> Page[Member]:
    """The members in the order in which they joined; backward, those before the place.

    Raises NotPermitted.
    """
    permissions.require(scope, Action.READ_MEMBERS)
    async with database.connection(scope):
        return await Memberships(scope).page(after=after, limit=limit, is_backward=is_backward)


async def by_id(scope: MemberScope, member_id: str) -> Member:
    """The member. Raises NotFound and NotPermitted."""
    permissions.require(scope, Action.READ_MEMBERS)
    async with database.connection(scope):
        return _existing(await Memberships(scope).by_id(member_id))


async def change_role(scope: MemberScope, member_id: str, *, role: Role) -> Member:
    """The member in another role; what they may do changes with their next request.

    Raises NotFound, NotPermitted and LastOwner.
    """
    async with database.transaction(scope):
        await held_team(scope, Action.MANAGE_MEMBERS)
        member = _existing(await Memberships(scope).by_id(member_id))
        if member.role is role:
            return member
        if Role.OWNER in {member.role, role}:
            await held_team(scope, Action.MANAGE_OWNERS)
        await _require_another_owner(scope, member)
        await Memberships(scope).set_role(member_id, role)
        changed = _existing(await Memberships(scope).by_id(member_id))
        subject = Subject("member", member_id)
        await audit.record(scope, "member.role_changed", subject, before=member, after=changed)
        return changed


async def remove(scope: MemberScope, member_id: str) -> Member:
    """The member as they were; from their next request on they are none.

    Their sessions stay theirs, but open nothing here. Raises NotFound, NotPermitted and LastOwner.
    """
    async with database.transaction(scope):
        await held_team(scope, Action.MANAGE_MEMBERS)
        member = _existing(await Memberships(scope).by_id(member_id))
        if member.role is Role.OWNER:
            await held_team(scope, Action.MANAGE_OWNERS)
        return await _removed(scope, member, "member.removed")


async def leave(scope: MemberScope) -> Member:
    """The member who leaves, as they were. Raises NotFound, NotPermitted and LastOwner."""
    if scope.actor_kind is not ActorKind.USER:
        message = "Only a member can leave."
        raise NotPermitted(message)
    async with database.transaction(scope):
        await held_team(scope, Action.READ_ORGANIZATION)
        own = await Memberships(scope).of_user(scope.actor_id)
        member = _existing(await Memberships(scope).by_id(own[0])) if own else None
        return await _removed(scope, _existing(member), "member.left")


async def held_team(scope: MemberScope, action: Action) -> Organization:
    """The organization, held so that its team changes in one transaction at a time.

    The actor's role is read again: it may have changed since admission, or while this waited.
    Raises NotFound and NotPermitted.
    """
    organization = await Organizations(scope).own(is_locked=True)
    present = scope.role
    if scope.actor_kind is ActorKind.USER:
        own = await Memberships(scope).of_user(scope.actor_id)
        present = own[1] if own else None
    if organization is None or (present is None and scope.actor_kind is ActorKind.USER):
        message = "There is no such organization."
        raise NotFound(message)
    permissions.require_role(scope, present, action)
    return organization


async def _removed(scope: MemberScope, member: Member, action: str) -> Member:
    await _require_another_owner(scope, member)
    await ticket_desk.release_tickets(scope, member)
    await Memberships(scope).delete(member.id)
    await audit.record(scope, action, Subject("member", member.id), before=member)
    return member


async def _require_another_owner(scope: MemberScope, member: Member) -> None:
    """Raise LastOwner if this member is the only one; the team is held."""
    _, owners = await Memberships(scope).counts()
    if member.role is Role.OWNER and owners == 1:
        message = "An organization needs an owner. Make someone else an owner first."
        raise LastOwner(message)


def _existing(member: Member | None) -> Member:
    if member is None:
        message = "There is no such member."
        raise NotFound(message)
    return member
