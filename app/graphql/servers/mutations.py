"""Opening, configuring and closing servers."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.domain import looks, servers
from app.domain.changes import Change
from app.domain.permissions import Action
from app.domain.servers import ServerPatch, ServerSettings
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import (
    KEY_FIELD,
    REVISION_FIELD,
    USER_ERRORS_FIELD,
    DeletePayload,
    perform,
    settled,
)
from app.graphql.servers.types import Server, server_shown

_NAME = "What agents and their users read as its name: one line, at most 100 characters."
_PRODUCT = "The product or tool that it teaches: one line, at most 40 characters."
_AUTH = "How end users make themselves known."
_FIRST_AUTH = f"{_AUTH} With CUSTOM_OAUTH nobody gets in before setServerOauthConfig."
_NEXT_AUTH = (
    f"{_AUTH} CUSTOM_OAUTH needs a provider: setServerOauthConfig comes first. Any change logs "
    "everybody out."
)
_TICKETS = "Where tickets go; NONE switches get_support off."
_ENABLED = "Whether agents are offered walkthroughs at all."
_TOOLSET = "Which tools agents are offered."
_INSTRUCTIONS = "What agents are told besides, at most 1000 characters."
_ORIGINS = "Origins of web pages whose scripts may call the server, at most 50."
_RATE = "Tool calls a minute for each end user; null for the platform's default."
_SLUG = "Its name below the platform's host: 6 to 36 of a-z, 0-9 and hyphen."


@strawberry.input(description="A new server.")
class CreateServerInput:
    """The input of createServer."""

    slug: str = strawberry.field(description=_SLUG)
    name: str = strawberry.field(description=_NAME)
    product: str = strawberry.field(description=_PRODUCT)
    auth_type: AuthType = strawberry.field(default=AuthType.NONE, description=_FIRST_AUTH)
    support_ticket_type: SupportTicketType = strawberry.field(
        default=SupportTicketType.DASHBOARD, description=_TICKETS
    )
    walkthrough_tools_enabled: bool = strawberry.field(default=True, description=_ENABLED)
    walkthrough_toolset: Toolset = strawberry.field(default=Toolset.COMPACT, description=_TOOLSET)
    instructions: str = strawberry.field(default="", description=_INSTRUCTIONS)
    allowed_origins: list[str] = strawberry.field(default_factory=list, description=_ORIGINS)
    rate_limit_per_minute: int | None = strawberry.field(default=None, description=_RATE)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="What to change of a server; what is left out stays.")
class UpdateServerInput:
    """The input of updateServer."""

    id: strawberry.ID = strawberry.field(description="The server's id.")
    name: strawberry.Maybe[str | None] = strawberry.field(description=_NAME)
    product: strawberry.Maybe[str | None] = strawberry.field(description=_PRODUCT)
    auth_type: strawberry.Maybe[AuthType | None] = strawberry.field(description=_NEXT_AUTH)
    support_ticket_type: strawberry.Maybe[SupportTicketType | None] = strawberry.field(
        description=_TICKETS
    )
    walkthrough_tools_enabled: strawberry.Maybe[bool | None] = strawberry.field(
        description=_ENABLED
    )
    walkthrough_toolset: strawberry.Maybe[Toolset | None] = strawberry.field(description=_TOOLSET)
    instructions: strawberry.Maybe[str | None] = strawberry.field(description=_INSTRUCTIONS)
    allowed_origins: strawberry.Maybe[list[str] | None] = strawberry.field(description=_ORIGINS)
    rate_limit_per_minute: strawberry.Maybe[int | None] = strawberry.field(description=_RATE)
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A server's move to another slug.")
class ChangeServerSlugInput:
    """The input of changeServerSlug."""

    id: strawberry.ID = strawberry.field(description="The server's id.")
    slug: str = strawberry.field(description=_SLUG)
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A server to delete.")
class DeleteServerInput:
    """The input of deleteServer."""

    id: strawberry.ID = strawberry.field(description="The server's id.")
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="What came of a change of a server.")
class ServerPayload:
    """The payload of the mutations below."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    server: Server | None = strawberry.field(
        default=None, description="The server as it is now; null when nothing was changed."
    )


@strawberry.type
class ServerMutations:
    """The root fields that change servers."""

    @strawberry.mutation(description="Open a server at a slug that no one has or ever had.")
    async def create_server(
        self,
        info: Info,
        input: Annotated[CreateServerInput, strawberry.argument(description="The server.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> ServerPayload:
        """servers.open_server."""
        scope = info.context.scope
        settings = ServerSettings(
            name=input.name,
            product=input.product,
            auth_type=input.auth_type,
            support_ticket_type=input.support_ticket_type,
            walkthrough_tools_enabled=input.walkthrough_tools_enabled,
            walkthrough_toolset=input.walkthrough_toolset,
            instructions=input.instructions,
            allowed_origins=tuple(input.allowed_origins),
            rate_limit_per_minute=input.rate_limit_per_minute,
        )
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.opened",
            subject="server",
            result_type=servers.Server,
            look=looks.at_server(scope),
            work=lambda: servers.open_server(scope, input.slug, settings=settings),
            made=lambda server: server.id,
        )
        return await perform(info, input, change, ServerPayload, _server)

    @strawberry.mutation(
        description="Change a server's name and settings. Agents meet them at their next request."
    )
    async def update_server(
        self,
        info: Info,
        input: Annotated[UpdateServerInput, strawberry.argument(description="The changes.")],  # noqa: A002 - as above
    ) -> ServerPayload:
        """servers.configure."""
        scope = info.context.scope
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.configured",
            subject="server",
            subject_id=input.id,
            result_type=servers.Server,
            look=looks.at_server(scope),
            work=lambda: servers.configure(
                scope, input.id, patch=_patch(input), expected_revision=input.expected_revision
            ),
        )
        return await perform(info, input, change, ServerPayload, _server)

    @strawberry.mutation(
        description="Move a server to another slug. No one gets the old one back, not even you."
    )
    async def change_server_slug(
        self,
        info: Info,
        input: Annotated[ChangeServerSlugInput, strawberry.argument(description="The move.")],  # noqa: A002 - as above
    ) -> ServerPayload:
        """servers.change_slug."""
        scope = info.context.scope
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.slug_changed",
            subject="server",
            subject_id=input.id,
            result_type=servers.Server,
            look=looks.at_server(scope),
            work=lambda: servers.change_slug(
                scope, input.id, slug=input.slug, expected_revision=input.expected_revision
            ),
        )
        return await perform(info, input, change, ServerPayload, _server)

    @strawberry.mutation(
        description="Delete a server with its sessions and assignments, and release its slug for "
        "good. Progress stays with its end users."
    )
    async def delete_server(
        self,
        info: Info,
        input: Annotated[DeleteServerInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> DeletePayload:
        """servers.close."""
        scope = info.context.scope

        async def work() -> str:
            await servers.close(scope, input.id, expected_revision=input.expected_revision)
            return input.id

        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.closed",
            subject="server",
            subject_id=input.id,
            result_type=str,
            look=looks.at_server(scope),
            work=work,
        )
        return await perform(info, input, change, DeletePayload, lambda it: {"deleted_id": it})


def _patch(given: UpdateServerInput) -> ServerPatch:
    changed = settled(given, "rate_limit_per_minute")
    if "allowed_origins" in changed:
        changed["allowed_origins"] = tuple(changed["allowed_origins"])
    return ServerPatch(**changed)


def _server(server: servers.Server) -> Mapping[str, Any]:
    return {"server": server_shown(server)}
