"""`python -m app.graphql` prints the schema, which app/graphql/schema.graphql is a copy of."""

from app.graphql.schema import build_schema

print(build_schema().as_str())  # noqa: T201 - this is what it is for
