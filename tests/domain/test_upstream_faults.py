"""A customer's identity provider that lies, errs, or is away lets nobody in."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from app.domain import provider_metadata
from app.domain.oauth_errors import AccessDenied
from app.domain.provider_metadata import ANSWER_MAX_BYTES
from app.domain.upstream import Upstream
from app.domain.upstream_errors import (
    IdentityNotAccepted,
    ProviderFaulty,
    ProviderRefused,
    ProviderUnavailable,
)
from tests.support.identity_provider import IdentityProvider, identity_provider
from tests.support.internet import response
from tests.support.upstream import TRIP, configured, fetcher, log_in

DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example.com"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": 7},
        {"token_endpoint": "http://idp.example.com/token"},
        {"token_endpoint": "https://169.254.169.254/token"},
        {"token_endpoint": "https://10.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://user@idp.example.com/jwks"},
        {"userinfo_endpoint": "https://[::1%25lo]/userinfo"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://idp.example.com/authorize#fragment"},
        {"authorization_endpoint": "http://idp.example.com/authorize"},
    ],
)
async def test_metadata_that_cannot_be_followed_sends_nobody_anywhere(
    upstream: Upstream, provider: IdentityProvider, metadata: dict[str, Any]
) -> None:
    provider.faults.metadata = metadata
    with pytest.raises(ProviderFaulty):
        await upstream.authorization_url(configured(provider.issuer), TRIP, redirect_uri="x:/y")
    assert [asked.path for asked in provider.asked] == [DISCOVERY]


async def test_an_issuer_must_be_spelled_as_the_provider_does(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    with pytest.raises(ProviderFaulty) as caught:
        await log_in(upstream, configured(provider.issuer + "/"))
    assert caught.value.reason == (
        f"It calls itself '{provider.issuer}' and not '{provider.issuer}/'."
    )


async def test_an_issuer_inside_our_network_is_not_asked(provider: IdentityProvider) -> None:
    upstream = Upstream(fetcher(allows_loopback=False))  # as in production
    for issuer in (provider.issuer, "https://10.0.0.1", "https://localhost", "no address"):
        with pytest.raises(ProviderFaulty):
            await log_in(upstream, configured(issuer))
    assert provider.asked == []


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token", "/userinfo"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (response(b"", status=500), ProviderUnavailable),
        (response(b"", status=503), ProviderUnavailable),
        (response(b"", status=429), ProviderUnavailable),
        (b"nonsense", ProviderUnavailable),
        (response(b"", status=404), ProviderFaulty),
        (response(b"", status=302, headers={"location": "https://x.test"}), ProviderFaulty),
        (response(b"<html>"), ProviderFaulty),
        (response(b"[]"), ProviderFaulty),
        (response(b"{}"), (ProviderFaulty, IdentityNotAccepted)),
        (response(b"[" * 100_000), ProviderFaulty),
        (response(b'{"\xff": 1}'), ProviderFaulty),
        (response(b"x" * (ANSWER_MAX_BYTES + 1)), ProviderFaulty),
        (response(b'{"keys": [' + b"{}," * 20_000 + b"{}]}"), (ProviderFaulty, AccessDenied)),
        (response(b'{"error": "canary-secret"}', status=400), ProviderFaulty),
    ],
)  # fmt: skip
async def test_a_broken_answer_is_told_from_a_passing_failure(
    upstream: Upstream,
    provider: IdentityProvider,
    path: str,
    answer: bytes,
    error: type[Exception] | tuple[type[Exception], ...],
) -> None:
    provider.faults.claims = {"email": None}  # so that userinfo is asked for
    provider.faults.answers[path] = answer
    with capture_logs() as logs, pytest.raises(error) as caught:
        await log_in(upstream, configured(provider.issuer))
    told = f"{logs} {caught.value} {vars(caught.value)}"
    assert not [secret for secret in provider.secrets if secret and secret in told]
    provider.faults.answers.clear()
    assert (await log_in(upstream, configured(provider.issuer))).subject == "person-1"


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks", "/token"])
async def test_a_silent_provider_is_given_up(
    upstream: Upstream,
    provider: IdentityProvider,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if path != DISCOVERY:
        await upstream.authorization_url(configured(provider.issuer), TRIP, redirect_uri="x:/y")
    provider.faults.silent = {path}
    monkeypatch.setattr(provider_metadata, "FETCH_SECONDS", 0.3)
    with pytest.raises(ProviderUnavailable):
        await log_in(upstream, configured(provider.issuer))


async def test_a_provider_that_is_down_is_told_as_such(upstream: Upstream) -> None:
    async with identity_provider() as provider:
        issuer = provider.issuer
    with pytest.raises(ProviderUnavailable) as caught:
        await log_in(upstream, configured(issuer))
    assert caught.value.retry_after_seconds == 60
    assert caught.value.code == "temporarily_unavailable"


@pytest.mark.parametrize(
    ("callback", "error"),
    [
        ({"iss": None}, IdentityNotAccepted),
        ({"iss": "https://other.example.com"}, IdentityNotAccepted),
        ({"iss": "https://other.example.com", "error": "access_denied"}, IdentityNotAccepted),
        ({"code": None}, ProviderFaulty),
        ({"code": "made-up"}, ProviderRefused),
        ({"error": "access_denied"}, ProviderRefused),
        ({"error": "login_required"}, ProviderRefused),
        ({"error": "temporarily_unavailable"}, ProviderUnavailable),
        ({"error": "server_error"}, ProviderUnavailable),
        ({"error": "invalid_scope"}, ProviderFaulty),
        ({"error": "<script>"}, ProviderFaulty),
    ],
)
async def test_a_callback_without_a_good_code_lets_nobody_in(
    upstream: Upstream,
    provider: IdentityProvider,
    callback: dict[str, str | None],
    error: type[Exception],
) -> None:
    provider.faults.callback = callback
    with pytest.raises(error):
        await log_in(upstream, configured(provider.issuer))
    assert provider.count("/token") == (callback == {"code": "made-up"})


async def test_an_issuer_is_compared_even_where_none_was_promised(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    provider.faults.metadata = {"authorization_response_iss_parameter_supported": None}
    provider.faults.callback = {"iss": None}
    assert (await log_in(upstream, configured(provider.issuer))).subject == "person-1"
    provider.faults.callback = {"iss": "https://other.example.com"}
    with pytest.raises(IdentityNotAccepted):
        await log_in(upstream, configured(provider.issuer))


async def test_a_token_endpoint_that_takes_no_secret_gets_none(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    provider.faults.metadata = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    with pytest.raises(ProviderFaulty):
        await log_in(upstream, configured(provider.issuer))
    assert provider.count("/token") == 0
