"""The page of an invitation: what each visitor sees there, and who may accept."""

import asyncpg
import pytest

from app.core.enums import Role
from app.core.scope import MemberScope
from app.domain import invitations
from tests.support.people import PASSWORD, Reception
from tests.web.visiting import Visitor, inputs_of

BEN = "ben@acme.test"
MEMBERS = "SELECT count(*) FROM membership"


@pytest.fixture
async def olga(people: Reception) -> MemberScope:
    """The owner of the organization acme-tools."""
    return await people.owner()


@pytest.fixture
async def token(people: Reception, olga: MemberScope) -> str:
    """The token of an invitation for Ben."""
    await invitations.invite(olga, people.desk, email=BEN, role=Role.ADMIN)
    return await people.token_sent_to(BEN)


async def test_whoever_is_signed_in_with_the_invited_address_accepts(
    visitor: Visitor, people: Reception, token: str, owner: asyncpg.Connection
) -> None:
    visitor.token = await people.newcomer(BEN)
    form = await visitor.open(f"/invitation?token={token}")
    assert "olga@acme.test invites <strong>ben@acme.test</strong>" in form.text
    assert "join Acme as admin" in form.text
    assert await owner.fetchval(MEMBERS) == 1, "a link alone must make nobody a member"
    response = await visitor.send("/invitation", **inputs_of(form))
    assert (response.status_code, response.headers["location"]) == (303, "/account")
    assert "<code>acme-tools</code>), as admin" in (await visitor.open("/account")).text


async def test_a_newcomer_is_led_to_sign_in_or_up_and_back(
    visitor: Visitor, people: Reception, token: str
) -> None:
    response = await visitor.open(f"/invitation?token={token}")
    back = f"next=%2Finvitation%3Ftoken%3D{token}&amp;email=ben%40acme.test"
    assert f'href="/sign-in?{back}"' in response.text
    assert f'href="/sign-up?{back}"' in response.text
    assert "<form" not in response.text
    sign_up = await visitor.open(f"/sign-up?{back.replace('&amp;', '&')}")
    assert inputs_of(sign_up)["email"] == BEN
    told = await visitor.send("/sign-up", **{**inputs_of(sign_up), "password": PASSWORD})
    assert f'<a href="/invitation?token={token}">go on where you were</a>' in told.text


async def test_a_session_that_ended_meanwhile_leads_to_sign_in_and_back(
    visitor: Visitor, token: str, owner: asyncpg.Connection
) -> None:
    response = await visitor.send("/invitation", token=token)
    assert response.status_code == 303
    assert response.headers["location"] == f"/sign-in?next=%2Finvitation%3Ftoken%3D{token}"
    assert await owner.fetchval(MEMBERS) == 1


async def test_someone_else_is_told_to_sign_in_with_the_invited_address(
    visitor: Visitor, people: Reception, token: str, owner: asyncpg.Connection
) -> None:
    visitor.token = await people.newcomer("eve@evil.test")
    response = await visitor.open(f"/invitation?token={token}")
    assert "You are signed in as eve@evil.test." in response.text
    refused = await visitor.send("/invitation", token=token)
    assert refused.status_code == 403
    assert "This invitation was sent to another address." in refused.text
    assert await owner.fetchval(MEMBERS) == 1
    out = await visitor.send("/sign-out", **inputs_of(response))
    assert out.headers["location"].startswith("/sign-in?next=%2Finvitation%3Ftoken%3D")


async def test_accepting_twice_changes_nothing_more(
    visitor: Visitor, people: Reception, token: str, owner: asyncpg.Connection
) -> None:
    visitor.token = await people.newcomer(BEN)
    for _ in range(2):
        assert (await visitor.send("/invitation", token=token)).status_code == 303
    assert await owner.fetchval(MEMBERS) == 2


async def test_an_invitation_that_was_cancelled_is_no_longer_good(
    visitor: Visitor, people: Reception, olga: MemberScope, token: str
) -> None:
    visitor.token = await people.newcomer(BEN)
    (pending,) = (await invitations.pending(olga)).items
    await invitations.cancel(olga, pending.id)
    for response in (
        await visitor.open(f"/invitation?token={token}"),
        await visitor.send("/invitation", token=token),
        await visitor.open("/invitation"),
    ):
        assert response.status_code == 404
        assert "This invitation was cancelled, accepted or has expired." in response.text
