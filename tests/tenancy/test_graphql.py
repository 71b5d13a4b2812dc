"""Who may not: every root field as nobody, as a stranger, and as a key that was made for less."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import pytest

from app.core.enums import KeyScope, Role
from app.domain import admission
from app.graphql.schema import build_schema
from tests.support import authoring
from tests.support.graph import Graph, input_type, with_key
from tests.support.people import Reception, reception
from tests.support.tables import Dump, dump
from tests.tenancy.graphql_manifest import READS, WRITES, Read, Write

EACH_READ = pytest.mark.parametrize("read", READS, ids=[read.name for read in READS])
EACH_WRITE = pytest.mark.parametrize("write", WRITES, ids=[write.name for write in WRITES])
FOR_ADMINS = [write for write in WRITES if write.is_for_admins]


@dataclass(slots=True)
class Victim:
    """The organization whose ids everybody tries."""

    owner: asyncpg.Connection
    organization_id: str
    ids: dict[str, str]
    people: Reception

    def spelled(self, given: Any) -> Any:
        """The same with the ids in place of their names."""
        text = msgspec.json.encode(given).decode()
        for name, one in self.ids.items():
            text = text.replace(name, one)
        return msgspec.json.decode(text)

    async def held(self) -> Dump:
        """Everything that the organization has."""
        return await dump(self.owner, owner_id=self.organization_id)


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
        }
        yield Victim(owner, scope.organization_id, ids, people)


async def known(graph: Graph) -> Graph:
    """The same, after its first request, which is noted as the key's last use."""
    await graph.ask("{ viewer { id } }")
    return graph


async def stranger() -> Graph:
    await authoring.found("other-tools")
    return await known(await with_key("other-tools"))


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
    other = await stranger()
    before = await victim.held()
    payload = await other.attempt(f"{write.name} {{ __typename }}", **victim.spelled(write.given))
    codes = {error["code"] for error in payload["userErrors"]}
    assert codes == (set() if write.is_own else {"NOT_FOUND"})
    assert await victim.held() == before


@EACH_WRITE
async def test_nobody_changes_nothing(victim: Victim, write: Write) -> None:
    before = await victim.held()
    kind = f"mutation C($input: {input_type(write.name)}!)"
    answer = await Graph().answer(
        f"{kind} {{ {write.name}(input: $input) {{ __typename }} }}",
        input=victim.spelled(write.given),
    )
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
    token = await victim.people.sign_in("mia@acme.test")
    member = await known(Graph(headers={"cookie": f"__Host-mcplatform={token}"}))
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
