"""Servers: opening, configuring, moving to another slug, closing."""

from dataclasses import dataclass, replace

from msgspec import UNSET, UnsetType

from app.core import clock
from app.core.enums import AuthType, SupportTicketType, Toolset
from app.core.errors import NotFound
from app.core.scope import OrganizationScope
from app.domain import server_rules
from app.domain.edits import given, require_revision
from app.domain.faults import Faults
from app.repositories import database
from app.repositories.oauth_configs import OAuthConfigs
from app.repositories.servers import Server, Servers, ServerSettings, SlugTaken

__all__ = [
    "Server",
    "ServerPatch",
    "ServerSettings",
    "SlugTaken",
    "by_id",
    "change_slug",
    "close",
    "configure",
    "held",
    "open_server",
    "origin",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPatch:
    """The settings to change; what is UNSET stays."""

    name: str | UnsetType = UNSET
    product: str | UnsetType = UNSET
    auth_type: AuthType | UnsetType = UNSET
    support_ticket_type: SupportTicketType | UnsetType = UNSET
    walkthrough_tools_enabled: bool | UnsetType = UNSET
    walkthrough_toolset: Toolset | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    allowed_origins: tuple[str, ...] | UnsetType = UNSET
    rate_limit_per_minute: int | UnsetType | None = UNSET


async def by_id(scope: OrganizationScope, server_id: str) -> Server:
    """The server. Raises NotFound."""
    async with database.connection(scope):
        return _existing(await Servers(scope).by_id(server_id))


async def by_slug(scope: OrganizationScope, slug: str) -> Server:
    """The organization's server at this slug. Raises NotFound."""
    async with database.connection(scope):
        return _existing(await Servers(scope).by_slug(slug))


def origin(slug: str, *, base_url: str) -> str:
    """The public address of the server at this slug, one label below the platform's."""
    scheme, _, host = base_url.partition("://")
    return f"{scheme}://{slug}.{host}"


async def open_server(scope: OrganizationScope, slug: str, *, settings: ServerSettings) -> Server:
    """Open a server at a slug that no one has or ever had.

    With custom_oauth it is closed to everybody until `oauth_configs.set_config`.

    Raises Invalid, and SlugTaken where the slug is or was in use.
    """
    faults = Faults()
    server_rules.check_slug(faults, slug)
    server_rules.check_settings(faults, settings)
    faults.refuse()
    async with database.transaction(scope):
        return await Servers(scope).insert(slug, settings)


async def configure(
    scope: OrganizationScope,
    server_id: str,
    *,
    patch: ServerPatch,
    expected_revision: int | None = None,
) -> Server:
    """Change a server's name and settings; its agents meet them at their next request.

    Raises NotFound, Invalid (also for custom_oauth without a provider) and RevisionMismatch.
    """
    async with database.transaction(scope):
        server = await held(scope, server_id)
        require_revision(server.revision, expected_revision)
        changed = replace(server, **given(patch))
        if changed == server:
            return server
        faults = Faults()
        server_rules.check_settings(faults, changed)
        logs_in_otherwise = changed.auth_type is not server.auth_type
        if logs_in_otherwise and changed.auth_type is AuthType.CUSTOM_OAUTH:
            await _check_provider(faults, scope, server_id)
        faults.refuse()
        saved = await _saved(scope, changed)
        if logs_in_otherwise:  # or they were good again on the way back
            await OAuthConfigs(scope).revoke_logins(server_id, by=server.auth_type)
        return saved


async def change_slug(
    scope: OrganizationScope,
    server_id: str,
    *,
    slug: str,
    expected_revision: int | None = None,
) -> Server:
    """Move a server to another slug; no one, not even its owner, gets the old one back.

    Raises NotFound, Invalid, SlugTaken and RevisionMismatch.
    """
    faults = Faults()
    server_rules.check_slug(faults, slug)
    faults.refuse()
    async with database.transaction(scope):
        server = await held(scope, server_id)
        require_revision(server.revision, expected_revision)
        if server.slug == slug:
            return server
        return await _saved(scope, replace(server, slug=slug))


async def close(
    scope: OrganizationScope, server_id: str, *, expected_revision: int | None = None
) -> None:
    """Delete a server with its sessions and assignments, and release its slug for good.

    Progress stays with its end users. Raises NotFound and RevisionMismatch.
    """
    async with database.transaction(scope):
        server = await held(scope, server_id)
        require_revision(server.revision, expected_revision)
        await Servers(scope).delete(server_id)


async def held(scope: OrganizationScope, server_id: str) -> Server:
    """The server, held against other writers until the transaction ends. Raises NotFound."""
    return _existing(await Servers(scope).by_id(server_id, is_locked=True))


async def _check_provider(faults: Faults, scope: OrganizationScope, server_id: str) -> None:
    """A new server may ask for a login before it has a provider; one in use would lock out all."""
    if await OAuthConfigs(scope).of_server(server_id) is None:
        message = "Enter the provider first with setServerOauthConfig."
        faults.add("authType", message, "login_not_configured")


async def _saved(scope: OrganizationScope, server: Server) -> Server:
    saved = replace(server, revision=server.revision + 1, updated_at=clock.now())
    await Servers(scope).save(saved)
    return saved


def _existing(server: Server | None) -> Server:
    if server is None:
        message = "There is no such server."
        raise NotFound(message)
    return server
