"""How much one operation may ask for, judged before anything is validated or run."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    validate,
    visit,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from typing_extensions import override

from app.graphql.errors import shortened
from app.graphql.pages import MOST_ITEMS, USUAL_ITEMS

MOST_TOKENS: Final = 2_000
MOST_DEPTH: Final = 15  # what tools send to read the schema
MOST_ALIASES: Final = 30
MOST_COST: Final = 5_000
MOST_FIELDS: Final = 400
MOST_REPEATS: Final = 80  # validation compares objects of one name with one another, each with each
MOST_DIGITS: Final = 400  # of a number; Python reads none of several thousand
MOST_FAULTS: Final = 10  # validation goes no further; some cost a look at the whole schema

# What an object costs is reckoned in rows: a list that has no size of its own counts as this many.
_USUAL_LIST: Final = 10
LIST_SIZE: Final = "list_size"  # in a field's metadata: how long its list can be
_MUTATION_COST: Final = 10
_SCHEMA: Final = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
_SCHEMA_OBJECTS: Final = 5  # of them cost as much as a row: they are in memory
_LONG_NUMBER: Final = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")


@dataclass(slots=True)
class Size:
    """What a selection asks for; `depth` counts levels of fields."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    cost: int = 0

    def add(self, other: "Size", *, times: int = 1) -> None:
        """Count another selection at the same level; `times` is how often its objects come."""
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.fields += other.fields
        self.cost += other.cost * times


class Measure:
    """Measures a document; each fragment once, so that spreads of spreads cost no time."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._document = document
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}
        self._objects: Counter[str] = Counter()

    def size(self) -> Size:
        """The size of all operations together."""
        total = Size()
        for definition in self._document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                root = self._schema.get_root_type(definition.operation)
                total.add(self._selection(definition.selection_set, root))
        return total

    def repeats(self) -> int:
        """How often the query asks for objects of one name, once it is measured."""
        return max(self._objects.values(), default=0)

    def _selection(
        self, selected: SelectionSetNode | None, parent: GraphQLCompositeType | None
    ) -> Size:
        total = Size()
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                total.add(self._field(node, parent))
            elif isinstance(node, InlineFragmentNode):
                total.add(self._selection(node.selection_set, parent))
            else:
                total.add(self._fragment(getattr(node, "name").value))  # noqa: B009 - a spread
        return total

    def _fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # a cycle ends here, and validation refuses it
            fragment = self._fragments.get(name)
            if fragment is not None:
                found = self._schema.get_type(fragment.type_condition.name.value)
                parent = found if is_composite_type(found) else None
                self._known[name] = self._selection(fragment.selection_set, parent)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLCompositeType | None) -> Size:
        if node.selection_set is not None:
            self._objects[(node.alias or node.name).value] += 1
        field = self._definition(node.name.value, parent)
        kind = get_named_type(field.type) if field else None
        composite = kind if is_composite_type(kind) else None
        within = self._selection(node.selection_set, composite)
        if field is None or composite is None:
            own, times = 0, 1
        elif parent is self._schema.mutation_type:
            own, times = _MUTATION_COST, 1
        else:
            times = self._times(node, field, parent)
            own = 0 if _is_connection(parent) else times
        if _is_connection(parent):
            times = 1
        size = Size(
            depth=within.depth + 1,
            aliases=within.aliases + (node.alias is not None),
            fields=within.fields + 1,
        )
        size.cost = own + within.cost * times
        if node.name.value in _SCHEMA:
            size.cost //= _SCHEMA_OBJECTS
        return size

    def _definition(self, name: str, parent: GraphQLCompositeType | None) -> GraphQLField | None:
        if parent is self._schema.query_type and name in _SCHEMA:
            return _SCHEMA[name]
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            field: GraphQLField | None = parent.fields.get(name)
            return field
        return None

    def _times(
        self, node: FieldNode, field: GraphQLField, parent: GraphQLCompositeType | None
    ) -> int:
        """How many objects the field gives, at most or usually."""
        if _is_connection(get_named_type(field.type)):
            return self._page_size(node)
        return _list_size(field) if _is_list(field.type) and not _is_connection(parent) else 1

    def _page_size(self, node: FieldNode) -> int:
        size = USUAL_ITEMS
        for argument in node.arguments or ():
            if argument.name.value in {"first", "last"}:
                value: Any = None
                if isinstance(argument.value, IntValueNode):
                    value = int(argument.value.value[:9])
                elif isinstance(argument.value, VariableNode):
                    value = self._variables.get(argument.value.name.value)
                if isinstance(value, int):
                    size = max(1, min(value, MOST_ITEMS))
        return size


class Limits(SchemaExtension):
    """Refuses what is too large, then validates; validation's answer is kept for a query seen."""

    def __init__(self) -> None:
        self._cost: int | None = None

    @override
    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        schema = context.schema._schema  # noqa: SLF001 - Strawberry's own extensions reach for it
        measure = Measure(schema, document, context.variables or {})
        size = measure.size()
        self._cost = size.cost
        refusals = [
            GraphQLError(message, extensions={"code": code})
            for code, message in _refusals(size, measure.repeats())
        ]
        if _LONG_NUMBER.search(context.query or ""):
            visit(document, numbers := _Numbers())
            refusals += numbers.refusals
        context.pre_execution_errors = refusals or _faults(
            schema, document, tuple(context.validation_rules)
        )
        yield

    @override
    def get_results(self) -> dict[str, Any]:
        if self._cost is None:
            return {}
        return {"cost": {"requested": self._cost, "limit": MOST_COST}}


class TokenLimit(SchemaExtension):
    """Stops reading a query after so many tokens."""

    @override
    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = MOST_TOKENS
        yield


class _Numbers(Visitor):
    """Finds the numbers that have too many digits."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[GraphQLError] = []

    def enter(self, node: Any, *_: object) -> None:
        """Look at one node."""
        if isinstance(node, IntValueNode | FloatValueNode) and len(node.value) > MOST_DIGITS:
            message = f"A number has {len(node.value)} characters; {MOST_DIGITS} are allowed."
            self.refusals.append(GraphQLError(message, node))


@lru_cache(maxsize=256)
def _faults(
    schema: GraphQLSchema, document: DocumentNode, rules: tuple[type[ASTValidationRule], ...]
) -> list[GraphQLError]:
    """What validation finds. Messages may quote the query once for each fault, so they are cut."""
    every = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)  # as Strawberry does
    found = validate(schema, document, every, max_errors=MOST_FAULTS)
    for error in found:
        error.message = shortened(error.message)
    return found


def _refusals(size: Size, repeats: int) -> Iterator[tuple[str, str]]:
    if size.depth > MOST_DEPTH:
        yield "DEPTH_LIMIT", f"The query is {size.depth} levels deep; {MOST_DEPTH} are allowed."
    if size.aliases > MOST_ALIASES:
        yield "ALIAS_LIMIT", f"The query has {size.aliases} aliases; {MOST_ALIASES} are allowed."
    if size.cost > MOST_COST:
        yield "COST_LIMIT", f"The query costs {size.cost}; {MOST_COST} is allowed. Ask for less."
    elif size.fields > MOST_FIELDS:
        yield "COST_LIMIT", f"The query has {size.fields} fields; {MOST_FIELDS} are allowed."
    elif repeats > MOST_REPEATS:
        message = f"The query asks {repeats} times for objects of one name; "
        yield "COST_LIMIT", f"{message}{MOST_REPEATS} are allowed."


def _list_size(field: GraphQLField) -> int:
    # Strawberry keeps its own definition of the field there; introspection's fields have none.
    definition = field.extensions.get("strawberry-definition")
    return int(definition.metadata.get(LIST_SIZE, _USUAL_LIST)) if definition else _USUAL_LIST


def _is_connection(kind: object) -> bool:
    return isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection")


def _is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(get_nullable_type(kind), GraphQLList)
