"""Servers and assignments as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.domain import assignments, listings, oauth_configs, servers
from app.graphql.context import Info
from app.graphql.pages import Connection
from app.graphql.shapes import shown

if TYPE_CHECKING:
    from app.graphql.walkthroughs.types import Walkthrough

LazyWalkthrough = Annotated["Walkthrough", strawberry.lazy("app.graphql.walkthroughs.types")]


@strawberry.type(description="A walkthrough on a server.")
class Assignment:
    """An assignment, reached from either side."""

    id: strawberry.ID = strawberry.field(description="The assignment's id.")
    display_order: int = strawberry.field(
        description="Where the walkthrough is listed on the server; equal ones go by title."
    )
    is_enabled: bool = strawberry.field(
        description="Whether the server offers the walkthrough, provided that it is published and "
        "has a step."
    )
    assigned_at: datetime = strawberry.field(description="When it was assigned.")
    server_id: strawberry.ID = strawberry.field(description="The server's id.")
    walkthrough_id: strawberry.ID = strawberry.field(description="The walkthrough's id.")

    @strawberry.field(description="The server; null if it was deleted at this very moment.")
    async def server(self, info: Info) -> "Server | None":
        """Its server."""
        found = await info.context.loaders.servers.load(self.server_id)
        return server_shown(found) if found else None

    @strawberry.field(description="The walkthrough; null if it was deleted at this very moment.")
    async def walkthrough(self, info: Info) -> LazyWalkthrough | None:
        """Its walkthrough."""
        # The domain's has every field that the type reads; the type itself imports this module.
        return cast(
            "Walkthrough | None",
            await info.context.loaders.walkthroughs.load(self.walkthrough_id),
        )


@strawberry.type(
    description="The OpenID provider that a server's end users log in with (CUSTOM_OAUTH)."
)
class OAuthConfig:
    """A server's provider, without its secret, which is never shown again."""

    issuer: str = strawberry.field(description="The provider's address, exactly as it says it.")
    client_id: str = strawberry.field(description="What the provider knows this server by.")
    redirect_uri: str = strawberry.field(
        description="What to enter at the provider as the redirect URI: where people come back to. "
        "A server with a further host name needs a second one there, with that name."
    )
    scopes: list[str] = strawberry.field(description="What the provider is asked for.")
    has_client_secret: bool = strawberry.field(
        description="Whether a client secret was entered. No one can read it again."
    )
    client_secret_set_at: datetime | None = strawberry.field(
        description="When the client secret was entered; null without one."
    )
    updated_at: datetime = strawberry.field(description="When any of it was last changed.")


@strawberry.type(description="An MCP server on a subdomain of its own.")
class Server:
    """A server."""

    id: strawberry.ID = strawberry.field(description="The server's id.")
    slug: str = strawberry.field(description="Its name below the platform's host.")
    name: str = strawberry.field(description="What agents and their users read as its name.")
    product: str = strawberry.field(description="The product or tool that it teaches.")
    auth_type: AuthType = strawberry.field(description="How end users make themselves known.")
    support_ticket_type: SupportTicketType = strawberry.field(
        description="Where tickets go; NONE switches get_support off."
    )
    walkthrough_tools_enabled: bool = strawberry.field(
        description="Whether agents are offered walkthroughs at all."
    )
    walkthrough_toolset: Toolset = strawberry.field(description="Which tools agents are offered.")
    instructions: str = strawberry.field(description="What agents are told besides, or empty.")
    allowed_origins: list[str] = strawberry.field(
        description="Origins of web pages whose scripts may call the server."
    )
    rate_limit_per_minute: int | None = strawberry.field(
        description="Tool calls a minute for each end user; null for the platform's default."
    )
    revision: int = strawberry.field(
        description="Rises with every change of the server; send it as expectedRevision."
    )
    assignments_revision: int = strawberry.field(
        description="Rises with every change of its assignments; their expectedRevision."
    )
    created_at: datetime = strawberry.field(description="When it was opened.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(description="Where agents connect to it: the address of its MCP endpoint.")
    def address(self, info: Info) -> str:
        """Its own subdomain of the platform."""
        origin = servers.origin(self.slug, base_url=info.context.desk.base_url)
        return f"{origin}/api/mcpserver/mcp"

    @strawberry.field(description="Its walkthroughs as they are listed, disabled ones too.")
    async def assignments(self, info: Info) -> list[Assignment]:
        """Its assignments."""
        found = await info.context.loaders.assignments_of_server.load(self.id)
        return [assignment_shown(one) for one in found]

    @strawberry.field(
        description="The OpenID provider for authType CUSTOM_OAUTH; null where none was entered."
    )
    async def oauth_config(self, info: Info) -> OAuthConfig | None:
        """Its provider."""
        found = await info.context.loaders.oauth_configs.load(self.id)
        if found is None:
            return None
        base_url = info.context.desk.base_url
        redirect_uri = oauth_configs.redirect_uri(self.slug, base_url=base_url)
        return shown(OAuthConfig, found, scopes=list(found.scopes), redirect_uri=redirect_uri)


@strawberry.type(description="A page of servers.")
class ServerConnection(Connection[Server]):
    """A page of servers."""

    @strawberry.field(description="How many servers there are on all pages.")
    async def total_count(self, info: Info) -> int:
        """The number of all servers."""
        return await listings.server_count(info.context.scope)


def server_shown(server: servers.Server) -> Server:
    """A server of the domain as GraphQL's type."""
    return shown(Server, server, allowed_origins=list(server.allowed_origins))


def assignment_shown(assignment: assignments.Assignment) -> Assignment:
    """An assignment of the domain as GraphQL's type."""
    return shown(Assignment, assignment)
