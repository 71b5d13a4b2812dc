"""Which part of a list is wanted, by what it is sorted by, from either end."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where an item stands: by the value that the list is sorted by, then by its id."""

    value: str | datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most `limit` items sorted by `column`, from `spot` on (which is not among them).

    `is_backward`: those before the spot, or at the end of the list, instead of those after it. They
    come in the list's order all the same.
    """

    column: str
    is_descending: bool
    limit: int
    spot: Spot | None = None
    is_backward: bool = False
