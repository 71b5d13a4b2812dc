"""The team over the API: inviting, joining, roles, leaving, and the owner who always stays."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.core.enums import KeyScope, Role
from tests.support.browser import Browser, browser_at, colleague, founder
from tests.support.graph import Graph, with_key
from tests.support.people import Reception
from tests.support.tables import dump

ANN = "ann@acme.test"
INVITE = "inviteMember { invitation { id email role } }"
ROLE = "changeMemberRole { member { email role } }"
REMOVE = "removeMember { deletedId }"
TEAM = "{ members { nodes { id email role } } }"


def codes(payload: Any) -> list[str]:
    """The codes of the user's errors."""
    return [error["code"] for error in payload["userErrors"]]


async def team(browser: Graph) -> dict[str, str]:
    """Everyone's role by e-mail address."""
    return {one["email"]: one["role"] for one in (await browser.ask(TEAM))["members"]["nodes"]}


async def member_id(browser: Graph, email: str) -> str:
    """The membership of whoever has this address."""
    nodes = (await browser.ask(TEAM))["members"]["nodes"]
    return next(str(one["id"]) for one in nodes if one["email"] == email)


async def test_whoever_is_invited_joins_in_the_role_that_was_offered(people: Reception) -> None:
    olga = await founder(people)
    sent = await olga.change(INVITE, email="Ann@acme.test", role="ADMIN")
    assert (sent["invitation"]["email"], sent["invitation"]["role"]) == (ANN, "ADMIN")
    token = await people.token_sent_to(ANN)
    preview = "query ($t: String!) { invitation(token: $t) { organizationName email role } }"
    assert (await browser_at(people).ask(preview, t=token))["invitation"] == {
        "organizationName": "Acme",
        "email": ANN,
        "role": "ADMIN",
    }
    await people.newcomer(ANN)
    ann = browser_at(people)
    await ann.sign_in(ANN)
    for _ in range(2):  # accepting twice changes nothing more
        payload = await ann.change("acceptInvitation { organization { slug role } }", token=token)
        assert payload["organization"] == {"slug": "acme-tools", "role": "ADMIN"}
    assert await team(ann) == {"olga@acme.test": "OWNER", ANN: "ADMIN"}
    assert (await ann.ask(preview, t=token))["invitation"] is None


async def test_an_invitation_is_for_the_invited_address_alone(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    await olga.change(INVITE, email=ANN)
    token = await people.token_sent_to(ANN)
    eve = browser_at(people, await people.newcomer("eve@evil.test"))
    await eve.ask("{ viewer { id } }")
    before = await dump(owner)
    payload = await eve.attempt("acceptInvitation { organization { slug } }", token=token)
    assert (payload["organization"], codes(payload)) == (None, ["OTHER_ADDRESS"])
    answer = await browser_at(people).answer(
        "mutation ($i: AcceptInvitationInput!) { acceptInvitation(input: $i) { __typename } }",
        i={"token": token},
    )
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_SIGNED_IN"]
    assert await dump(owner) == before


async def test_a_cancelled_invitation_opens_nothing(people: Reception) -> None:
    olga = await founder(people)
    sent = await olga.change(INVITE, email=ANN)
    invited = sent["invitation"]["id"]
    token = await people.token_sent_to(ANN)
    assert (await olga.change("cancelInvitation { deletedId }", id=invited))["deletedId"] == invited
    ann = browser_at(people, await people.newcomer(ANN))
    payload = await ann.attempt("acceptInvitation { organization { slug } }", token=token)
    assert codes(payload) == ["INVALID_INVITATION"]
    again = await olga.attempt("cancelInvitation { deletedId }", id=invited)
    assert (again["deletedId"], codes(again)) == (None, ["NOT_FOUND"])


async def test_pending_invitations_are_listed_newest_first(people: Reception) -> None:
    olga = await founder(people)
    for name in ("one", "two", "three"):
        await olga.change(INVITE, email=f"{name}@acme.test")
    page = "query ($a: String) { invitations(first: 2, after: $a) { nodes { email } pageInfo { endCursor hasNextPage } } }"  # noqa: E501 - a query
    first = (await olga.ask(page))["invitations"]
    rest = (await olga.ask(page, a=first["pageInfo"]["endCursor"]))["invitations"]
    emails = [node["email"] for part in (first, rest) for node in part["nodes"]]
    assert emails == ["three@acme.test", "two@acme.test", "one@acme.test"]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


async def test_an_address_is_invited_once_and_a_member_not_at_all(people: Reception) -> None:
    olga = await founder(people)
    await olga.change(INVITE, email=ANN)
    for email, code in (
        (ANN, "ALREADY_INVITED"),
        ("olga@acme.test", "ALREADY_MEMBER"),
        ("ann", "INVALID_EMAIL"),
    ):
        payload = await olga.attempt(INVITE, email=email)
        assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [
            ("email", code)
        ]
    assert len(await people.mails_to(ANN)) == 1


async def test_resending_too_soon_is_told_when_to_try_again(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    sent = await olga.change(INVITE, email=ANN)
    first = await people.token_sent_to(ANN)
    given = {"id": sent["invitation"]["id"]}
    answer = await olga.answer(
        "mutation ($i: ResendInvitationInput!) { resendInvitation(input: $i) { __typename } }",
        i=given,
    )
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "TOO_MANY"
    assert 0 < error["extensions"]["retryAfterSeconds"] <= 60
    await owner.execute("UPDATE invitation SET sent_at = sent_at - interval '2 minutes'")
    await olga.change("resendInvitation { invitation { id } }", **given)
    second = await people.token_sent_to(ANN)
    preview = "query ($t: String!) { invitation(token: $t) { email } }"
    assert (await olga.ask(preview, t=first))["invitation"] is None
    assert (await olga.ask(preview, t=second))["invitation"] == {"email": ANN}


async def test_a_changed_role_counts_with_the_next_request(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, ANN, Role.ADMIN)
    await ann.ask("{ apiKeys { nodes { id } } }")
    payload = await olga.change(ROLE, id=await member_id(olga, ANN), role="MEMBER")
    assert payload["member"] == {"email": ANN, "role": "MEMBER"}
    answer = await ann.answer("{ apiKeys { nodes { id } } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_PERMITTED"]


async def test_the_last_owner_stays(people: Reception) -> None:
    olga = await founder(people)
    await colleague(people, olga, ANN, Role.ADMIN)
    own = await member_id(olga, "olga@acme.test")
    for payload in (
        await olga.attempt(ROLE, id=own, role="ADMIN"),
        await olga.attempt(REMOVE, id=own),
        await olga.attempt("leaveOrganization { isDone }", organizationId="acme-tools"),
    ):
        assert codes(payload) == ["LAST_OWNER"]
    assert await team(olga) == {"olga@acme.test": "OWNER", ANN: "ADMIN"}


async def test_owners_who_demote_each_other_at_once_leave_one(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, ANN, Role.OWNER)
    for _ in range(5):
        ids = {email: await member_id(olga, email) for email in (ANN, "olga@acme.test")}
        payloads = await asyncio.gather(
            ann.attempt(ROLE, id=ids["olga@acme.test"], role="ADMIN"),
            olga.attempt(ROLE, id=ids[ANN], role="ADMIN"),
        )
        assert sorted(map(codes, payloads)) == [[], ["NOT_PERMITTED"]]
        roles = await team(olga)
        assert sorted(roles.values()) == ["ADMIN", "OWNER"]
        last, other = (olga, ANN) if roles[ANN] == "ADMIN" else (ann, "olga@acme.test")
        await last.change(ROLE, id=ids[other], role="OWNER")


async def test_of_owners_who_leave_at_once_one_stays(people: Reception) -> None:
    olga = await founder(people)
    others = [
        await colleague(people, olga, f"o{number}@acme.test", Role.OWNER) for number in range(3)
    ]
    leave = "leaveOrganization { isDone }"
    payloads = await asyncio.gather(
        *(one.attempt(leave, organizationId="acme-tools") for one in (olga, *others))
    )
    assert sorted(map(codes, payloads)) == [[], [], [], ["LAST_OWNER"]]


async def test_whoever_leaves_has_left(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, ANN, Role.MEMBER)
    leave = "leaveOrganization { isDone }"
    for organization in ("other-tools", ""):
        payload = await ann.attempt(leave, organizationId=organization)
        assert (payload["isDone"], codes(payload)) == (False, ["NOT_FOUND"])
    assert (await ann.change(leave, organizationId="acme-tools"))["isDone"] is True
    assert codes(await ann.attempt(leave, organizationId="acme-tools")) == ["NOT_FOUND"]
    assert (await ann.ask("{ viewer { organizations { slug } } }"))["viewer"] == {
        "organizations": []
    }
    assert await team(olga) == {"olga@acme.test": "OWNER"}


# By role: what olga, the owner, lets others do to mia, a member. True: it is done.
MATRIX: list[tuple[str, dict[str, Any], dict[Role, bool]]] = [
    ("updateOrganization { organization { id } }", {"name": "New"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),  # noqa: E501 - a table
    (INVITE, {"email": "new@acme.test", "role": "ADMIN"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),  # noqa: E501 - a table
    (INVITE, {"email": "new@acme.test", "role": "OWNER"}, {Role.OWNER: True, Role.ADMIN: False, Role.MEMBER: False}),  # noqa: E501 - a table
    ("cancelInvitation { deletedId }", {"id": "$invitation"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),  # noqa: E501 - a table
    (ROLE, {"id": "$mia", "role": "ADMIN"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),  # noqa: E501 - a table
    (ROLE, {"id": "$mia", "role": "OWNER"}, {Role.OWNER: True, Role.ADMIN: False, Role.MEMBER: False}),  # noqa: E501 - a table
    (ROLE, {"id": "$olga", "role": "MEMBER"}, {Role.OWNER: True, Role.ADMIN: False, Role.MEMBER: False}),  # noqa: E501 - a table
    (REMOVE, {"id": "$mia"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),
    (REMOVE, {"id": "$olga"}, {Role.OWNER: True, Role.ADMIN: False, Role.MEMBER: False}),
    ("createApiKey { apiKey { id } }", {"name": "K", "scopes": ["READ"]}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),  # noqa: E501 - a table
    ("revokeApiKey { apiKey { id } }", {"id": "$key"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: False}),  # noqa: E501 - a table
    ("leaveOrganization { isDone }", {"organizationId": "acme-tools"}, {Role.OWNER: True, Role.ADMIN: True, Role.MEMBER: True}),  # noqa: E501 - a table
]  # fmt: skip


@pytest.mark.parametrize("role", Role)
async def test_every_role_does_what_the_table_says_and_nothing_more(
    people: Reception, owner: asyncpg.Connection, role: Role
) -> None:
    """One organization; each change is taken back by undoing the roles that it may have moved."""
    olga = await founder(people)
    actor = await colleague(people, olga, ANN, role)
    for mutation, given, allowed in MATRIX:
        ids = await settled(people, olga, owner)
        before = await dump(owner)
        payload = await actor.attempt(
            mutation, **{name: ids.get(str(value), value) for name, value in given.items()}
        )
        assert codes(payload) == ([] if allowed[role] else ["NOT_PERMITTED"]), (mutation, given)
        assert (await dump(owner) == before) is not allowed[role]
        await restored(owner, role)


async def settled(people: Reception, olga: Browser, owner: asyncpg.Connection) -> dict[str, str]:
    """The ids that the table names, everything there that it needs."""
    await owner.execute("DELETE FROM invitation WHERE accepted_at IS NULL")
    nodes = (await olga.ask(TEAM))["members"]["nodes"]
    if all(one["email"] != "mia@acme.test" for one in nodes):
        is_known = await owner.fetchval("SELECT count(*) FROM account WHERE email LIKE 'mia@%'")
        if not is_known:
            await people.newcomer("mia@acme.test")
        await olga.change(INVITE, email="mia@acme.test")
        mia = browser_at(people, await people.sign_in("mia@acme.test"))
        token = (await people.mails_to("mia@acme.test"))[-1].text.partition("?token=")[2].split()[0]
        await mia.change("acceptInvitation { organization { slug } }", token=token)
    invited = await olga.change(INVITE, email="ivy@acme.test")
    key = await olga.change("createApiKey { apiKey { id } }", name="K", scopes=["READ"])
    return {
        "$olga": await member_id(olga, "olga@acme.test"),
        "$mia": await member_id(olga, "mia@acme.test"),
        "$invitation": invited["invitation"]["id"],
        "$key": key["apiKey"]["id"],
    }


async def restored(owner: asyncpg.Connection, role: Role) -> None:
    """Everyone a member again, in the role that they had."""
    await owner.execute(
        "INSERT INTO membership (id, organization_id, user_id, role, created_at, updated_at)"
        " SELECT 'mbr_' || a.id, o.id, a.id, 'member', now(), now() FROM account a, organization o"
        " ON CONFLICT DO NOTHING"
    )
    await owner.execute(
        "UPDATE membership m SET role = CASE a.email WHEN 'olga@acme.test' THEN 'owner'"
        " WHEN 'ann@acme.test' THEN $1 ELSE 'member' END FROM account a WHERE a.id = m.user_id",
        role.value,
    )


async def test_no_key_changes_the_team(people: Reception, owner: asyncpg.Connection) -> None:
    olga = await founder(people)
    script = await with_key("acme-tools", *KeyScope)
    await script.ask("{ viewer { id } }")
    own = await member_id(olga, "olga@acme.test")
    before = await dump(owner)
    for mutation, given in (
        (INVITE, {"email": ANN}),
        (ROLE, {"id": own, "role": "MEMBER"}),
        (REMOVE, {"id": own}),
        ("leaveOrganization { isDone }", {"organizationId": "acme-tools"}),
        ("updateOrganization { organization { id } }", {"name": "New"}),
        ("createApiKey { token }", {"name": "K", "scopes": ["READ"]}),
    ):
        assert codes(await script.attempt(mutation, **given)) == ["NOT_PERMITTED"]
    assert await dump(owner) == before


async def test_a_repeat_with_the_same_key_is_answered_alike_and_done_once(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    given = {"email": ANN, "idempotencyKey": "one"}
    first, *more = await asyncio.gather(*(olga.attempt(INVITE, **given) for _ in range(5)))
    assert first["userErrors"] == []
    assert all(payload == first for payload in more)
    assert len(await people.mails_to(ANN)) == 1
    sent = "SELECT count(*) FROM audit_entry WHERE action = 'invitation.sent'"
    assert await owner.fetchval(sent) == 1
    ann = browser_at(people, await people.newcomer(ANN))
    token = (await people.mails_to(ANN))[0].text.partition("?token=")[2].split()[0]
    await ann.change("acceptInvitation { organization { slug } }", token=token)
    removal = {"id": await member_id(olga, ANN), "idempotencyKey": "two"}
    removed = [await olga.change(REMOVE, **removal) for _ in range(2)]
    assert removed[0] == removed[1]


async def test_a_key_that_came_with_another_request_is_refused(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    await olga.change(INVITE, email=ANN, idempotencyKey="one")
    await olga.ask("{ viewer { id } }")
    before = await dump(owner)
    for mutation, given in (
        (INVITE, {"email": "mia@acme.test"}),
        (INVITE, {"email": ANN, "role": "ADMIN"}),
        ("updateOrganization { organization { id } }", {"name": "New"}),
    ):
        payload = await olga.attempt(mutation, **given, idempotencyKey="one")
        assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [
            ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
        ]
    assert await dump(owner) == before


async def test_who_was_demoted_repeats_nothing(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, ANN, Role.ADMIN)
    given = {"email": "mia@acme.test", "idempotencyKey": "one"}
    await ann.change(INVITE, **given)
    await olga.change(ROLE, id=await member_id(olga, ANN), role="MEMBER")
    assert codes(await ann.attempt(INVITE, **given)) == ["NOT_PERMITTED"]


async def test_an_organization_is_founded_once_for_a_key(people: Reception) -> None:
    olga = browser_at(people, await people.newcomer("olga@acme.test"))
    create = "createOrganization { organization { id slug allowedOrigins revision } }"
    given = {"name": "Acme", "slug": "acme-tools", "idempotencyKey": "one"}
    first = await olga.change(create, **given)
    assert await olga.change(create, **given) == first
    assert codes(await olga.attempt(create, **{**given, "name": "Other"})) == [
        "IDEMPOTENCY_KEY_REUSED"
    ]
    payload = await olga.attempt(create, name="Acme", slug="acme-tools")
    assert codes(payload) == ["SLUG_TAKEN"]
    assert await team(olga) == {"olga@acme.test": "OWNER"}
