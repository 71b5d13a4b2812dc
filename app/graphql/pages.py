"""Relay connections over keyset pages: cursors say where, so no insert or deletion shifts one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import strawberry

from app.core.errors import Invalid
from app.core.listing import Spot, Window
from app.core.page import Page

MOST_ITEMS = 100
USUAL_ITEMS = 20

Node = TypeVar("Node")
Item = TypeVar("Item")

First = Annotated[
    int | None,
    strawberry.argument(description="How many items from the beginning, or after `after`: 1–100."),
]
After = Annotated[
    str | None, strawberry.argument(description="A cursor; the items that follow it are given.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many items from the end, or before `before`: 1–100."),
]
Before = Annotated[
    str | None, strawberry.argument(description="A cursor; the items that precede it are given.")
]


@strawberry.type(description="Where a page of a list begins and ends, and whether there is more.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether items follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether items precede this page.")
    start_cursor: str | None = strawberry.field(
        description="The first item's cursor, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The last item's cursor, for `after`; null on an empty page."
    )


@strawberry.type(description="An item of a list and its place in it.")
class Edge(Generic[Node]):
    """Relay's Edge."""

    cursor: str = strawberry.field(
        description="Where the item stands in the list; opaque, and good for this order only."
    )
    node: Node = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    """Relay's Connection; those that can be counted add `totalCount`."""

    edges: list[Edge[Node]] = strawberry.field(description="The page's items with their cursors.")
    nodes: list[Node] = strawberry.field(description="The page's items.")
    page_info: PageInfo = strawberry.field(description="Where the page begins and ends.")


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a cursor holds: the order that it is good for, and the spot."""

    column: str
    moment: datetime | None
    text: str | None
    id: str


def window(
    sizes: tuple[int | None, int | None],
    cursors: tuple[str | None, str | None],
    *,
    column: str,
    is_descending: bool,
) -> Window:
    """The window that `first` and `last`, `after` and `before` ask for. Raises Invalid."""
    first, last = sizes
    after, before = cursors
    is_backward = last is not None or (first is None and before is not None)
    if (first is not None and last is not None) or (after is not None and before is not None):
        message = "Ask for first (and after) or for last (and before), not for both."
        raise Invalid(message, field="last", code="invalid")
    if (after if is_backward else before) is not None:
        message = "after goes with first, and before with last."
        raise Invalid(message, field="after" if is_backward else "before", code="invalid")
    name = "last" if is_backward else "first"
    size = last if is_backward else first
    limit = USUAL_ITEMS if size is None else size
    if not 1 <= limit <= MOST_ITEMS:
        message = f"{name} must be between 1 and {MOST_ITEMS}."
        raise Invalid(message, field=name, code="out_of_range")
    cursor = before if is_backward else after
    return Window(
        column=column,
        is_descending=is_descending,
        limit=limit,
        spot=_spot(cursor, column, "before" if is_backward else "after") if cursor else None,
        is_backward=is_backward,
    )


def page_of(
    page: Page[Item], asked: Window, show: Callable[[Item], Any]
) -> tuple[list[Edge[Any]], list[Any], PageInfo]:
    """The edges, nodes and PageInfo of a page."""
    edges = [Edge(cursor=_cursor(item, asked.column), node=show(item)) for item in page.items]
    info = PageInfo(
        has_next_page=asked.spot is not None if asked.is_backward else page.has_more,
        has_previous_page=page.has_more if asked.is_backward else asked.spot is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return edges, [edge.node for edge in edges], info


def _cursor(item: Any, column: str) -> str:
    value = getattr(item, column)
    is_moment = isinstance(value, datetime)
    cursor = _Cursor(column, value if is_moment else None, None if is_moment else value, item.id)
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def _spot(text: str, column: str, field: str) -> Spot:
    message = f"{field} is not a cursor of this list in this order."
    try:
        cursor = msgspec.json.decode(urlsafe_b64decode(text.encode()), type=_Cursor)
    except ValueError as error:
        raise Invalid(message, field=field, code="invalid") from error
    value = cursor.text if cursor.moment is None else cursor.moment
    is_ours = cursor.column == column and (cursor.moment is not None) == column.endswith("_at")
    if value is None or not is_ours or "\x00" in f"{cursor.text}{cursor.id}":
        raise Invalid(message, field=field, code="invalid")
    if isinstance(value, datetime):
        try:
            value = None if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:  # a moment of the year 10000, or before the year 1
            value = None
    if value is None:
        raise Invalid(message, field=field, code="invalid")
    return Spot(value=value, id=cursor.id)
