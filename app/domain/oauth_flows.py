"""Logins under way: begun by a client's request, carried on by the one browser that began it.

The browser's cookie holds the flow's only secret. What pages and the customer's provider are handed
besides is derived from it, so that nothing in the table lets anyone else go on.
"""

import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.core import clock
from app.core.enums import FlowStage
from app.core.scope import ServerScope
from app.core.sealed import derived
from app.core.secrets import Secret, digest, new_token
from app.domain import admission
from app.domain.desk import Client as Visitor
from app.domain.desk import Desk
from app.domain.oauth_errors import FlowOver, InvalidRequest
from app.domain.server_directory import ServerConfig
from app.repositories import database
from app.repositories.oauth_clients import Client, OAuthClients
from app.repositories.oauth_flows import KeptFlow, OAuthFlows

FLOW_LIFE: Final = timedelta(minutes=10)
BEGINNINGS_PER_MINUTE: Final = 60  # of one client address, who may be a whole office
STATE_MAX_CHARACTERS: Final = 4000
RESOURCE_MAX_CHARACTERS: Final = 2000
_FLOW_ID: Final = re.compile(r"oafl_[a-z2-7]{16}")
_S256: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 §4.2: 32 bytes in base64url


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks for, at a redirect URI that it has registered."""

    client: Client
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    resource: str | None
    code_challenge: str | None
    code_challenge_method: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowKey:
    """What a browser shows to go on with a login; `csrf` is the hidden field of its form."""

    flow_id: str
    cookie: str = field(repr=False)
    csrf: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A login under way. `email` is where the last code went, if `codes_sent` is not 0."""

    id: str
    client: Client
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    resource: str | None
    stage: FlowStage
    email: str | None = field(repr=False)
    codes_sent: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A new login and what only this browser is to keep."""

    flow: Flow
    cookie: Secret


async def begin(
    config: ServerConfig, desk: Desk, visitor: Visitor, request: AuthorizationRequest
) -> Begun:
    """A login for this browser, which ends by itself after 10 minutes.

    Raises InvalidRequest, TooMany and Unavailable.
    """
    challenge = _s256(request)
    for name, value, longest in (
        ("state", request.state, STATE_MAX_CHARACTERS),
        ("resource", request.resource, RESOURCE_MAX_CHARACTERS),
    ):
        if value is not None and (len(value) > longest or not value.isprintable()):
            message = f"{name} is too long, or has characters that no address can have."
            raise InvalidRequest(message, field=name)
    await desk.attempts.take_jointly("authorize", visitor.address, per_minute=BEGINNINGS_PER_MINUTE)
    scope = admission.server_scope(config)
    cookie = new_token("mcpf")
    now = clock.now()
    async with admission.unit_of_work(config):
        kept = await OAuthFlows(scope).insert(
            {
                "client_id": request.client.id,
                "redirect_uri": request.redirect_uri,
                "state": request.state,
                "scopes": list(request.scopes),
                "resource": request.resource,
                "code_challenge": challenge,
                "cookie_hash": digest(cookie.reveal()),
                "created_at": now,
                "expires_at": now + FLOW_LIFE,
            }
        )
    return Begun(flow=flow_of(kept, request.client), cookie=cookie)


def csrf_token(cookie: str) -> str:
    """What the forms of this browser's login carry as a hidden field."""
    return derived(cookie, "csrf")


async def held(config: ServerConfig, key: FlowKey) -> Flow:
    """The login, to show a page of it; it changes nothing. Raises FlowOver."""
    scope = admission.server_scope(config)
    async with database.connection(scope):
        kept = _under_way(await _row(scope, key, is_locked=False))
        return await with_client(scope, kept)


async def held_or_done(config: ServerConfig, key: FlowKey) -> Flow:
    """The same, also of one that has just ended. Raises FlowOver."""
    scope = admission.server_scope(config)
    async with database.connection(scope):
        return await with_client(scope, await _row(scope, key, is_locked=False))


async def consent(config: ServerConfig, key: FlowKey) -> Flow:
    """The login, whose person lets the client know who they are. Raises FlowOver."""
    scope = admission.server_scope(config)
    async with database.transaction(scope):
        kept = await locked(scope, key)
        await OAuthFlows(scope).change(kept.id, {"stage": FlowStage.LOGIN.value})
        return await with_client(scope, _under_way(await _row(scope, key, is_locked=False)))


async def locked(scope: ServerScope, key: FlowKey) -> KeptFlow:
    """The login, for a form of this browser, held until the transaction ends. Raises FlowOver."""
    return _under_way(await locked_or_done(scope, key))


async def locked_or_done(scope: ServerScope, key: FlowKey) -> KeptFlow:
    """The same, also of one that has just ended: forms are sent twice. Raises FlowOver."""
    if not hmac.compare_digest(csrf_token(key.cookie), _ascii(key.csrf)):
        raise over()
    return await _row(scope, key, is_locked=True)


async def locked_after_consent(scope: ServerScope, key: FlowKey) -> KeptFlow:
    """The same, once the person has let the client know who they are.

    Raises FlowOver and InvalidRequest.
    """
    return require_consent(await locked_or_done(scope, key))


async def locked_on_return(scope: ServerScope, key: FlowKey) -> KeptFlow:
    """The same for a browser that was sent back here, and so brings its cookie but no form.

    Whoever asks must check another thing that only this login's browser can have been given.
    Raises FlowOver and InvalidRequest.
    """
    return require_consent(await _row(scope, key, is_locked=True))


def flow_of(kept: KeptFlow, client: Client) -> Flow:
    """What may be shown of a login."""
    return Flow(
        id=kept.id,
        client=client,
        redirect_uri=kept.redirect_uri,
        state=kept.state,
        scopes=kept.scopes,
        resource=kept.resource,
        stage=kept.stage,
        email=kept.email,
        codes_sent=kept.email_codes_sent,
        expires_at=kept.expires_at,
    )


def over() -> FlowOver:
    """The one answer to a login that cannot be gone on with, whatever the reason."""
    message = (
        "This login is over: it was finished, took longer than 10 minutes, or began in another "
        "browser. Go back to your app and connect again."
    )
    return FlowOver(message)


def _under_way(kept: KeptFlow) -> KeptFlow:
    if kept.stage is FlowStage.DONE:
        raise over()
    return kept


async def _row(scope: ServerScope, key: FlowKey, *, is_locked: bool) -> KeptFlow:
    kept = None
    if _FLOW_ID.fullmatch(key.flow_id):
        kept = await OAuthFlows(scope).by_id(key.flow_id, is_locked=is_locked)
    if (
        kept is None
        or kept.expires_at <= clock.now()
        or not hmac.compare_digest(digest(key.cookie), kept.cookie_hash)
    ):
        raise over()
    return kept


async def with_client(scope: ServerScope, kept: KeptFlow) -> Flow:
    """What may be shown of the login. Raises FlowOver if its client is gone."""
    client = await OAuthClients(scope).by_id(kept.client_id)
    if client is None:
        raise over()
    return flow_of(kept, client)


def require_consent(kept: KeptFlow) -> KeptFlow:
    """The same login, if the person let the client know who they are.

    Raises FlowOver and InvalidRequest.
    """
    _under_way(kept)
    if kept.stage is not FlowStage.LOGIN:
        message = "Say first whether the app may know who you are."
        raise InvalidRequest(message)
    return kept


def _s256(request: AuthorizationRequest) -> str:
    """OAuth 2.1 §4.1.1 and RFC 9700 §2.1.1: PKCE in every case, and never `plain`."""
    if request.code_challenge is None:
        message = "code_challenge is missing. Send one with code_challenge_method=S256."
        raise InvalidRequest(message, field="code_challenge")
    if request.code_challenge_method != "S256":  # left out, it would mean plain
        message = "code_challenge_method must be S256."
        raise InvalidRequest(message, field="code_challenge_method")
    if not _S256.fullmatch(request.code_challenge):
        message = "code_challenge must be 43 characters of base64url without padding."
        raise InvalidRequest(message, field="code_challenge")
    return request.code_challenge


def _ascii(text: str) -> str:
    """compare_digest takes no other characters."""
    return text if text.isascii() else ""
