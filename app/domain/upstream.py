"""Logging in with a customer's own OpenID provider (custom_oauth).

The code flow of OpenID Connect Core 1.0 §3.1, with PKCE (RFC 7636) and a nonce.
"""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import structlog

from app.core.errors import ProductError
from app.core.safe_fetch import SafeFetcher
from app.domain import id_tokens
from app.domain.account_rules import canonical_email, check_email
from app.domain.code_exchange import Tokens, redeemed, userinfo
from app.domain.faults import Faults
from app.domain.id_tokens import Expected, UnknownKey
from app.domain.oauth_client_rules import clean_name
from app.domain.oauth_configs import Provider
from app.domain.oauth_logins import UpstreamRound
from app.domain.provider_metadata import ProviderDirectory, ProviderMetadata
from app.domain.upstream_errors import (
    IdentityNotAccepted,
    ProviderFaulty,
    ProviderRefused,
    ProviderUnavailable,
    error_code,
)

NAME_MAX_CHARACTERS: Final = 200
_OPENID: Final = "openid"
# OAuth and OpenID error codes by which a person, or a rule about the person, says no.
_REFUSALS: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
    }
)
_PASSING: Final = frozenset({"server_error", "temporarily_unavailable"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the provider sent along with the browser, besides the state."""

    code: str | None = field(default=None, repr=False)
    error: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamIdentity:
    """Who the provider says has logged in. Issuer and subject tell people apart, nothing else."""

    issuer: str
    subject: str
    email: str | None = field(repr=False)
    email_verified: bool
    name: str | None = field(repr=False)

    @property
    def verified_email(self) -> str | None:
        """The e-mail address, if the provider vouches for it."""
        return self.email if self.email_verified else None


class Upstream:
    """Sends people to a customer's provider, and learns from it who came back.

    Both may take seconds: call them outside of any unit of work.
    """

    def __init__(
        self, fetcher: SafeFetcher, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._directory = ProviderDirectory(fetcher, monotonic=monotonic)

    async def authorization_url(
        self, provider: Provider, trip: UpstreamRound, *, redirect_uri: str
    ) -> str:
        """Where to send the browser. Raises ProviderUnavailable and ProviderFaulty."""
        try:
            metadata = await self._directory.metadata(provider.issuer)
        except ProductError as error:
            _tell(provider, error)
            raise
        scopes = dict.fromkeys((_OPENID, *provider.scopes))
        digest = sha256(trip.code_verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        url = metadata.authorization_endpoint
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"

    async def identity(
        self, provider: Provider, trip: UpstreamRound, answer: Answer, *, redirect_uri: str
    ) -> UpstreamIdentity:
        """Who has logged in, by the answer that the browser brought back.

        The caller has checked the state. Raises ProviderUnavailable, ProviderFaulty,
        ProviderRefused and IdentityNotAccepted.
        """
        try:
            metadata = await self._directory.metadata(provider.issuer)
            code = _code(metadata, answer)
            form = {
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": trip.code_verifier,
            }
            tokens = await redeemed(
                self._directory,
                metadata,
                form,
                client_id=provider.client_id,
                client_secret=provider.client_secret,
            )
            claims = await self._claims(provider, metadata, tokens, nonce=trip.nonce)
            # Address and verification from one place: of two, each may mean another address.
            profile = (
                claims
                if "email" in claims
                else await userinfo(self._directory, metadata, tokens, subject=claims["sub"])
            )
        except ProductError as error:
            _tell(provider, error)
            raise
        return _identity(claims, profile)

    async def _claims(
        self, provider: Provider, metadata: ProviderMetadata, tokens: Tokens, *, nonce: str
    ) -> dict[str, Any]:
        expected = Expected(
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=nonce,
            access_token=tokens.access_token,
            algorithms=metadata.id_token_signing_alg_values_supported,
        )
        keys = await self._directory.keys(metadata)
        try:
            return id_tokens.verified(tokens.id_token, keys, expected)
        except UnknownKey:
            return await self._verified_anew(metadata, tokens, expected)

    async def _verified_anew(
        self, metadata: ProviderMetadata, tokens: Tokens, expected: Expected
    ) -> dict[str, Any]:
        keys = await self._directory.newer_keys(metadata)
        try:
            return id_tokens.verified(tokens.id_token, keys or (), expected)
        except UnknownKey:
            message = "The ID token was signed with none of its keys."
            raise IdentityNotAccepted(message) from None


def _code(metadata: ProviderMetadata, answer: Answer) -> str:
    # RFC 9207 §2.4: first of all, lest another provider's answer be taken for this one's.
    is_promised = metadata.authorization_response_iss_parameter_supported
    if answer.issuer != metadata.issuer and (is_promised or answer.issuer is not None):
        message = "The answer does not name its issuer, or names another."
        raise IdentityNotAccepted(message)
    error = error_code(answer.error)
    if error in _REFUSALS:
        raise ProviderRefused(error)
    if error in _PASSING:
        raise ProviderUnavailable(error)
    if error:
        message = f"It refuses our request with the error {error!r}."
        raise ProviderFaulty(message)
    if not answer.code:
        message = "It sent the browser back without a code."
        raise ProviderFaulty(message)
    return answer.code


def _identity(claims: Mapping[str, Any], profile: Mapping[str, Any]) -> UpstreamIdentity:
    given, name = profile.get("email"), claims.get("name") or profile.get("name")
    verified = profile.get("email_verified")
    email = canonical_email(given) if isinstance(given, str) else ""
    faults = Faults()
    check_email(faults, email)
    return UpstreamIdentity(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=None if faults.found else email,
        # Some providers send text. Whatever else is there, or nothing, vouches for nothing.
        email_verified=not faults.found and (verified is True or verified == "true"),
        name=clean_name(name, longest=NAME_MAX_CHARACTERS) or None,
    )


def _tell(provider: Provider, error: ProductError) -> None:
    host = provider.issuer.partition("://")[2].partition("/")[0]
    reason = getattr(error, "reason", error.message)
    log.warning("upstream login failed", host=host, code=error.code, reason=reason)
