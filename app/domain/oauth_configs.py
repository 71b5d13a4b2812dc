"""Which OpenID provider a server's end users log in with (custom_oauth).

The client secret goes in and never comes out again, but to the provider. It does not follow a
change of the issuer either: whoever may write a server's settings may not by that read the secret.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from app.core import clock
from app.core.addresses import is_loopback
from app.core.enums import AuthType
from app.core.errors import NotFound
from app.core.fetch_target import FetchFailed, read_target
from app.core.ids import new_id
from app.core.scope import MemberScope, OrganizationScope, ServerScope
from app.core.sealed import Sealer
from app.core.secrets import Secret
from app.domain import permissions, servers
from app.domain.desk import Desk
from app.domain.edits import require_revision
from app.domain.faults import Faults
from app.domain.oauth_errors import NotConfigured
from app.domain.permissions import Action
from app.repositories import database
from app.repositories.oauth_configs import OAuthConfig, OAuthConfigs
from app.repositories.servers import Server, Servers

__all__ = ["OAuthConfig", "Provider", "ProviderSettings", "delete_config", "set_config"]

CALLBACK_PATH: Final = "/oauth/callback"  # which app/oauth serves

ISSUER_MAX_CHARACTERS: Final = 500
CLIENT_ID_MAX_CHARACTERS: Final = 500
SECRET_MAX_CHARACTERS: Final = 2000
MOST_SCOPES: Final = 20
DEFAULT_SCOPES: Final = ("openid", "profile", "email")
_SCOPE: Final = re.compile(r"[!#-\[\]-~]{1,100}")  # RFC 6749 §3.3
_WELL_KNOWN: Final = "/.well-known/"  # where documents are: no issuer has it
_ISSUER: Final = re.compile(
    r"https?://[a-z0-9\[][a-z0-9.:\[\]-]*(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What a customer enters. `client_secret`: UNSET keeps what is there, None removes it."""

    issuer: str
    client_id: str
    client_secret: str | UnsetType | None = field(default=UNSET, repr=False)
    scopes: tuple[str, ...] = DEFAULT_SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a login needs to know of a customer's provider."""

    issuer: str
    client_id: str
    client_secret: Secret | None
    scopes: tuple[str, ...]


async def set_config(
    scope: OrganizationScope,
    desk: Desk,
    server_id: str,
    *,
    settings: ProviderSettings,
    expected_revision: int | None = None,
) -> Server:
    """The server, whose end users log in with this provider if its auth_type is custom_oauth.

    Another issuer ends all logins of the one before. Raises NotFound, Invalid, RevisionMismatch.
    """
    faults = Faults()
    _check(faults, settings, base_url=desk.base_url)
    faults.refuse()
    async with database.transaction(scope):
        server = await servers.held(scope, server_id)
        require_revision(server.revision, expected_revision)
        configs = OAuthConfigs(scope)
        present = await configs.of_server(server_id)
        values = {
            "issuer": settings.issuer,
            "client_id": settings.client_id,
            "scopes": list(dict.fromkeys(settings.scopes)),
        }
        if present is None:
            config_id = new_id("coac")
            secret = await _secret(configs, desk.sealer, config_id, settings)
            await configs.insert({"id": config_id, "server_id": server_id, **values, **secret})
        else:
            is_another = present.issuer != settings.issuer
            if is_another:
                _require_secret_anew(present, settings)
            secret = await _secret(configs, desk.sealer, present.id, settings)
            await configs.change(present.id, {**values, **secret})
            if is_another:  # the server is held: no login is being completed meanwhile
                await configs.revoke_logins(server_id, by=AuthType.CUSTOM_OAUTH)
        return await _touched(scope, server)


async def delete_config(
    scope: OrganizationScope, server_id: str, *, expected_revision: int | None = None
) -> Server:
    """The server without a provider of its own; all logins with it have ended.

    With custom_oauth nobody can log in until another is entered, or its auth_type changes.
    Raises NotFound and RevisionMismatch.
    """
    async with database.transaction(scope):
        server = await servers.held(scope, server_id)
        require_revision(server.revision, expected_revision)
        configs = OAuthConfigs(scope)
        present = await configs.of_server(server_id)
        if present is None:
            message = "This server has no identity provider."
            raise NotFound(message)
        await configs.delete(present.id)
        await configs.revoke_logins(server_id, by=AuthType.CUSTOM_OAUTH)
        return await _touched(scope, server)


async def of_server(scope: OrganizationScope, server_id: str) -> OAuthConfig | None:
    """The server's provider, without its secret."""
    async with database.connection(scope):
        return await OAuthConfigs(scope).of_server(server_id)


async def of_servers(scope: MemberScope, server_ids: Sequence[str]) -> tuple[OAuthConfig, ...]:
    """The providers of several servers. Raises NotPermitted."""
    permissions.require(scope, Action.READ_SERVERS)
    async with database.connection(scope):
        return await OAuthConfigs(scope).of_servers(server_ids)


def redirect_uri(slug: str, *, base_url: str) -> str:
    """Where a provider sends people back to: what is entered there for the server at this slug."""
    return f"{servers.origin(slug, base_url=base_url)}{CALLBACK_PATH}"


async def provider(scope: ServerScope, sealer: Sealer) -> Provider:
    """What a login at this server needs to know. Raises NotConfigured and Unreadable."""
    return await provider_at(scope, scope.server_id, sealer)


async def provider_at(scope: OrganizationScope, server_id: str, sealer: Sealer) -> Provider:
    """The same for one of the organization's servers. Raises NotConfigured and Unreadable."""
    async with database.connection(scope):
        configs = OAuthConfigs(scope)
        config = await configs.of_server(server_id)
        sealed = await configs.sealed_secret(config.id) if config else None
    if config is None:
        message = "Nobody has entered yet which identity provider this server logs in with."
        raise NotConfigured(message)
    return Provider(
        issuer=config.issuer,
        client_id=config.client_id,
        client_secret=sealer.unseal(sealed, place=config.id) if sealed else None,
        scopes=config.scopes,
    )


async def _secret(
    configs: OAuthConfigs, sealer: Sealer, config_id: str, settings: ProviderSettings
) -> dict[str, object]:
    """The columns of the client secret; one that is kept is sealed again if its key is old."""
    given = settings.client_secret
    if given is None:
        return {"client_secret": None, "client_secret_set_at": None}
    if given is not UNSET:
        sealed = sealer.seal(str(given), place=config_id)
        return {"client_secret": sealed, "client_secret_set_at": clock.now()}
    kept = await configs.sealed_secret(config_id)
    if kept is None or not sealer.is_outdated(kept):
        return {}
    secret = sealer.unseal(kept, place=config_id)
    return {"client_secret": sealer.seal(secret.reveal(), place=config_id)}


def _require_secret_anew(present: OAuthConfig, settings: ProviderSettings) -> None:
    if present.has_client_secret and settings.client_secret is UNSET:
        faults = Faults()
        message = "Enter the client secret again: it is not handed on to another issuer."
        faults.add("clientSecret", message, "required")
        faults.refuse()


def _check(faults: Faults, settings: ProviderSettings, *, base_url: str) -> None:
    _check_issuer(faults, settings.issuer, base_url=base_url)
    faults.line("clientId", settings.client_id, longest=CLIENT_ID_MAX_CHARACTERS, required=True)
    if isinstance(settings.client_secret, str):
        faults.line(
            "clientSecret", settings.client_secret, longest=SECRET_MAX_CHARACTERS, required=True
        )
    faults.items("scopes", settings.scopes, most=MOST_SCOPES)
    if any(not _SCOPE.fullmatch(scope) for scope in settings.scopes):
        faults.add("scopes", "scopes has an entry that is no scope.", "invalid")
    if "openid" not in settings.scopes:
        faults.add("scopes", "scopes must have openid: else no one is told who logs in.", "invalid")


def _check_issuer(faults: Faults, issuer: str, *, base_url: str) -> None:
    """OpenID Connect Discovery §3, and what a login could fetch from; nothing is fetched now."""
    code = "invalid_issuer"
    if len(issuer) > ISSUER_MAX_CHARACTERS or not _ISSUER.fullmatch(issuer):
        faults.add("issuer", "issuer must be an address such as https://id.example.com.", code)
        return
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        faults.add("issuer", "issuer must be an address such as https://id.example.com.", code)
        return
    platform = urlsplit(base_url)
    is_development = is_loopback(platform.hostname or "")
    if _WELL_KNOWN in f"{parts.path}/":
        message = f"issuer is the part before {_WELL_KNOWN}: enter that alone."
        faults.add("issuer", message, code)
    elif parts.scheme != "https" and not (is_development and is_loopback(host)):
        here = ", or be http:// on this machine" if is_development else ""
        faults.add("issuer", f"issuer must begin with https://{here}.", code)
    elif f".{parts.netloc}".endswith(f".{platform.netloc}"):
        faults.add("issuer", "issuer must be your own provider, not this platform.", code)
    else:
        _check_target(faults, issuer, allows_loopback=is_development)


def _check_target(faults: Faults, issuer: str, *, allows_loopback: bool) -> None:
    try:
        read_target(issuer, allows_loopback=allows_loopback)
    except FetchFailed as failure:
        faults.add("issuer", f"issuer cannot be used. {failure.message}", "invalid_issuer")


async def _touched(scope: OrganizationScope, server: Server) -> Server:
    """The provider is one of the server's settings: its revision rises, and caches drop it."""
    saved = replace(server, revision=server.revision + 1, updated_at=clock.now())
    await Servers(scope).save(saved)
    return saved
