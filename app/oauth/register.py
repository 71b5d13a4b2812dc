"""Clients that register by themselves (RFC 7591)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from joserfc.errors import JoseError

from app.domain import admission, oauth_clients
from app.domain.oauth_clients import Client, Registration
from app.domain.oauth_errors import InvalidClientMetadata
from app.oauth import answer
from app.oauth.answer import Answer
from app.oauth.plane import Plane
from app.oauth.request import Request

_JUDGED_HERE: Final = frozenset({"jwks", "redirect_uris"})
_NEVER: Final = 0  # RFC 7591 §3.2.1: a secret that does not expire


async def register(plane: Plane, request: Request) -> Answer:
    """A new client, and what it is known as from now on.

    Nothing ties a registration to an earlier one: who registers twice is two clients. Raises
    InvalidClientMetadata, InvalidRedirectUri, TooMany and Unavailable.
    """
    metadata = _checked(_read(request.body))
    scope = admission.server_scope(request.config)
    made = await oauth_clients.register(scope, plane.desk, request.visitor, metadata)
    return answer.of_json(_told(made), status=201)


def _read(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        message = "The body must be a JSON object with the client's metadata."
        raise InvalidClientMetadata(message) from error


def _checked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata, whose members are what RFC 7591 §2 says that they are, by Authlib's rules.

    Redirect URIs are left to the domain, which is stricter, and knows apps' own schemes.
    """
    others = {name: value for name, value in metadata.items() if value and name not in _JUDGED_HERE}
    try:
        ClientMetadataClaims(others, {}).validate()
    except (JoseError, TypeError, ValueError, AttributeError) as error:
        raise _refused(getattr(error, "claim", None)) from error
    if (keys := metadata.get("jwks")) and ("jwks_uri" in others or not _are_keys(keys)):
        raise _refused("jwks")
    return dict(metadata)


def _are_keys(jwks: object) -> bool:
    """Whether this has the form of a key set (RFC 7517 §5).

    No key is made of it, for none is ever used: one that a stranger has chosen takes seconds.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    return isinstance(keys, list) and all(
        isinstance(key, dict) and isinstance(key.get("kty"), str) for key in keys
    )


def _refused(claim: object) -> InvalidClientMetadata:
    named = f"{claim} is" if isinstance(claim, str) else "A member is"
    return InvalidClientMetadata(f"{named} not what RFC 7591 says that it must be.")


def _told(made: Registration) -> dict[str, object]:
    client: Client = made.client
    issued = int(client.created_at.timestamp())
    told: dict[str, object] = {
        "client_id": client.client_id,
        "client_id_issued_at": issued,
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grant_types),
        "response_types": ["code"],
        "token_endpoint_auth_method": client.auth_method.value,
        **client.metadata,
    }
    if made.secret is not None:
        told |= {"client_secret": made.secret.reveal(), "client_secret_expires_at": _NEVER}
    return told
