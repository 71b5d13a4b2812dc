"""Redeeming a provider's authorization code at its token endpoint, and asking who it stands for."""

from base64 import b64encode
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from typing_extensions import override

from app.core.secrets import Secret
from app.domain.provider_metadata import ProviderDirectory, ProviderMetadata
from app.domain.upstream_errors import (
    IdentityNotAccepted,
    ProviderFaulty,
    ProviderRefused,
    error_code,
)

_FORM: Final = "application/x-www-form-urlencoded"
_BAD_JSON: Final = (msgspec.DecodeError, ValueError, RecursionError)


class SecretNotTaken(ProviderFaulty):
    """The provider's token endpoint has no way of ours to take a client secret."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the code was exchanged for. It does not show itself."""

    id_token: str
    access_token: str = ""

    @override
    def __repr__(self) -> str:
        return "Tokens(…)"


async def redeemed(
    directory: ProviderDirectory,
    metadata: ProviderMetadata,
    form: dict[str, str],
    *,
    client_id: str,
    client_secret: Secret | None,
) -> Tokens:
    """The tokens for a code; `form` has code, redirect_uri and code_verifier.

    Raises ProviderUnavailable, ProviderFaulty and ProviderRefused.
    """
    status, body = await _posted(
        directory, metadata, form, client_id=client_id, client_secret=client_secret
    )
    if status == 200:
        return _tokens(body)
    error = _error_code(body)
    if error == "invalid_grant":
        message = "Its token endpoint does not accept the code."
        raise ProviderRefused(message)
    message = f"Its token endpoint answers with status {status} and the error {error!r}."
    raise ProviderFaulty(message)


async def refusal(
    directory: ProviderDirectory,
    metadata: ProviderMetadata,
    form: dict[str, str],
    *,
    client_id: str,
    client_secret: Secret | None,
) -> tuple[int, str]:
    """Status and error code for a code that the provider never gave; `form` as for `redeemed`.

    Raises ProviderUnavailable, ProviderFaulty and SecretNotTaken.
    """
    status, body = await _posted(
        directory, metadata, form, client_id=client_id, client_secret=client_secret
    )
    return status, _error_code(body)


async def userinfo(
    directory: ProviderDirectory, metadata: ProviderMetadata, tokens: Tokens, *, subject: str
) -> dict[str, Any]:
    """What else the provider says of this person (OpenID Connect Core §5.3); {} if it cannot.

    Raises ProviderUnavailable, ProviderFaulty and IdentityNotAccepted.
    """
    if not metadata.userinfo_endpoint or not tokens.access_token:
        return {}
    headers = {"authorization": f"Bearer {tokens.access_token}"}
    status, body = await directory.fetch(metadata.userinfo_endpoint, headers=headers)
    if status != 200:
        message = f"Its userinfo endpoint answers with status {status}."
        raise ProviderFaulty(message)
    claims = _object(body)
    if claims is None:
        message = "Its userinfo endpoint answers with something that is no JSON object."
        raise ProviderFaulty(message)
    if claims.get("sub") != subject:
        message = "Its userinfo endpoint speaks of somebody else."
        raise IdentityNotAccepted(message)
    return claims


async def _posted(
    directory: ProviderDirectory,
    metadata: ProviderMetadata,
    form: dict[str, str],
    *,
    client_id: str,
    client_secret: Secret | None,
) -> tuple[int, bytes]:
    headers, fields = _authentication(metadata, client_id, client_secret)
    return await directory.fetch(
        metadata.token_endpoint,
        method="POST",
        headers={"content-type": _FORM, **headers},
        body=urlencode({"grant_type": "authorization_code", **form, **fields}).encode(),
    )


def _authentication(
    metadata: ProviderMetadata, client_id: str, client_secret: Secret | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form fields by which the token endpoint knows us (RFC 6749 §2.3.1)."""
    if client_secret is None:
        return {}, {"client_id": client_id}
    secret = client_secret.reveal()
    methods = metadata.token_endpoint_auth_methods_supported
    if "client_secret_basic" in methods:
        # %20 and not "+", which some providers do not read as a space.
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {}
    if "client_secret_post" in methods:
        return {}, {"client_id": client_id, "client_secret": secret}
    message = "Its token endpoint takes no client secret, neither as Basic nor in the form."
    raise SecretNotTaken(message)


def _tokens(body: bytes) -> Tokens:
    try:
        return msgspec.json.decode(body, type=Tokens)
    except _BAD_JSON:
        message = "Its token endpoint's answer has no ID token."
        raise ProviderFaulty(message) from None  # the cause might quote the answer


def _error_code(body: bytes) -> str:
    return error_code((_object(body) or {}).get("error"))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except _BAD_JSON:
        return None
