"""Ways through the schema: to every field, and to every id that it takes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from app.graphql.schema import build_schema

# What fields ask for that cannot do without; a field that asks for an `id` gets that of its name.
_ARGUMENTS = {
    "range": "{last: DAY}",
    "number": "1",
    "token": '"mcpi_wrong"',
    "slug": '"free-docs"',
    "walkthroughId": '"$walkthrough"',
}
_IDS = {"walkthroughFile": "$walkthrough"}


@dataclass(frozen=True, slots=True)
class Route:
    """Fields from the root, each within the one before."""

    fields: tuple[tuple[str, GraphQLField], ...]

    @property
    def name(self) -> str:
        """As it is written in tests' names."""
        return ".".join(name for name, _ in self.fields)

    @property
    def last(self) -> GraphQLField:
        """The field that it leads to."""
        return self.fields[-1][1]

    @property
    def kind(self) -> Any:
        """The named type of what is there."""
        return get_named_type(self.last.type)

    def query(self, selection: str, *arguments: str) -> str:
        """The operation that selects this at the end, with these arguments of the last field."""
        text = selection
        for place, (name, field) in reversed(list(enumerate(self.fields))):
            is_last = place == len(self.fields) - 1
            given = ", ".join(_given(name, field, arguments if is_last else ()))
            called = f"{name}({given})" if given else name
            text = f"{{ {called} {text} }}"
        return text

    def value(self, data: Any) -> Any:
        """What an answer holds there; of a list, its first object's. None where there is none."""
        for name, _ in self.fields:
            parent = data[0] if isinstance(data, list) and data else data
            data = parent.get(name) if parent else None
        return data


def _given(name: str, field: GraphQLField, given: tuple[str, ...]) -> Iterator[str]:
    yield from given
    told = {one.partition(":")[0] for one in given}
    for argument, definition in field.args.items():
        if is_required_argument(definition) and argument not in told:
            own = f'"{_IDS.get(name, f"${name}")}"'
            yield f"{argument}: {own if argument == 'id' else _ARGUMENTS[argument]}"


@cache
def schema() -> GraphQLSchema:
    """The schema as graphql-core has it."""
    return build_schema()._schema


def is_resolved(field: GraphQLField) -> bool:
    """Whether the field reads something: what the object tells of itself needs no waiting."""
    definition = field.extensions.get("strawberry-definition")
    resolver = definition and definition.base_resolver
    return resolver is not None and bool(resolver.is_async)


def routes(may_pass: Callable[[Route], bool] = lambda _: True) -> list[Route]:
    """The shortest way to each field that gives objects, through those that one may pass."""
    query = schema().query_type
    assert query is not None
    found = [Route(((name, field),)) for name, field in query.fields.items()]
    seen: set[str] = set()
    for route in found:
        kind = route.kind
        if isinstance(kind, GraphQLObjectType) and kind.name not in seen and may_pass(route):
            seen.add(kind.name)
            found += [
                Route((*route.fields, (name, field)))
                for name, field in kind.fields.items()
                if isinstance(get_named_type(field.type), GraphQLObjectType) and name != "edges"
            ]
    return found


def id_arguments(route: Route) -> Iterator[str]:
    """Each argument of the last field that takes an id, with `%s` where the id belongs."""
    for name, argument in route.last.args.items():
        kind = get_named_type(argument.type)
        if kind.name == "ID":
            yield f'{name}: "%s"'
        elif isinstance(kind, GraphQLInputObjectType):
            for inner in ids_in(kind):
                yield f'{name}: {{{inner}: "%s"}}'


def ids_in(kind: GraphQLInputObjectType) -> list[str]:
    """The fields of an input that take ids."""
    return [name for name, field in kind.fields.items() if get_named_type(field.type).name == "ID"]


def orders(field: GraphQLField) -> list[tuple[str, ...]]:
    """The arguments for each order in which a list can be asked for; none where it has but one."""
    argument = field.args.get("orderBy")
    kind = get_named_type(argument.type) if argument else None
    if not isinstance(kind, GraphQLEnumType):
        return [()]
    return [(f"orderBy: {value}",) for value in kind.values]


def leaves(kind: Any) -> str:
    """The selection of all that can be read without a further object, and of a page's nodes."""
    if is_leaf_type(kind):
        return ""
    assert isinstance(kind, GraphQLObjectType)
    names = [
        name for name, field in kind.fields.items() if is_leaf_type(get_named_type(field.type))
    ]
    if "nodes" in kind.fields:
        names.append(f"nodes {leaves(get_named_type(kind.fields['nodes'].type))}")
    return f"{{ __typename {' '.join(names)} }}"


def is_absent(value: Any) -> bool:
    """Whether this says that there is nothing."""
    if isinstance(value, dict) and "nodes" in value:
        return not value["nodes"] and not value.get("totalCount")
    return value in (None, [], 0)
