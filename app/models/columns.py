"""Column building blocks.

Migrations import these names for ever: never move or rename them.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, cast

from piccolo.columns import Text as PiccoloText
from piccolo.columns import Timestamptz
from piccolo.columns.defaults.base import Default
from typing_extensions import override

from app.core.ids import new_id


class PrefixedId(Default):
    """A fresh id at each insert; Piccolo would bake a plain callable into the DDL as a constant."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    @property
    @override
    def postgres(self) -> str:
        """No default in the database: whoever inserts brings the id."""
        return "''"

    @property
    @override
    def sqlite(self) -> str:
        """Not used; the base class asks for it."""
        return "''"

    @override
    def python(self) -> str:
        """A fresh id with this prefix."""
        return new_id(self.prefix)


class Text(PiccoloText):
    """TEXT whatever the subclass is called; Piccolo derives the type from the class name."""

    @property
    @override
    def column_type(self) -> str:
        """The type in DDL."""
        return "TEXT"

    @override
    def _validate_default(
        self, default: Any, allowed_types: Iterable[Any], allow_recursion: bool = True
    ) -> bool:
        if isinstance(default, PrefixedId):
            return True
        return super()._validate_default(default, allowed_types, allow_recursion)


def id_column(prefix: str) -> Text:
    """The primary key of an entity whose ids start with `prefix`."""
    return Text(default=cast("str", PrefixedId(prefix)), primary_key=True)


def reference(*, null: bool = False) -> Text:
    """The id of another row.

    The foreign key itself is composite with organization_id, which Piccolo cannot say: it stands in
    the tenancy migration.
    """
    return Text(default=None, null=null)


def optional_text() -> Text:
    """Text that may be absent."""
    return Text(default=None, null=True)


def moment(*, null: bool = False) -> Timestamptz:
    """A point in time, given by whoever inserts."""
    return Timestamptz(default=None, null=null)


def one_of(column: str, values: type[StrEnum]) -> str:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
