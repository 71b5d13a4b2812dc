"""Reading walkthroughs."""

from enum import Enum
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import Invalid, NotFound
from app.domain import listings, permissions, steps, walkthrough_files, walkthroughs
from app.domain.listings import WalkthroughFilter
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.pages import After, Before, First, Last, page_of, window
from app.graphql.walkthroughs.types import (
    Step,
    Walkthrough,
    WalkthroughConnection,
    step_shown,
    walkthrough_shown,
)

_SEARCH_MAX_CHARACTERS = 200


@strawberry.enum(description="How walkthroughs are sorted.")
class WalkthroughOrder(Enum):
    """The orders that people need."""

    TITLE = strawberry.enum_value("title", description="By title.")
    NEWEST_FIRST = strawberry.enum_value("newest", description="The latest made first.")
    RECENTLY_UPDATED = strawberry.enum_value("updated", description="The latest changed first.")


_COLUMNS = {
    WalkthroughOrder.TITLE: ("title", False),
    WalkthroughOrder.NEWEST_FIRST: ("created_at", True),
    WalkthroughOrder.RECENTLY_UPDATED: ("updated_at", True),
}


@strawberry.input(description="Which walkthroughs to list; all conditions must hold.")
class WalkthroughFilterInput:
    """What to list; what is left out does not matter."""

    statuses: list[WalkthroughStatus] | None = strawberry.field(
        default=None, description="Those with one of these statuses."
    )
    types: list[WalkthroughType] | None = strawberry.field(
        default=None, description="Those of one of these types."
    )
    tag: str | None = strawberry.field(default=None, description="Those with this tag.")
    search: str | None = strawberry.field(
        default=None, description="Those whose title contains this text, in any case."
    )
    server_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those assigned to this server, disabled ones too."
    )

    def applied(self) -> WalkthroughFilter:
        """The domain's filter. Raises Invalid."""
        for field, text in {
            "tag": self.tag,
            "search": self.search,
            "serverId": self.server_id,
        }.items():
            if text is not None and ("\x00" in text or len(text) > _SEARCH_MAX_CHARACTERS):
                message = (
                    f"{field} must have at most {_SEARCH_MAX_CHARACTERS} characters, none NUL."
                )
                raise Invalid(message, field=field, code="too_long")
        return WalkthroughFilter(
            statuses=tuple(self.statuses or ()),
            types=tuple(self.types or ()),
            tag=self.tag,
            search=self.search,
            server_id=self.server_id,
        )


@strawberry.type
class WalkthroughQueries:
    """The root fields about walkthroughs."""

    @strawberry.field(description="The organization's walkthroughs.")
    async def walkthroughs(  # noqa: PLR0913, PLR0917 - Relay's four arguments
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - what clients call it
            WalkthroughFilterInput | None,
            strawberry.argument(description="Which to list; all of them without."),
        ] = None,
        order_by: Annotated[
            WalkthroughOrder, strawberry.argument(description="How they are sorted.")
        ] = WalkthroughOrder.RECENTLY_UPDATED,
    ) -> WalkthroughConnection:
        """A page of walkthroughs."""
        column, is_descending = _COLUMNS[order_by]
        asked = window((first, last), (after, before), column=column, is_descending=is_descending)
        only = filter.applied() if filter else WalkthroughFilter()
        page = await listings.walkthroughs(info.context.scope, only, asked)
        edges, nodes, page_info = page_of(page, asked, walkthrough_shown)
        return WalkthroughConnection(edges=edges, nodes=nodes, page_info=page_info, only=only)

    @strawberry.field(description="One walkthrough; null if there is none with this id.")
    async def walkthrough(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The walkthrough's id.")],  # noqa: A002 - what clients call it
    ) -> Walkthrough | None:
        """The walkthrough."""
        permissions.require(info.context.scope, Action.READ_WALKTHROUGHS)
        try:
            return walkthrough_shown(await walkthroughs.by_id(info.context.scope, id))
        except NotFound:
            return None

    @strawberry.field(description="One step; null if there is none with this id.")
    async def step(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The step's id.")],  # noqa: A002 - what clients call it
    ) -> Step | None:
        """The step."""
        permissions.require(info.context.scope, Action.READ_WALKTHROUGHS)
        try:
            return step_shown(await steps.by_id(info.context.scope, id))
        except NotFound:
            return None

    @strawberry.field(
        description="A walkthrough with its steps as the content of a file, which "
        "importWalkthrough takes; null if there is none with this id."
    )
    async def walkthrough_file(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The walkthrough's id.")],  # noqa: A002 - what clients call it
    ) -> JSON | None:
        """The walkthrough's export."""
        permissions.require(info.context.scope, Action.READ_WALKTHROUGHS)
        try:
            return JSON(await walkthrough_files.export_walkthrough(info.context.scope, id))
        except NotFound:
            return None
