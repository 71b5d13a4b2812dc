"""Inputs that mean something: real ids, others' ids, forged cursors and characters that hurt.

Schemathesis writes operations that are right by the schema; these get behind it more often.
"""

import json
from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asyncpg
import msgspec
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from app.core.enums import Role
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.domain import admission
from app.graphql.schema import build_schema
from tests.support.edge import edge
from tests.support.graph import Graph, with_key
from tests.support.people import reception
from tests.support.scale import SCALE, scaled
from tests.support.tables import OWNERS, dump
from tests.tenancy.tenants import settle

pytestmark = pytest.mark.timeout(scaled(300))

SCHEMA = build_schema()._schema
OURS_TO_MEND = {"INTERNAL_ERROR", "UNAVAILABLE", "TIMEOUT"}
OTHER_WORD = "Zebra"
ROUNDS = scaled(8)
# They end what the others need: Schemathesis tries them.
LEFT_OUT = {"signOut", "endSession", "endOtherSessions", "leaveOrganization", "removeMember",
            "changeMemberRole", "revokeApiKey", "createOrganization", "deleteServer"}  # fmt: skip
TEXTS = (
    "", " ", "a", "Title", "a" * 300, "a" * 60_000, "\x00", "a\x00b", "\u202e\u2066", "\ufffe", "İ",
    "\U0001f469\u200d\U0001f4bb" * 40, "%", "_", "\\", "%_\\%", "'; DROP TABLE step; --", "(a+)+$",
    "{{7*7}}", "${jndi}", "../../etc/passwd", "\r\nSet-Cookie: a=b", "<script>", "null", "-1",
    "https://a.example", "https://[::1]:0", "javascript:0", "a@b.example", "a@b.c\r\nBcc: c@d.e",
    '{"walkthrough": {"title": "A"}, "steps": [{"title": "B"}]}', "[" * 2_000, '{"a": 1e999}',
    '{"walkthrough": {"title": "A\\u0000"}, "steps": []}', '{"steps": [{"title": "\\ud800"}]}',
)  # fmt: skip
NUMBERS = (1, 2, 3, 5, 100, 0, -1, 101, 2**31 - 1, -(2**31), 2**31, 2**63, 10**30, 1.5, 1e300)
MOMENTS = (
    "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01", "0001-01-01T00:00:00Z", "1e9",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2099-12-31T00:00:00+23:59", "now", "infinity",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    {}, [], {"a": [1, {"b": None}]}, {"a": "\x00"}, {"": 1}, {"\x00": 1}, "a", 1, 1e300, True,
    {"stepId": "a"}, {"a": [[[[[[[[1]]]]]]]]}, {"a": "b" * 30_000}, {"a": 2**70},
)  # fmt: skip
COLUMNS = ("title", "created_at", "updated_at", "connected_at", "last_seen_at", "name", "number",
           "email", "id", "organization_id", "no_such")  # fmt: skip


@dataclass(slots=True)
class Inputs:
    """Makes up values for the types of the schema."""

    random: Random
    ids: list[str]
    others: list[str]
    cursors: list[str] = field(default_factory=list)

    def arguments(self, of: GraphQLField) -> dict[str, Any]:
        """Values for the arguments of a root field; the optional ones sometimes."""
        chosen = {
            name: self.value(name, argument.type)
            for name, argument in of.args.items()
            if isinstance(argument.type, GraphQLNonNull) or self.random.random() < 0.4
        }
        if {"first", "last"} <= set(chosen) and self.random.random() < 0.9:
            del chosen["last"]
        return chosen

    def value(self, name: str, kind: Any) -> Any:
        """A value for an argument or a field of this name."""
        if isinstance(kind, GraphQLNonNull):
            return self.value(name, kind.of_type)
        if self.random.random() < 0.03:
            return None
        if isinstance(kind, GraphQLList):
            return [self.value(name, kind.of_type) for _ in range(self.random.randrange(4))]
        if isinstance(kind, GraphQLInputObjectType):
            return {
                one: self.value(one, given.type)
                for one, given in kind.fields.items()
                if isinstance(given.type, GraphQLNonNull) or self.random.random() < 0.5
            }
        if isinstance(kind, GraphQLEnumType):
            return self.random.choice(
                [*kind.values, "NO_SUCH"] if self._seldom() else [*kind.values]
            )
        return self._scalar(name, kind.name)

    def _seldom(self) -> bool:
        return self.random.random() < 0.05

    def _scalar(self, name: str, kind: str) -> Any:
        if self._seldom():
            kind = self.random.choice(["Int", "Boolean", "JSON", "String", "ID"])
        if kind == "String":
            return self._string(name)
        if kind in {"ID", "Int"} and self._seldom():
            return self._text()
        return self.random.choice(
            {
                "ID": self.random.choice([self.ids, self.ids, self.others]),
                "Boolean": (True, False),
                "Int": self.random.choice([NUMBERS[:5], NUMBERS[:5], NUMBERS]),
                "DateTime": MOMENTS,
                "JSON": VALUES,
            }[kind]
        )

    def _string(self, name: str) -> str:
        if name in {"after", "before"}:
            return self._cursor()
        if name == "idempotencyKey" and not self._seldom():
            return f"key {self.random.random()}"
        return self._text()

    def _text(self) -> str:
        return self.random.choice(TEXTS)

    def _cursor(self) -> str:
        if self.cursors and self.random.random() < 0.5:
            return self.random.choice(self.cursors)
        moment = self.random.choice([None, None, *MOMENTS])
        text: Any = self.random.choice([None, 1, [], self._text(), self._text()])
        parts = [
            self.random.choice(COLUMNS),
            moment,
            text,
            self.random.choice([*self.ids, "\x00", 1]),
        ]
        kept = parts[: self.random.choice([4, 4, 4, 4, 3, 0])]
        return urlsafe_b64encode(json.dumps(kept).encode()).decode()


def selection(kind: Any, depth: int) -> str:
    """Everything that can be selected without arguments, so many levels deep."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        return ""
    chosen = []
    for name, one in named.fields.items():
        is_free = not any(isinstance(arg.type, GraphQLNonNull) for arg in one.args.values())
        if is_leaf_type(get_named_type(one.type)):
            chosen += [name] if is_free else []
        elif is_free and depth > 1 and (inner := selection(one.type, depth - 1)):
            chosen.append(f"{name} {inner}")
    return f"{{ {' '.join(chosen)} }}" if chosen else ""


def operation(root: str, name: str, of: GraphQLField, arguments: dict[str, Any]) -> str:
    """An operation with everything in variables."""
    declared = ", ".join(f"${key}: {of.args[key].type}" for key in arguments)
    passed = ", ".join(f"{key}: ${key}" for key in arguments)
    depth = 3 if get_named_type(of.type).name.endswith("Connection") else 2
    return (
        f"{root} {f'({declared})' if declared else ''}"
        f" {{ {name} {f'({passed})' if passed else ''} {selection(of.type, depth)} }}"
    )


async def ids_of(owner: asyncpg.Connection, organization_id: str) -> list[str]:
    """The ids of what an organization has, and some other facts that are as good as ids."""
    found = [organization_id]
    for name, column in OWNERS.items():
        rows = await owner.fetch(
            f"SELECT to_jsonb(t) ->> 'id' AS id FROM {name} t WHERE {column} = $1", organization_id
        )
        found += [row["id"] for row in rows if row["id"] is not None]
    return sorted(set(found))


async def judged(sender: Graph, query: str, given: dict[str, Any], said: Counter[str]) -> Any:
    """The data of an operation; it must be answered as all must be."""
    response = await sender.post(msgspec.json.encode({"query": query, "variables": given}))
    about = f"{query}\n{str(given)[:2_000]}\n{response.text[:2_000]}"
    assert response.status_code in {200, 400, 413}, about
    answer = response.json()
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert not OURS_TO_MEND & set(codes), about
    assert OTHER_WORD not in response.text, about
    said.update(codes or ["data"])
    return answer.get("data")


def cursors_in(data: Any) -> list[str]:
    """The cursors of a list that was read."""
    infos = [one.get("pageInfo") for one in (data or {}).values() if isinstance(one, dict)]
    return [cursor for info in infos if info for cursor in info.values() if isinstance(cursor, str)]


@pytest.mark.parametrize("who", ["key", "member"])
async def test_no_input_finds_a_fault_of_ours_or_another_organization(
    database: str, owner: asyncpg.Connection, who: str
) -> None:
    ours = await settle(owner, "acme-docs", word="Acme")
    other = await settle(owner, "other-docs", word=OTHER_WORD)
    others = await ids_of(owner, other.organization_id)
    async with reception() as people:
        limiter = Limiter(metrics=Metrics(), address_calls_per_minute=1_000_000)
        app = edge(desk=people.desk, limiter=limiter)
        operator = await admission.operator_as_owner("acme-docs-org")
        await people.joined(operator, "olga@acme.test", Role.OWNER)
        cookie = {"cookie": f"__Host-mcplatform={await people.sign_in('olga@acme.test')}"}
        by_key = await with_key("acme-docs-org", app=app)
        sender = by_key if who == "key" else Graph(app, cookie)
        ids = await ids_of(owner, ours.organization_id)
        random = Random(f"{who} 1" if SCALE == 1 else None)
        inputs = Inputs(random, [*ids, "acme-docs-new", "1"], [*others, "other-docs-new"])
        before = await dump(owner, owner_id=other.organization_id)
        said: Counter[str] = Counter()
        assert SCHEMA.query_type is not None
        assert SCHEMA.mutation_type is not None
        roots = {"query": SCHEMA.query_type, "mutation": SCHEMA.mutation_type}
        for _ in range(ROUNDS):
            for root, kind in roots.items():
                for name, of in kind.fields.items():
                    if name in LEFT_OUT:
                        continue
                    given = inputs.arguments(of)
                    data = await judged(sender, operation(root, name, of, given), given, said)
                    inputs.cursors += cursors_in(data)
        assert said.total() >= ROUNDS * 60
        assert said["data"] > said.total() / 3
        assert await dump(owner, owner_id=other.organization_id) == before
        present = (await sender.ask("{ organization { id } }"))["organization"]
        assert present == {"id": ours.organization_id}
