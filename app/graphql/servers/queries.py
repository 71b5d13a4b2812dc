"""Reading servers."""

from enum import Enum
from typing import Annotated

import strawberry

from app.core.errors import NotFound
from app.domain import listings, permissions, server_slugs, servers
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.pages import After, Before, First, Last, page_of, window
from app.graphql.servers.types import Server, ServerConnection, server_shown


@strawberry.enum(description="How servers are sorted.")
class ServerOrder(Enum):
    """The orders that people need."""

    NAME = strawberry.enum_value("name", description="By name.")
    NEWEST_FIRST = strawberry.enum_value("newest", description="The latest opened first.")


_COLUMNS = {ServerOrder.NAME: ("name", False), ServerOrder.NEWEST_FIRST: ("created_at", True)}


@strawberry.type(description="Whether a slug can be taken.")
class SlugCheck:
    """The answer to a slug check."""

    slug: str = strawberry.field(description="The slug that was asked for.")
    is_available: bool = strawberry.field(
        description="Whether a server could take it now. Another may be faster."
    )
    message: str | None = strawberry.field(description="Why it cannot be taken; null if it can.")


@strawberry.type
class ServerQueries:
    """The root fields about servers."""

    @strawberry.field(description="The organization's servers.")
    async def servers(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        order_by: Annotated[
            ServerOrder, strawberry.argument(description="How they are sorted.")
        ] = ServerOrder.NAME,
    ) -> ServerConnection:
        """A page of servers."""
        column, is_descending = _COLUMNS[order_by]
        asked = window((first, last), (after, before), column=column, is_descending=is_descending)
        page = await listings.servers(info.context.scope, asked)
        edges, nodes, page_info = page_of(page, asked, server_shown)
        return ServerConnection(edges=edges, nodes=nodes, page_info=page_info)

    @strawberry.field(description="One server; null if there is none with this id.")
    async def server(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The server's id.")],  # noqa: A002 - what clients call it
    ) -> Server | None:
        """The server."""
        permissions.require(info.context.scope, Action.READ_SERVERS)
        try:
            return server_shown(await servers.by_id(info.context.scope, id))
        except NotFound:
            return None

    @strawberry.field(description="Whether a slug has the right form and no one has or had it.")
    async def slug_check(
        self,
        info: Info,
        slug: Annotated[str, strawberry.argument(description="The slug to try.")],
    ) -> SlugCheck:
        """The slug, tried."""
        message = await server_slugs.objection(info.context.scope, slug)
        return SlugCheck(slug=slug, is_available=message is None, message=message)
