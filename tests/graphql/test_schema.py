"""The schema that is committed, and that it explains itself."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from app.graphql.schema import build_schema

PRINTED = Path(__file__).parents[2] / "app" / "graphql" / "schema.graphql"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert PRINTED.read_text() == build_schema().as_str() + "\n", "run: make schema"


def test_every_type_field_argument_and_value_is_described() -> None:
    assert [name for name, description in everything() if not description] == []


def test_descriptions_are_sentences() -> None:
    strange = [
        name
        for name, description in everything()
        if description and not (description[0].isupper() or description[0] in "`1“")
    ]
    assert strange == []


def everything() -> Iterator[tuple[str, str | None]]:
    """Each thing in the schema that can have a description, with it."""
    for name, kind in build_schema()._schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from (
                (f"{name}.{value}", kind.values[value].description) for value in kind.values
            )
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            yield from (
                (f"{name}.{field}", kind.fields[field].description) for field in kind.fields
            )
        if isinstance(kind, GraphQLObjectType):
            for field, definition in kind.fields.items():
                for argument, given in definition.args.items():
                    yield f"{name}.{field}({argument})", given.description
