"""Places in a list, by what it is sorted by and not by counting: no insert shifts a page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an item stands among those sorted by time, then id."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some items in order, and whether more follow."""

    items: tuple[Item, ...]
    has_more: bool
