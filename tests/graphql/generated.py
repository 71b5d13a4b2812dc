"""What Schemathesis is told: values that lead somewhere, and what no answer may be.

It is imported in .venv/tools, whose graphql-core is older. In the folder that the program is
started in there is ids.json, real ids to use; tally.json is written there at the end.
"""

import atexit
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import graphql
import schemathesis  # type: ignore[import-not-found]  # it is in .venv/tools
from hypothesis import strategies as st

MOST_SECONDS = 5
OURS_TO_MEND = frozenset({"INTERNAL_ERROR", "TIMEOUT", "UNAVAILABLE"})
INTERNALS = ("Traceback (", "asyncpg", "piccolo", "SELECT ", "/app/", ' line "')

tally: dict[str, Counter[str]] = defaultdict(Counter)
texts = st.text(max_size=12)
ids = st.sampled_from(json.loads(Path("ids.json").read_text()))
moments = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
numbers = st.integers(-(2**31), 2**31 - 1)
plain = st.one_of(st.none(), st.booleans(), numbers, st.just(1e300), texts)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner, max_size=1),
    max_leaves=5,
)


def node(value: object) -> graphql.ValueNode:
    """A value as it is written in a query."""
    if isinstance(value, dict):
        fields = (f"{name}: {graphql.print_ast(node(one))}" for name, one in value.items())
        return graphql.parse_value(f"{{{' '.join(fields)}}}")
    if isinstance(value, list):
        return graphql.parse_value(f"[{' '.join(graphql.print_ast(node(one)) for one in value)}]")
    return graphql.parse_value(json.dumps(value))


usually_small = st.one_of(*[st.integers(1, 5)] * 3, numbers)
for scalar, strategy in {
    "ID": st.one_of(ids, ids, texts),
    "Int": usually_small,
    "DateTime": st.one_of(moments, moments, texts),
    "JSON": values,
}.items():
    schemathesis.graphql.scalar(scalar, strategy.map(node))


class OneWay(graphql.Visitor):
    """Takes most of the arguments away that refuse one another, so that most lists are read."""

    def enter_field(self, field: graphql.FieldNode, *_: object) -> graphql.FieldNode:
        """Leave `first` or `last`, and seldom a cursor."""
        length = len(graphql.print_ast(field))
        gone = {"last", "before"} if length % 4 else {"first"}
        gone |= {"after"} if length % 3 else set()
        kept = tuple(one for one in field.arguments or () if one.name.value not in gone)
        parts = {name: getattr(field, name) for name in field.keys}
        return graphql.FieldNode(**{**parts, "arguments": kept})


@schemathesis.hook  # type: ignore[untyped-decorator]  # it is in .venv/tools
def map_body(_context: object, body: graphql.DocumentNode) -> graphql.DocumentNode:
    """The operation that is sent for a generated one."""
    sent: graphql.DocumentNode = graphql.visit(body, OneWay())
    return sent


@schemathesis.check  # type: ignore[untyped-decorator]  # it is in .venv/tools
def is_told(_context: object, response: Any, case: Any) -> None:
    """Every error has a code, none is a fault of ours, nothing internal shows, and it is quick."""
    found = tally[case.operation.label]
    found["sent"] += 1
    assert response.status_code == 200, response.text
    assert response.elapsed < MOST_SECONDS, response.elapsed
    answer = response.json()
    for error in answer.get("errors", ()):
        code = error.get("extensions", {}).get("code")
        assert code, error
        assert code not in OURS_TO_MEND, error
        found[code] += 1
    found["ran"] += "data" in answer
    assert [word for word in INTERNALS if word in response.text and word not in case.body] == []


@atexit.register
def _write() -> None:
    Path("tally.json").write_text(json.dumps(tally, indent=1))
