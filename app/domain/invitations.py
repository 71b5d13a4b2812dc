"""Asking people to join an organization."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.core import clock
from app.core.enums import Role
from app.core.errors import Conflict, NotAllowed, NotFound, TooMany
from app.core.mail import without_links
from app.core.page import Page, Place
from app.core.scope import MemberScope, UserScope
from app.core.secrets import Secret, digest, new_token
from app.domain import account_mail, admission, audit, permissions
from app.domain.account_rules import canonical_email, check_email
from app.domain.audit import Subject
from app.domain.desk import Desk
from app.domain.faults import Faults
from app.domain.members import MOST_MEMBERS, held_team
from app.domain.permissions import Action
from app.repositories import database, lookups
from app.repositories.members import AlreadyInvited, Invitation, Invitations, Memberships
from app.repositories.organizations import Organization, Organizations

__all__ = [
    "AlreadyInvited",
    "AlreadyMember",
    "InvalidInvitation",
    "Invitation",
    "OtherAddress",
    "Preview",
    "accept",
    "cancel",
    "invite",
    "pending",
    "preview",
    "resend",
]

LIFE: Final = timedelta(hours=48)
RESEND_PAUSE: Final = timedelta(minutes=1)
MOST_PENDING: Final = 200


class AlreadyMember(Conflict):
    """The address belongs to a member."""

    code = "already_member"


class InvalidInvitation(NotFound):
    """The invitation is unknown, was cancelled, has expired or was accepted: all the same."""

    code = "invalid_invitation"


class OtherAddress(NotAllowed):
    """The invitation went to another address than the one that is signed in."""

    code = "other_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What someone who holds an invitation's link may know before they accept."""

    organization_name: str
    email: str
    role: Role
    invited_by_name: str
    expires_at: datetime


async def invite(scope: MemberScope, desk: Desk, *, email: str, role: Role) -> Invitation:
    """A new invitation, on its way by mail; one that has expired is replaced.

    Raises Invalid, NotPermitted, TooMany, AlreadyMember, AlreadyInvited and Conflict.
    """
    permissions.require(scope, Action.INVITE)
    address = canonical_email(email)
    faults = Faults()
    check_email(faults, address)
    faults.refuse()
    await desk.take_mail("invite", scope.organization_id, address)
    token, fresh = _fresh()
    values = {
        **fresh,
        "email": address,
        "role": role.value,
        "invited_by_id": scope.actor_id,
        "invited_by_name": scope.actor_name,
        "created_at": clock.now(),
    }
    async with database.transaction(scope):
        organization = await held_team(scope, _inviting(role))
        if await Memberships(scope).by_email(address) is not None:
            message = "This address belongs to a member already."
            raise AlreadyMember(message, field="email")
        await _drop_expired(scope, address)
        if await Invitations(scope).pending_count() >= MOST_PENDING:
            message = f"{MOST_PENDING} invitations are pending. Cancel some first."
            raise Conflict(message, code="too_many_invitations")
        invitation = await Invitations(scope).insert(values)
        subject = Subject("invitation", invitation.id)
        await audit.record(scope, "invitation.sent", subject, after=invitation)
    _send(desk, invitation, token, organization)
    return invitation


async def pending(
    scope: MemberScope,
    *,
    after: Place | None = None,
    limit: int = 50,
    is_backward: bool = False,
) -> Page[Invitation]:
    """The invitations that were not accepted, expired ones too; newest first.

    Backward, those before the place. Raises NotPermitted.
    """
    permissions.require(scope, Action.READ_INVITATIONS)
    async with database.connection(scope):
        return await Invitations(scope).pending(after=after, limit=limit, is_backward=is_backward)


async def resend(scope: MemberScope, desk: Desk, invitation_id: str) -> Invitation:
    """The invitation, good for another 48 hours under a new link; the old link is void.

    Raises NotFound, NotPermitted, and TooMany within a minute of the last mail.
    """
    permissions.require(scope, Action.INVITE)
    token, fresh = _fresh()
    async with database.transaction(scope):
        organization = await held_team(scope, Action.INVITE)
        before = _existing(await Invitations(scope).pending_by_id(invitation_id))
        permissions.require(scope, _inviting(before.role))
        wait = before.sent_at + RESEND_PAUSE - clock.now()
        if wait > timedelta(0):
            message = "This invitation was sent less than a minute ago."
            raise TooMany(message, retry_after_seconds=wait.seconds + 1)
        await Invitations(scope).renew(invitation_id, fresh)
        invitation = _existing(await Invitations(scope).pending_by_id(invitation_id))
        subject = Subject("invitation", invitation_id)
        await audit.record(scope, "invitation.resent", subject, before=before, after=invitation)
    _send(desk, invitation, token, organization)
    return invitation


async def cancel(scope: MemberScope, invitation_id: str) -> Invitation:
    """The invitation as it was; its link is void. Raises NotFound and NotPermitted."""
    permissions.require(scope, Action.INVITE)
    async with database.transaction(scope):
        invitation = _existing(await Invitations(scope).cancel(invitation_id))
        subject = Subject("invitation", invitation_id)
        await audit.record(scope, "invitation.cancelled", subject, before=invitation)
        return invitation


async def preview(token: str) -> Preview:
    """What the link's holder is invited to. Raises InvalidInvitation."""
    row = await lookups.invitation(digest(token))
    if row is None or row["accepted_by_id"] is not None or row["expires_at"] <= clock.now():
        raise _invalid()
    return Preview(
        organization_name=row["organization_name"],
        email=row["email"],
        role=Role(row["role"]),
        invited_by_name=row["invited_by_name"],
        expires_at=row["expires_at"],
    )


async def accept(user: UserScope, token: str) -> str:
    """The id of the organization that the user is a member of from now on.

    Accepting again, while still a member, changes nothing. Raises InvalidInvitation, OtherAddress
    and Conflict.
    """
    token_hash = digest(token)
    row = await lookups.invitation(token_hash)
    if row is None:
        raise _invalid()
    if row["email"] != user.email:  # whoever is signed in has confirmed the address
        message = "This invitation was sent to another address. Sign in with that one."
        raise OtherAddress(message)
    role = Role(row["role"])
    scope = admission.invitee(user, row["organization_id"], role=role)
    async with database.transaction(scope):
        await Organizations(scope).own(is_locked=True)
        is_accepted = await Invitations(scope).accept(
            row["id"], user_id=user.user_id, token_hash=token_hash
        )
        is_member = await Memberships(scope).of_user(user.user_id) is not None
        if not is_accepted and not is_member:
            raise _invalid()
        if is_accepted and not is_member:
            await _join(scope, user, row["id"])
    return scope.organization_id


async def _join(scope: MemberScope, user: UserScope, invitation_id: str) -> None:
    members, _ = await Memberships(scope).counts()
    if members >= MOST_MEMBERS:
        message = f"The organization has {MOST_MEMBERS} members; no more are possible."
        raise Conflict(message, code="too_many_members")
    role = scope.role or Role.MEMBER
    member_id = await Memberships(scope).join(user.user_id, role)
    await audit.record(
        scope,
        "member.joined",
        Subject("member", member_id or ""),
        after={"user_id": user.user_id, "role": role, "invitation_id": invitation_id},
    )


async def _drop_expired(scope: MemberScope, email: str) -> None:
    old = await Invitations(scope).pending_by_email(email)
    if old is not None and old.expires_at <= clock.now():
        await Invitations(scope).cancel(old.id)


def _fresh() -> tuple[Secret, dict[str, Any]]:
    token = new_token("mcpi")
    now = clock.now()
    return token, {
        "token_hash": digest(token.reveal()),
        "sent_at": now,
        "expires_at": now + LIFE,
    }


def _inviting(role: Role) -> Action:
    """What it takes to make someone this."""
    return Action.MANAGE_OWNERS if role is Role.OWNER else Action.INVITE


def _send(desk: Desk, invitation: Invitation, token: Secret, organization: Organization) -> None:
    mail = account_mail.invitation(
        desk.base_url,
        invitation.email,
        token,
        organization=without_links(organization.name, organization.slug),
        invited_by=without_links(invitation.invited_by_name, "A member"),
    )
    database.once_committed(lambda: desk.mail.post(mail))


def _existing(invitation: Invitation | None) -> Invitation:
    if invitation is None:
        message = "There is no such invitation."
        raise NotFound(message)
    return invitation


def _invalid() -> InvalidInvitation:
    return InvalidInvitation("This invitation was cancelled, accepted or has expired.")
