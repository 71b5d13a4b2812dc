"""A trip to a customer's identity provider and back."""

import ssl
import time
from collections.abc import Callable

from app.core.safe_fetch import Resolver, SafeFetcher
from app.core.secrets import Secret
from app.domain.oauth_configs import Provider
from app.domain.oauth_logins import UpstreamRound
from app.domain.upstream import Answer, Upstream, UpstreamIdentity
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, visit

CALLBACK = "https://acme-tools.mcp.example.com/oauth/callback"
_TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # quicker to make than one that does


def configured(issuer: str, secret: str | None = CLIENT_SECRET) -> Provider:
    """What a customer entered about the provider."""
    return Provider(
        issuer=issuer,
        client_id=CLIENT_ID,
        client_secret=Secret(secret) if secret else None,
        scopes=("openid", "profile", "email"),
    )


def trip_with(code_verifier: str) -> UpstreamRound:
    """A trip to the provider and back."""
    return UpstreamRound(issuer=None, state="state-1", nonce="nonce-1", code_verifier=code_verifier)


TRIP = trip_with("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # RFC 7636, appendix B


def fetcher(*, allows_loopback: bool = True, resolver: Resolver | None = None) -> SafeFetcher:
    """A fetcher as in development, without TLS."""
    return SafeFetcher(allows_loopback=allows_loopback, tls=_TRUSTING_NOBODY, resolver=resolver)


def make_upstream(monotonic: Callable[[], float] = time.monotonic) -> Upstream:
    """What logs in with providers on this machine."""
    return Upstream(fetcher(), monotonic=monotonic)


async def log_in(
    upstream: Upstream,
    provider: Provider,
    trip: UpstreamRound = TRIP,
    *,
    brought_back_to: UpstreamRound | None = None,
) -> UpstreamIdentity:
    url = await upstream.authorization_url(provider, trip, redirect_uri=CALLBACK)
    back = await visit(url)
    answer = Answer(code=back.get("code"), error=back.get("error"), issuer=back.get("iss"))
    return await upstream.identity(provider, brought_back_to or trip, answer, redirect_uri=CALLBACK)
