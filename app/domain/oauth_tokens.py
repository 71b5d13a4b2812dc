"""Codes become tokens, refresh tokens become new ones: once each, whoever else asks meanwhile."""

import hmac
import math
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import structlog

from app.core import clock
from app.core.enums import OAuthTokenKind
from app.core.errors import TooMany
from app.core.scope import ServerScope
from app.core.secrets import Secret, digest, new_token
from app.domain import admission, oauth_scopes
from app.domain.desk import Desk
from app.domain.oauth_errors import InvalidGrant, InvalidTarget
from app.domain.server_directory import ServerConfig
from app.repositories import database
from app.repositories.oauth_clients import Client, OAuthClients
from app.repositories.oauth_grants import Held, HeldCode, HeldRefresh, NewToken, OAuthGrants

ACCESS_LIFE: Final = timedelta(minutes=15)
REFRESH_LIFE: Final = timedelta(days=30)  # counted anew at each refresh
GRANT_LIFE: Final = timedelta(days=365)  # then the person is asked again, however often it was used
RETRIED_FOR: Final = timedelta(seconds=30)
REFRESHES_PER_MINUTE: Final = 30  # of one login
REFRESHES_PER_DAY: Final = 1000
_MOST_A_MINUTE: Final = REFRESHES_PER_MINUTE + 1  # refresh tokens, with the login's first
_MOST_A_DAY: Final = REFRESHES_PER_DAY + 1
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
_CODE: Final = "This code is unknown, expired or used. Begin the login anew."
_REFRESH: Final = "This refresh token is unknown, expired, used or revoked. Begin the login anew."

log = structlog.get_logger()

Pair = tuple[Secret, Secret]  # an access and a refresh token


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Tokens for a client, which are in no other answer."""

    access: Secret
    refresh: Secret | None
    expires_in_seconds: int
    scopes: tuple[str, ...]


async def redeem_code(
    config: ServerConfig,
    client: Client,
    *,
    code: str,
    redirect_uri: str | None,
    code_verifier: str | None,
    resource: str | None = None,
) -> Issued:
    """The first tokens of a login. A code that comes again ends all that came of it.

    `redirect_uri` may be left out, as OAuth 2.1 has it: the verifier proves more. Raises
    InvalidGrant and InvalidTarget, and then the code can still be redeemed by whoever can.
    """
    scope = admission.server_scope(config)
    async with admission.unit_of_work(config), database.transaction(scope):
        grants, now = OAuthGrants(scope), clock.now()
        held = await grants.held_code(digest(code))
        if held is None or held.client_id != client.id:
            raise InvalidGrant(_CODE, field="code")
        if held.used_at is None:
            _check_code(config, held, redirect_uri, code_verifier, now=now)
            _check_resource(held, resource)
            await grants.use_code(held.id, now=now)
            has_refresh = (
                "refresh_token" in client.grant_types or oauth_scopes.OFFLINE in held.scopes
            )
            pair = new_token("mcpa"), new_token("mcpr")
            return await _issue(scope, held, held.scopes, pair, has_refresh=has_refresh, now=now)
        await grants.revoke(held.grant_id, now=now)
    _note_replay(config, client, "authorization code")
    raise InvalidGrant(_CODE, field="code")


async def refresh(
    config: ServerConfig,
    desk: Desk,
    client: Client,
    *,
    token: str,
    scope_asked: str | None = None,
    resource: str | None = None,
) -> Issued:
    """New tokens for a refresh token, which is used up; one that comes again ends the family.

    But for half a minute, while nobody has gone on with what it was worth, whoever brings it again
    is told the very same: clients refresh several times at once, and answers get lost. The access
    token has the scopes that are asked for, the refresh token all that were granted. Raises
    InvalidGrant, InvalidScope, InvalidTarget and TooMany.
    """
    scope = admission.server_scope(config)
    async with admission.unit_of_work(config), database.transaction(scope):
        grants, now = OAuthGrants(scope), clock.now()
        held = await grants.held_refresh(
            digest(token), now=now, most_a_minute=_MOST_A_MINUTE, most_a_day=_MOST_A_DAY
        )
        if held is None or held.client_id != client.id:
            raise InvalidGrant(_REFRESH, field="refresh_token")
        pairs = tuple(
            zip(
                desk.sealer.successors("mcpa", token),
                desk.sealer.successors("mcpr", token),
                strict=True,
            )
        )
        if held.used_at is None:
            _check_alive(config, held, _REFRESH, now=now)
            _check_resource(held, resource)
            _check_pace(held, now=now)
            scopes = oauth_scopes.narrowed(held.scopes, scope_asked)
            await grants.use_refresh(held.id, now=now)
            return await _issue(scope, held, scopes, pairs[0], has_refresh=True, now=now)
        again = await _told_again(config, grants, held, pairs, now=now)
        if again is not None:
            _check_resource(held, resource)
            oauth_scopes.narrowed(held.scopes, scope_asked)  # no one finds out so that it was used
            return again
        await grants.revoke(held.grant_id, now=now)
    _note_replay(config, client, "refresh token")
    raise InvalidGrant(_REFRESH, field="refresh_token")


async def revoke(config: ServerConfig, client: Client, *, token: str) -> None:
    """End a token of this client, a refresh token with its whole family (RFC 7009).

    What is no token of this client's is none of its business, and nothing happens.
    """
    scope = admission.server_scope(config)
    async with database.transaction(scope):
        grants = OAuthGrants(scope)
        found = await grants.find(digest(token), client_id=client.id)
        if found is None:
            return
        token_id, grant_id, kind = found
        if kind == OAuthTokenKind.REFRESH:
            await grants.revoke(grant_id, now=clock.now())
        else:
            await grants.end_token(token_id)


def challenge_of(code_verifier: str) -> str:
    """RFC 7636 §4.2: what an S256 verifier was announced as."""
    return urlsafe_b64encode(sha256(code_verifier.encode()).digest()).decode().rstrip("=")


async def _issue(
    scope: ServerScope,
    held: Held,
    scopes: tuple[str, ...],
    pair: Pair,
    *,
    has_refresh: bool,
    now: datetime,
) -> Issued:
    access, again = pair
    ends_at = held.granted_at + GRANT_LIFE
    access_ends_at = min(now + ACCESS_LIFE, ends_at)
    tokens = (
        NewToken(
            kind=OAuthTokenKind.ACCESS,
            token_hash=digest(access.reveal()),
            expires_at=access_ends_at,
        ),
        NewToken(
            kind=OAuthTokenKind.REFRESH,
            token_hash=digest(again.reveal()),
            expires_at=min(now + REFRESH_LIFE, ends_at),
        ),
    )
    await OAuthGrants(scope).add_tokens(
        held.grant_id, tokens if has_refresh else tokens[:1], scopes=scopes, now=now
    )
    await OAuthClients(scope).touch(held.client_id)
    return Issued(
        access=access,
        refresh=again if has_refresh else None,
        expires_in_seconds=int((access_ends_at - now).total_seconds()),
        scopes=scopes,
    )


async def _told_again(
    config: ServerConfig,
    grants: OAuthGrants,
    held: HeldRefresh,
    pairs: tuple[Pair, ...],
    *,
    now: datetime,
) -> Issued | None:
    """What a used refresh token was worth, if it was used just now and nobody went on since."""
    is_late = held.used_at is None or held.used_at + RETRIED_FOR <= now
    if is_late or held.revoked_at is not None or held.auth_type is not config.auth_type:
        return None
    for access, refresh_token in pairs:
        found = await grants.successors(
            held.grant_id,
            access_hash=digest(access.reveal()),
            refresh_hash=digest(refresh_token.reveal()),
            now=now,
        )
        if found is not None:
            scopes, ends_at = found
            return Issued(
                access=access,
                refresh=refresh_token,
                expires_in_seconds=int((ends_at - now).total_seconds()),
                scopes=scopes,
            )
    return None


def _note_replay(config: ServerConfig, client: Client, what: str) -> None:
    """Somebody may have stolen it, or the client is faulty: either is for an operator to see."""
    log.warning("login replayed", reason=what, server=config.slug, client=client.client_id)


def _check_code(
    config: ServerConfig,
    held: HeldCode,
    redirect_uri: str | None,
    code_verifier: str | None,
    *,
    now: datetime,
) -> None:
    _check_alive(config, held, _CODE, now=now)
    if redirect_uri is not None and redirect_uri != held.redirect_uri:
        message = "redirect_uri is not the one that the code was sent to."
        raise InvalidGrant(message, field="redirect_uri")
    if code_verifier is None or not _VERIFIER.fullmatch(code_verifier):
        message = "code_verifier is missing or has no form of one."
        raise InvalidGrant(message, field="code_verifier")
    if not hmac.compare_digest(challenge_of(code_verifier), held.code_challenge):
        message = "code_verifier does not belong to the code_challenge of this login."
        raise InvalidGrant(message, field="code_verifier")


def _check_alive(config: ServerConfig, held: Held, message: str, *, now: datetime) -> None:
    if (
        held.revoked_at is not None
        or held.expires_at <= now
        or held.auth_type is not config.auth_type  # the server logs people in another way now
    ):
        raise InvalidGrant(message)


def _check_pace(held: HeldRefresh, *, now: datetime) -> None:
    """Each refresh leaves rows behind, and no client needs many."""
    for filled_at, span in ((held.minute_filled_at, _MINUTE), (held.day_filled_at, _DAY)):
        if filled_at is not None:
            wait = max(1, math.ceil((filled_at + span - now).total_seconds()))
            message = f"Too many refreshes of one login. Try again in {wait} seconds."
            raise TooMany(message, retry_after_seconds=wait)


def _check_resource(held: Held, resource: str | None) -> None:
    """RFC 8707 §2.2: a token is for what the person agreed to."""
    if resource is not None and held.resource is not None and resource != held.resource:
        message = f"The login was for {held.resource}. Begin another one for another resource."
        raise InvalidTarget(message, field="resource")
