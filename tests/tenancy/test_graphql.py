"""Who may not: every root field as nobody, as a stranger, and as a key that was made for less."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import pytest

from app.core.enums import KeyScope, Role
from app.core.scope import MemberScope
from app.domain import admission, api_keys, invitations, members, ticket_comments, ticket_desk
from app.graphql.schema import build_schema
from tests.support import authoring
from tests.support.edge import edge
from tests.support.graph import Graph, operation, with_key
from tests.support.people import Reception, reception
from tests.support.tables import Dump, dump
from tests.support.tickets import ask_for_help
from tests.tenancy.graphql_manifest import READS, WRITES, Read, Write

EACH_READ = pytest.mark.parametrize("read", READS, ids=[read.name for read in READS])
EACH_WRITE = pytest.mark.parametrize("write", WRITES, ids=[write.name for write in WRITES])
FOR_ADMINS = [write for write in WRITES if write.is_for_admins]
FOR_PEOPLE = [read for read in READS if read.is_for_people]


@dataclass(slots=True)
class Victim:
    """The organization whose ids everybody tries."""

    owner: asyncpg.Connection
    organization_id: str
    user_id: str
    ids: dict[str, str]
    people: Reception

    def spelled(self, given: Any) -> Any:
        """The same with the ids in place of their names."""
        text = msgspec.json.encode(given).decode()
        for name, one in self.ids.items():
            text = text.replace(name, one)
        return msgspec.json.decode(text)

    async def held(self) -> Dump:
        """Everything that the organization and its owner have."""
        shared = await dump(self.owner, owner_id=self.organization_id)
        own = await dump(self.owner, owner_id=self.user_id)
        return {name: rows + own[name] for name, rows in shared.items()}

    async def person(self, token: str) -> Graph:
        """Whoever has this session, after their first request, which is noted as its last use."""
        app = edge(desk=self.people.desk)
        return await known(Graph(app, {"cookie": f"__Host-mcplatform={token}"}))


@pytest.fixture
async def victim(owner: asyncpg.Connection, database: str) -> AsyncIterator[Victim]:
    """An organization with a server, on which a walkthrough is assigned and published."""
    async with reception() as people:
        scope = await people.owner()
        server = await authoring.open_server(scope)
        walkthrough = await authoring.write(scope, "One", "Two", is_published=True)
        graph = await with_key("acme-tools")
        await graph.change(
            "assignWalkthrough { assignment { id } }",
            serverId=server.id,
            walkthroughId=walkthrough.id,
        )
        step, other = await authoring.ids(scope, walkthrough.id)
        ids = {
            "$server": server.id,
            "$walkthrough": walkthrough.id,
            "$step": step,
            "$other": other,
            **await ids_of_people(people, scope),
            **await ids_of_tickets(scope),
        }
        yield Victim(owner, scope.organization_id, scope.actor_id, ids, people)


async def ids_of_people(people: Reception, scope: MemberScope) -> dict[str, str]:
    """The organization's, its owner's, and those of an invitation and a key."""
    user = await admission.signed_in(await people.sign_in("olga@acme.test"))
    invitation = await invitations.invite(
        scope, people.desk, email="ivy@acme.test", role=Role.MEMBER
    )
    (member,) = (await members.page(scope)).items
    return {
        "$organization": scope.organization_id,
        "$member": member.id,
        "$session": user.session_id or "",
        "$invitation": invitation.id,
        "$token": await people.token_sent_to("ivy@acme.test"),
        "$key": (await api_keys.page(scope)).items[0].id,
    }


async def ids_of_tickets(scope: MemberScope) -> dict[str, str]:
    """An end user's, their ticket's, and that of its owner's comment on it."""
    await ask_for_help()
    ticket = await ticket_desk.by_number(scope, 1)
    written = await ticket_comments.add(scope, ticket.id, body="We look into it.")
    return {
        "$ticket": ticket.id,
        "$comment": written.activity_id or "",
        "$endUser": ticket.end_user_id or "",
    }


async def known(graph: Graph) -> Graph:
    """The same, after its first request, which is noted as the key's last use."""
    await graph.ask("{ viewer { id } }")
    return graph


async def stranger() -> Graph:
    await authoring.found("other-tools")
    return await known(await with_key("other-tools"))


async def strange_person(victim: Victim) -> Graph:
    """Another organization's owner."""
    return await victim.person(await victim.people.founder("eve@other.test", "other-tools"))


def test_every_root_field_has_its_denials() -> None:
    schema = build_schema()._schema
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    assert sorted(schema.query_type.fields) == sorted(read.name for read in READS)
    assert sorted(schema.mutation_type.fields) == sorted(write.name for write in WRITES)


@EACH_READ
async def test_a_stranger_reads_not_found(victim: Victim, read: Read) -> None:
    other = await stranger()
    if read.is_for_people:
        answer = await other.answer(read.query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_PERMITTED"]
        return
    data = await other.ask(victim.spelled(read.query))
    if read.name != "viewer":
        assert data == {read.name: read.stranger}
    assert not any(one in str(data) for one in victim.ids.values())


@pytest.mark.parametrize("read", FOR_PEOPLE, ids=[read.name for read in FOR_PEOPLE])
async def test_another_organizations_owner_reads_their_own_alone(
    victim: Victim, read: Read
) -> None:
    other = await strange_person(victim)
    data = await other.ask(victim.spelled(read.query))
    assert not any(one in str(data) for one in victim.ids.values())


@EACH_READ
async def test_nobody_reads_nothing(victim: Victim, read: Read) -> None:
    answer = await Graph().answer(victim.spelled(read.query))
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes == ([] if read.nobody is None else [read.nobody])
    assert not (answer["data"] or {}).get(read.name)


@EACH_READ
async def test_a_key_made_for_less_reads_nothing(victim: Victim, read: Read) -> None:
    less = await with_key("acme-tools", KeyScope.END_USERS)
    answer = await less.answer(victim.spelled(read.query))
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert codes == ([] if read.scopeless is None else [read.scopeless])


@EACH_WRITE
async def test_a_stranger_changes_nothing(victim: Victim, write: Write) -> None:
    other = await (strange_person(victim) if write.is_for_people else stranger())
    before = await victim.held()
    payload = await other.attempt(f"{write.name} {{ __typename }}", **victim.spelled(write.given))
    assert {error["code"] for error in payload["userErrors"]} == write.told
    assert await victim.held() == before


@EACH_WRITE
async def test_nobody_changes_nothing(victim: Victim, write: Write) -> None:
    before = await victim.held()
    nobody = Graph(edge(desk=victim.people.desk))
    answer = await nobody.answer(
        operation(write.name, "userErrors { code }"), input=victim.spelled(write.given)
    )
    if write.is_open:
        payload = answer["data"][write.name]
        assert {error["code"] for error in payload["userErrors"]} == write.told
    else:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_SIGNED_IN"]
    assert await victim.held() == before


@EACH_WRITE
async def test_a_key_for_reading_changes_nothing(victim: Victim, write: Write) -> None:
    less = await known(await with_key("acme-tools", KeyScope.READ))
    before = await victim.held()
    payload = await less.attempt(f"{write.name} {{ __typename }}", **victim.spelled(write.given))
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_PERMITTED"]
    assert await victim.held() == before


@pytest.mark.parametrize("write", FOR_ADMINS, ids=[write.name for write in FOR_ADMINS])
async def test_a_member_does_nothing_of_an_admins(victim: Victim, write: Write) -> None:
    owner = await victim.people.sign_in("olga@acme.test")
    scope = await admission.member(owner, "acme-tools")
    await victim.people.joined(scope, "mia@acme.test", Role.MEMBER)
    member = await victim.person(await victim.people.sign_in("mia@acme.test"))
    before = await victim.held()
    payload = await member.attempt(f"{write.name} {{ __typename }}", **victim.spelled(write.given))
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_PERMITTED"]
    assert await victim.held() == before


async def test_a_strangers_walkthrough_is_not_found_for_ones_own_server(victim: Victim) -> None:
    other = await stranger()
    made = await other.change(
        "createServer { server { id } }", slug="other-docs", name="O", product="P"
    )
    before = await victim.held()
    for name, given in {
        "assignWalkthrough": {"walkthroughId": "$walkthrough"},
        "unassignWalkthrough": {"walkthroughId": "$walkthrough"},
        "enableAssignment": {"walkthroughId": "$walkthrough", "isEnabled": True},
    }.items():
        payload = await other.attempt(
            f"{name} {{ __typename }}", serverId=made["server"]["id"], **victim.spelled(given)
        )
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    assert await victim.held() == before
