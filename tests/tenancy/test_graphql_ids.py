"""Other organizations' ids: wherever one can be given, it reads as if it were nobody's."""

from re import findall
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    graphql,
)

from app.core.scope import MemberScope
from app.graphql.context import Context, Principal
from tests.support.graph import input_type, operation
from tests.support.people import client
from tests.tenancy import schema_walk
from tests.tenancy.graphql_manifest import OWN, WRITES, Write
from tests.tenancy.schema_walk import Route, id_arguments, is_absent, is_resolved, leaves, routes
from tests.tenancy.stage import Actor, Company, Stage, spelled

TAKING = [(route, argument) for route in routes() for argument in id_arguments(route)]
PAGED = [route for route in routes() if "after" in route.last.args]
NAMING = [
    (entry, name)
    for entry in WRITES
    for name in sorted(set(findall(r"\$\w+", str(entry.given))))
    if name not in {"$address", "$token"}  # no ids: what they are good for, others may try
]

# By type, the id of the object that the home organization has of it. Others are reached through
# their arguments alone, or are the caller's own.
PARENTS = {
    "Assignment": "$assignment",
    "EndUser": "$endUser",
    "Progress": "$progress",
    "Server": "$server",
    "Session": "$visit",
    "Step": "$step",
    "Ticket": "$ticket",
    "ToolCall": "$call",
    "Walkthrough": "$walkthrough",
    "WalkthroughRuns": "$walkthrough",
}
WITHOUT_IDS = {"Query", "Mutation", "Viewer", "User", "Analytics"}
OF = {
    "assignee_id": "$member",
    "current_step_id": "$step",
    "end_user_id": "$endUser",
    "server_id": "$server",
    "session_id": "$visit",
    "slug": "$slug",
    "step_id": "$step",
    "walkthrough_id": "$walkthrough",
}


def unknown(one: str) -> str:
    """An id of the same kind that nobody has."""
    prefix, _, rest = one.partition("_")
    return f"{prefix}_{'a' * len(rest)}"


async def read(company: Company, route: Route, selection: str, *arguments: str) -> Any:
    """What an organization's owner reads at the end of the route, by their own ids up to there."""
    query = spelled(route.query(selection, *arguments), company.ids)
    return route.value(await company.boss.ask(query))


@pytest.mark.parametrize(
    ("route", "argument"), TAKING, ids=[f"{route.name}({one})" for route, one in TAKING]
)
async def test_another_organizations_id_reads_as_absent_in_every_argument(
    stage: Stage, route: Route, argument: str
) -> None:
    asker = stage.other

    async def found(one: str) -> Any:
        return await read(asker, route, leaves(route.kind), argument % one)

    own = [name for name, one in asker.ids.items() if not is_absent(await found(one))]
    assert own, "no id of one's own finds anything here: this would prove nothing"
    for name in own:
        value = await found(stage.home.ids[name])
        assert is_absent(value)
        assert value == await found(unknown(stage.home.ids[name]))


@pytest.mark.parametrize("route", PAGED, ids=[route.name for route in PAGED])
async def test_another_organizations_cursor_leads_to_nothing_of_theirs(
    stage: Stage, route: Route
) -> None:
    for order in schema_walk.orders(route.last):
        edges = "{ edges { cursor } }"
        found = await read(stage.home, route, edges, *order)
        cursors = [edge["cursor"] for edge in found["edges"]]
        for cursor in (cursors[0], cursors[-1]):
            for way in (f'after: "{cursor}"', f'before: "{cursor}"'):
                page = await read(stage.other, route, leaves(route.kind), way, *order)
                assert not stage.home.is_mentioned_in(page)


def resolved(kind: GraphQLObjectType) -> list[str]:
    """The fields of a type that read something for its objects."""
    return [name for name, field in kind.fields.items() if is_resolved(field)]


READING = [
    kind
    for kind in schema_walk.schema().type_map.values()
    if isinstance(kind, GraphQLObjectType)
    and kind.name not in WITHOUT_IDS
    and not kind.name.endswith(("Connection", "Payload"))
    and resolved(kind)
]


async def read_within(stage: Stage, kind: GraphQLObjectType, scope: MemberScope) -> Any:
    """What the home organization's object of this type holds, as read in this scope."""
    ids = stage.home.ids
    parent = SimpleNamespace(
        id=ids[PARENTS[kind.name]], **{name: ids[stands] for name, stands in OF.items()}
    )
    wanted = [f"{name} {leaves(get_named_type(kind.fields[name].type))}" for name in resolved(kind)]
    context = Context(Principal(member=scope), desk=stage.home.people.desk, client=client())
    result = await graphql(
        GraphQLSchema(query=kind), f"{{ {' '.join(wanted)} }}", parent, context_value=context
    )
    assert result.errors is None, result.errors
    return result.data


@pytest.mark.parametrize("kind", READING, ids=[kind.name for kind in READING])
async def test_nothing_hangs_on_another_organizations_object(
    stage: Stage, kind: GraphQLObjectType
) -> None:
    own = await read_within(stage, kind, stage.home.scope)
    assert {name for name, value in own.items() if is_absent(value)} == set()
    foreign = await read_within(stage, kind, stage.other.scope)
    assert {name: value for name, value in foreign.items() if not is_absent(value)} == {}


def test_every_id_that_a_mutation_takes_is_in_the_manifest() -> None:
    for entry in WRITES:
        kind = schema_walk.schema().get_type(input_type(entry.name))
        taken = schema_walk.ids_in(kind) if isinstance(kind, GraphQLInputObjectType) else []
        assert [name for name in taken if "$" not in str(entry.given.get(name))] == [], entry.name


@pytest.mark.parametrize(
    ("entry", "name"), NAMING, ids=[f"{entry.name}-{name}" for entry, name in NAMING]
)
async def test_one_id_of_another_organization_among_ones_own_is_not_found(
    stage: Stage, entry: Write, name: str
) -> None:
    foreign = stage.home.ids[name]

    async def told(one: str) -> Any:
        actor = Actor(stage.other.boss, {**stage.other.ids, name: one})
        query = operation(entry.name, "userErrors { code field message }")
        payload = (await actor.graph.ask(query, input=actor.spelled(entry.given)))[entry.name]
        changes = await stage.changes()
        assert not stage.home.is_mentioned_in(changes)
        return payload["userErrors"], bool(changes)

    errors, has_changed = await told(foreign)
    is_refused = entry.foreign is not OWN  # a file may come from anywhere
    assert bool(errors) == is_refused
    assert has_changed != is_refused
    assert (errors, has_changed) == await told(unknown(foreign))
