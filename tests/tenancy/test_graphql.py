"""Who may not: every root field as nobody, a stranger, a member, an admin, and a lesser key.

Whoever is refused leaves the whole database as it was.
"""

from typing import Any

import pytest

from app.core.enums import Role
from app.domain.permissions import Action
from app.graphql.schema import build_schema
from tests.support.graph import Graph, operation
from tests.tenancy.graphql_manifest import OWN, READS, WRITES, Read, Write
from tests.tenancy.stage import Actor, Stage


def each(entries: list[Any]) -> pytest.MarkDecorator:
    """The test once for each entry."""
    return pytest.mark.parametrize("entry", entries, ids=[entry.name for entry in entries])


EACH_READ = each(READS)
EACH_WRITE = each(WRITES)
EACH_WITH_PERMISSION = each(
    [entry for entry in (*READS, *WRITES) if isinstance(entry.door, Action)]
)
EACH_ROLE = pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMIN])


async def read(actor: Actor, entry: Read) -> tuple[Any, list[str]]:
    """What the field told this actor, and the codes of what went wrong."""
    answer = await actor.graph.answer(actor.spelled(entry.query))
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    return (answer["data"] or {}).get(entry.name), codes


async def tried(actor: Actor, entry: Write) -> list[str]:
    """The codes that the actor was told."""
    query = operation(entry.name, "userErrors { code }")
    answer = await actor.graph.answer(query, input=actor.spelled(entry.given))
    if "errors" in answer:
        return [error["extensions"]["code"] for error in answer["errors"]]
    return [error["code"] for error in answer["data"][entry.name]["userErrors"]]


def codes_of(code: str | None) -> list[str]:
    """The code, if there is one, as a list."""
    return [] if code is None else [code]


async def check_read(stage: Stage, actor: Actor, entry: Read, *, refusal: str | None) -> None:
    """The actor is refused with this code, or reads what there is."""
    shown, codes = await read(actor, entry)
    assert codes == codes_of(refusal)
    if refusal is not None:
        assert shown is None
    elif entry.foreign is not OWN:
        assert shown not in (None, entry.foreign)
    assert await stage.changes() == {}


async def check_write(stage: Stage, actor: Actor, entry: Write, *, refusal: str | None) -> None:
    """The actor is refused with this code and changes nothing, or does it."""
    told = refusal or entry.told
    assert await tried(actor, entry) == codes_of(told)
    if told is not None:
        assert await stage.changes() == {}


def test_every_root_field_is_in_the_manifest_once() -> None:
    schema = build_schema()._schema
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    assert sorted(schema.query_type.fields) == sorted(entry.name for entry in READS)
    assert sorted(schema.mutation_type.fields) == sorted(entry.name for entry in WRITES)


@EACH_READ
async def test_nobody_reads_what_is_not_open(stage: Stage, entry: Read) -> None:
    shown, codes = await read(stage.nobody, entry)
    assert codes == codes_of(entry.to_nobody)
    assert shown is None
    assert await stage.changes() == {}


@EACH_READ
async def test_another_organizations_owner_reads_not_found(stage: Stage, entry: Read) -> None:
    shown, codes = await read(stage.stranger, entry)
    assert codes == []
    assert not stage.home.is_mentioned_in(shown)
    if entry.foreign is not OWN:
        assert shown == entry.foreign
    assert await stage.changes() == {}


@EACH_ROLE
@EACH_READ
async def test_a_role_reads_what_the_table_says(stage: Stage, entry: Read, role: Role) -> None:
    await check_read(stage, stage.own[role], entry, refusal=entry.to_role(role))


@EACH_READ
async def test_a_key_without_the_scope_reads_nothing(stage: Stage, entry: Read) -> None:
    actor = stage.without(entry.key_scopes)
    await check_read(stage, actor, entry, refusal=entry.to_other_keys)


@EACH_WRITE
async def test_nobody_changes_what_is_not_open(stage: Stage, entry: Write) -> None:
    await check_write(stage, stage.nobody, entry, refusal=entry.to_nobody)
    assert not stage.home.is_mentioned_in(await stage.changes())


@EACH_WRITE
async def test_another_organizations_owner_changes_nothing_here(stage: Stage, entry: Write) -> None:
    refusal = None if entry.foreign is OWN else entry.foreign
    await check_write(stage, stage.stranger, entry, refusal=refusal)
    assert not stage.home.is_mentioned_in(await stage.changes())


@EACH_ROLE
@EACH_WRITE
async def test_a_role_does_what_the_table_says(stage: Stage, entry: Write, role: Role) -> None:
    await check_write(stage, stage.own[role], entry, refusal=entry.to_role(role))


@EACH_WRITE
async def test_a_key_without_the_scope_changes_nothing(stage: Stage, entry: Write) -> None:
    actor = stage.without(entry.key_scopes)
    await check_write(stage, actor, entry, refusal=entry.to_other_keys)


@EACH_WITH_PERMISSION
async def test_another_organization_named_in_the_header_is_not_found(
    stage: Stage, entry: Read | Write
) -> None:
    cookie, home = stage.stranger.graph.headers, stage.home.ids["$organization"]
    graph = Graph(stage.stranger.graph.app, {**cookie, "x-organization": home})
    actor = Actor(graph, stage.home.ids)
    if isinstance(entry, Read):
        assert await read(actor, entry) == (None, ["NOT_FOUND"])
    else:
        assert await tried(actor, entry) == ["NOT_FOUND"]
    assert await stage.changes() == {}
