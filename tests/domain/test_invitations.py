"""Invitations: one pending for an address, 48 hours, for the invited address alone."""

import asyncio
import dataclasses

import asyncpg
import pytest

from app.core.attempts import Attempts
from app.core.enums import Role
from app.core.errors import Invalid, NotFound, TooMany
from app.core.scope import MemberScope
from app.domain import accounts, admission, audit, invitations, members
from app.domain.invitations import (
    AlreadyInvited,
    AlreadyMember,
    InvalidInvitation,
    Invitation,
    OtherAddress,
)
from app.domain.permissions import NotPermitted
from tests.support.people import Reception

ANN = "ann@acme.test"


async def invite(people: Reception, scope: MemberScope, role: Role = Role.MEMBER) -> Invitation:
    """Ask Ann."""
    return await invitations.invite(scope, people.desk, email=ANN, role=role)


async def emails(scope: MemberScope) -> list[str]:
    """Who is a member."""
    return [member.email for member in (await members.page(scope)).items]


async def test_whoever_accepts_is_a_member_in_the_role_that_was_offered(people: Reception) -> None:
    scope = await people.owner()
    sent = await invite(people, scope, Role.ADMIN)
    token = await people.token_sent_to(ANN)
    preview = await invitations.preview(token)
    assert (preview.organization_name, preview.email, preview.role, preview.expires_at) == (
        "Acme", ANN, Role.ADMIN, sent.expires_at,
    )  # fmt: skip
    session = await people.newcomer(ANN)
    user = await admission.signed_in(session)
    assert await invitations.accept(user, token) == scope.organization_id
    assert (await admission.member(session, "acme-tools")).role is Role.ADMIN
    assert (await invitations.pending(scope)).items == ()
    (entry,) = (await audit.entries(scope, limit=1)).items
    assert (entry.action, entry.actor_id, entry.after["role"]) == (
        "member.joined", user.user_id, "admin",
    )  # fmt: skip
    with pytest.raises(InvalidInvitation):
        await invitations.preview(token)


async def test_of_20_acceptances_at_once_one_makes_the_member(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    await invite(people, scope)
    token = await people.token_sent_to(ANN)
    user = await people.user(ANN)
    results = await asyncio.gather(*(invitations.accept(user, token) for _ in range(20)))
    assert set(results) == {scope.organization_id}
    assert await emails(scope) == ["olga@acme.test", ANN]
    joined = "SELECT count(*) FROM audit_entry WHERE action = 'member.joined'"
    assert await owner.fetchval(joined) == 1


async def test_only_the_invited_address_may_accept(people: Reception) -> None:
    scope = await people.owner()
    await invite(people, scope)
    token = await people.token_sent_to(ANN)
    with pytest.raises(OtherAddress):
        await invitations.accept(await people.user("eve@evil.test"), token)
    assert await emails(scope) == ["olga@acme.test"]
    await invitations.accept(await people.user(ANN), token)
    assert await emails(scope) == ["olga@acme.test", ANN]


async def test_an_invitation_that_is_over_makes_no_member(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    sent = await invite(people, scope)
    user = await people.user(ANN)
    token = await invite_token_sent(people)
    await owner.execute("UPDATE invitation SET expires_at = now() - interval '1 second'")
    for dead in (token, "mcpi_made_up", ""):
        with pytest.raises(InvalidInvitation):
            await invitations.accept(user, dead)
        with pytest.raises(InvalidInvitation):
            await invitations.preview(dead)
    assert [one.id for one in (await invitations.pending(scope)).items] == [sent.id]
    again = await invite(people, scope)
    assert again.id != sent.id
    await invitations.cancel(scope, again.id)
    with pytest.raises(InvalidInvitation):
        await invitations.accept(user, await invite_token_sent(people))
    assert await emails(scope) == ["olga@acme.test"]


async def invite_token_sent(people: Reception) -> str:
    """The token in the last invitation that went to Ann."""
    sent = [mail for mail in await people.mails_to(ANN) if mail.subject == "Join Acme"]
    return sent[-1].text.partition("?token=")[2].split()[0]


async def test_no_name_puts_another_link_into_the_mail(people: Reception) -> None:
    user = await people.user("eve@evil.example")
    await accounts.rename(user, name="Support www.evil.example")
    await members.found(user, name="Prize at evil.example", slug="prize-tools")
    session = await people.sign_in("eve@evil.example")
    await invite(people, await admission.member(session, "prize-tools"))
    (mail,) = await people.mails_to(ANN)
    assert mail.subject == "Join prize-tools"
    assert mail.text.startswith("A member invites you to join prize-tools.")
    assert "evil" not in mail.text


async def test_nobody_is_mailed_again_and_again_by_cancelling(people: Reception) -> None:
    scope = await people.owner()
    desk = dataclasses.replace(people.desk, attempts=Attempts())
    for _ in range(3):
        made = await invitations.invite(scope, desk, email=ANN, role=Role.MEMBER)
        await invitations.cancel(scope, made.id)
    with pytest.raises(TooMany):
        await invitations.invite(scope, desk, email=ANN, role=Role.MEMBER)
    assert (await invitations.pending(scope)).items == ()
    await invitations.invite(scope, desk, email="bob@acme.test", role=Role.MEMBER)


async def test_of_many_invitations_of_one_address_one_is_pending(people: Reception) -> None:
    scope = await people.owner()
    results = await asyncio.gather(
        *(invite(people, scope) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, Invitation) for result in results) == 1
    assert sum(isinstance(result, AlreadyInvited) for result in results) == 9
    assert len(await people.mails_to(ANN)) == 1
    other = await people.owner("otto@other.test", "other-tools")
    assert (await invite(people, other)).email == ANN


async def test_a_member_is_not_invited(people: Reception) -> None:
    scope = await people.owner()
    with pytest.raises(AlreadyMember):
        await invitations.invite(scope, people.desk, email="Olga@acme.test", role=Role.MEMBER)
    with pytest.raises(Invalid):
        await invitations.invite(scope, people.desk, email="olga", role=Role.MEMBER)


async def test_a_resent_invitation_has_another_link_and_48_more_hours(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    sent = await invite(people, scope)
    first = await people.token_sent_to(ANN)
    with pytest.raises(TooMany):
        await invitations.resend(scope, people.desk, sent.id)
    await owner.execute("UPDATE invitation SET sent_at = sent_at - interval '2 minutes'")
    resent = await invitations.resend(scope, people.desk, sent.id)
    second = await people.token_sent_to(ANN)
    assert resent.id == sent.id
    assert resent.expires_at > sent.expires_at
    user = await people.user(ANN)
    with pytest.raises(InvalidInvitation):
        await invitations.accept(user, first)
    assert await invitations.accept(user, second) == scope.organization_id


async def test_a_former_member_does_not_come_back_through_an_old_link(people: Reception) -> None:
    scope = await people.owner()
    await invite(people, scope)
    token = await people.token_sent_to(ANN)
    user = await people.user(ANN)
    await invitations.accept(user, token)
    ann = next(one for one in (await members.page(scope)).items if one.email == ANN)
    await members.remove(scope, ann.id)
    with pytest.raises(InvalidInvitation):
        await invitations.accept(user, token)
    assert await emails(scope) == ["olga@acme.test"]


async def test_only_those_who_may_invite_do(people: Reception) -> None:
    scope = await people.owner()
    admin = await people.joined(scope, "adam@acme.test", Role.ADMIN)
    member = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    for attempt in (
        invite(people, member),
        invite(people, admin, Role.OWNER),
        invitations.pending(member),
    ):
        with pytest.raises(NotPermitted):
            await attempt
    sent = await invite(people, admin)
    with pytest.raises(NotPermitted):
        await invitations.cancel(member, sent.id)
    assert len((await invitations.pending(admin)).items) == 1


async def test_another_organizations_invitations_are_not_found(people: Reception) -> None:
    scope = await people.owner()
    sent = await invite(people, scope)
    stranger = await people.owner("eve@evil.test", "evil-tools")
    with pytest.raises(NotFound):
        await invitations.cancel(stranger, sent.id)
    with pytest.raises(NotFound):
        await invitations.resend(stranger, people.desk, sent.id)
    assert (await invitations.pending(stranger)).items == ()
    assert (await invitations.pending(scope)).items == (sent,)
