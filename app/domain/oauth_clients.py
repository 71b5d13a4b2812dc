"""MCP clients: registered by themselves (RFC 7591), or known by the document at their client_id."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.core import clock
from app.core.enums import ClientAuthMethod
from app.core.ids import new_id
from app.core.limiter import network_of
from app.core.scope import ServerScope
from app.core.secrets import Secret, digest, new_token
from app.domain.desk import (
    ADDRESS_ATTEMPTS_PER_MINUTE,
    REGISTRATIONS_PER_DAY,
    SUBSCRIBER_BITS,
    Desk,
)
from app.domain.desk import Client as Visitor
from app.domain.oauth_client_rules import checked, is_match
from app.domain.oauth_errors import InvalidClient, InvalidRequest
from app.repositories import database
from app.repositories.oauth_clients import Client, OAuthClients

__all__ = [
    "Client",
    "Registration",
    "by_client_id",
    "check_secret",
    "known_document",
    "redirect_uri_of",
    "register",
    "remember_document",
]

URL_MAX_CHARACTERS: Final = 2000
_REGISTERED: Final = "oacl_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A new client and, if it asked for one, its secret, which is in no other answer."""

    client: Client
    secret: Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDocument:
    """What a client's metadata document said when it was last read."""

    client: Client
    fresh_until: datetime

    @property
    def is_fresh(self) -> bool:
        """Whether it need not be read again yet."""
        return clock.now() < self.fresh_until


async def register(
    scope: ServerScope, desk: Desk, visitor: Visitor, metadata: Mapping[str, Any]
) -> Registration:
    """A new client with the metadata that it sent; whoever registers twice is two clients.

    Raises InvalidRedirectUri, InvalidClientMetadata, TooMany and Unavailable.
    """
    await desk.attempts.take_jointly(
        "register",
        network_of(visitor.address, bits=SUBSCRIBER_BITS),
        per_minute=ADDRESS_ATTEMPTS_PER_MINUTE,
        per_day=REGISTRATIONS_PER_DAY,
    )
    values = checked(metadata)
    secret = None if values["auth_method"] == ClientAuthMethod.NONE else new_token("mcpo")
    secret_hash = digest(secret.reveal()) if secret else None
    async with database.transaction(scope):
        client = await OAuthClients(scope).insert({**values, "secret_hash": secret_hash})
    return Registration(client=client, secret=secret)


async def by_client_id(scope: ServerScope, client_id: str) -> Client:
    """The client that calls itself so; a metadata document as it was last read.

    Raises InvalidClient.
    """
    client = None
    if client_id.isascii() and client_id.isprintable() and len(client_id) <= URL_MAX_CHARACTERS:
        async with database.connection(scope):
            clients = OAuthClients(scope)
            client = (
                await clients.by_id(client_id)
                if client_id.startswith(_REGISTERED)
                else await clients.by_url(client_id)
            )
    if client is None:
        message = "This client is not known here. It has to register again."
        raise InvalidClient(message, field="client_id")
    return client


async def known_document(scope: ServerScope, url: str) -> KnownDocument | None:
    """What is remembered of the metadata document at this address, fresh or not."""
    async with database.connection(scope):
        client = await OAuthClients(scope).by_url(url)
    if client is None or client.fresh_until is None:
        return None
    return KnownDocument(client=client, fresh_until=client.fresh_until)


async def remember_document(
    scope: ServerScope, url: str, metadata: Mapping[str, Any], *, fresh_until: datetime
) -> Client:
    """The client whose metadata document, just read at this address, says this.

    That the document names the very address is for whoever read it to see to. Its client is public:
    a document that everyone can read holds no secret. Raises InvalidClient, InvalidRedirectUri and
    InvalidClientMetadata.
    """
    if len(url) > URL_MAX_CHARACTERS or not url.isascii() or not url.isprintable():
        message = "The client_id is too long, or no address."
        raise InvalidClient(message, field="client_id")
    values = checked(metadata)
    async with database.transaction(scope):
        return await OAuthClients(scope).remember(
            new_id("oacl"), url, values, fresh_until=fresh_until
        )


def check_secret(client: Client, secret: str | None) -> None:
    """Raise InvalidClient unless the client is public, or this is its secret."""
    if client.secret_hash is None:
        return
    if secret is None or not hmac.compare_digest(digest(secret), client.secret_hash):
        message = "The client's secret is missing or wrong."
        raise InvalidClient(message)


def redirect_uri_of(client: Client, asked: str | None) -> str:
    """Where to send the person back to: what was asked for, if the client has registered it.

    It may be left out where there is one only. Raises InvalidRequest, of which the person is told
    on our own page and nobody is sent anywhere.
    """
    if asked is None and len(client.redirect_uris) == 1:
        return client.redirect_uris[0]
    if asked is None or not any(is_match(known, asked) for known in client.redirect_uris):
        message = "The client asks to return to an address that it has not registered."
        raise InvalidRequest(message, field="redirect_uri")
    return asked
