"""ID tokens that are forged, stale, or meant for others let nobody in."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from structlog.testing import capture_logs

from app.core import clock
from app.domain.upstream import Upstream
from app.domain.upstream_errors import (
    IdentityNotAccepted,
    ProviderFaulty,
)
from tests.support.identity_provider import IdentityProvider, identity_provider, key_for
from tests.support.upstream import configured, log_in, make_upstream


@dataclass(frozen=True)
class FromNow:
    """A time so many seconds from when the test runs, as a claim."""

    seconds: int


def at_present(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims with their times filled in."""
    now = clock.now().timestamp()
    return {
        name: now + value.seconds if isinstance(value, FromNow) else value
        for name, value in claims.items()
    }


DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["nonce-1"]},
        {"iss": "https://other.example.com"},
        {"iss": "http://127.0.0.1"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": []},
        {"aud": None},
        {"aud": ["our client:id", "another client"]},
        {"aud": ["our client:id", "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"azp": ["our client:id"]},
        {"exp": FromNow(-61)},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"iat": FromNow(3600)},
        {"iat": None},
        {"nbf": FromNow(3600)},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\x00b"},
        {"at_hash": "AAAA"},
        {"at_hash": 7},
        {"at_hash": ""},
    ],
)  # fmt: skip
async def test_an_id_token_that_says_something_else_is_not_accepted(
    upstream: Upstream, provider: IdentityProvider, claims: dict[str, Any]
) -> None:
    provider.faults.claims = at_present(claims)
    with pytest.raises(IdentityNotAccepted):
        await log_in(upstream, configured(provider.issuer))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["our client:id"]},
        {"aud": ["our client:id", "another client"], "azp": "our client:id"},
        {"azp": "our client:id"},
        {"exp": FromNow(3)},
        {"iat": FromNow(30)},
        {"at_hash": None},
        {"extra": {"a": [1]}},
    ],
)  # fmt: skip
async def test_what_the_specification_allows_is_accepted(
    upstream: Upstream, provider: IdentityProvider, claims: dict[str, Any]
) -> None:
    provider.faults.claims = at_present(claims)
    assert (await log_in(upstream, configured(provider.issuer))).subject == "person-1"


def _without_signature(token: str) -> str:
    return token.rpartition(".")[0] + "."


def _with_another_person(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.eyJzdWIiOiJwZXJzb24tMiJ9.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        _without_signature,
        _with_another_person,
        lambda _token: "",
        lambda _token: "a.b.c",
        lambda _token: "é.é.é",
        lambda token: token + "." + token,
        lambda token: token[:-4] + "AAAA",
        lambda _token: "eyJhbGciOiJub25lIn0.e30.",
        lambda _token: "eyJhbGciOlsiRVMyNTYiXX0.e30.AAAA",
        lambda _token: "x" * 120_000,
    ],
)
async def test_a_forged_id_token_is_not_accepted(
    upstream: Upstream, provider: IdentityProvider, forge: Callable[[str], str]
) -> None:
    provider.faults.forge = forge
    with capture_logs() as logs, pytest.raises(IdentityNotAccepted) as caught:
        await log_in(upstream, configured(provider.issuer))
    told = f"{logs} {caught.value} {vars(caught.value)}"
    assert not [secret for secret in provider.secrets if secret and secret in told]


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "ES256K", "XX"])
async def test_an_algorithm_that_proves_nothing_is_not_accepted(
    upstream: Upstream, provider: IdentityProvider, algorithm: str
) -> None:
    provider.faults.forge = lambda token: _with_header(token, {"alg": algorithm})
    with pytest.raises(IdentityNotAccepted, match="cannot be trusted") as caught:
        await log_in(upstream, configured(provider.issuer))
    assert f"The algorithm '{algorithm}' is not allowed." in caught.value.reason


async def test_an_algorithm_that_the_provider_does_not_name_is_not_accepted(
    upstream: Upstream,
) -> None:
    async with identity_provider(algorithm="RS512", key=key_for("RS512")) as provider:
        provider.faults.metadata["id_token_signing_alg_values_supported"] = None  # then RS256
        with pytest.raises(IdentityNotAccepted):
            await log_in(upstream, configured(provider.issuer))


async def test_a_key_that_is_not_published_signs_nothing(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    provider.faults.sign_with = key_for("ES256")
    with pytest.raises(IdentityNotAccepted) as caught:
        await log_in(upstream, configured(provider.issuer))
    assert caught.value.reason == "The ID token was signed with none of its keys."


async def test_a_key_in_the_token_itself_is_ignored(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    own = key_for("ES256")
    provider.faults.sign_with = own
    provider.faults.header = {"jwk": own.as_dict(private=False), "jku": f"{provider.issuer}/evil"}
    with pytest.raises(IdentityNotAccepted):
        await log_in(upstream, configured(provider.issuer))
    assert provider.count("/evil") == 0


async def test_a_header_that_must_be_understood_and_is_not_is_refused(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    provider.faults.header = {"crit": ["b64"], "b64": False}
    with pytest.raises(IdentityNotAccepted):
        await log_in(upstream, configured(provider.issuer))


async def test_a_weak_key_is_no_key(upstream: Upstream) -> None:
    with pytest.warns(match="2048"):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    async with identity_provider(algorithm="RS256", key=weak) as provider:
        with pytest.raises(ProviderFaulty) as caught:
            await log_in(upstream, configured(provider.issuer))
    assert caught.value.reason == "It publishes no key that can be used."


async def test_a_rotated_key_is_fetched_once_and_made_up_ones_are_not_asked_for(
    provider: IdentityProvider,
) -> None:
    seconds = 0.0
    upstream = make_upstream(lambda: seconds)
    entered = configured(provider.issuer)
    await log_in(upstream, entered)
    seconds = 61.0
    provider.rotate()
    assert (await log_in(upstream, entered)).subject == "person-1"
    assert provider.count("/jwks") == 2

    provider.faults.header = {"kid": "made-up"}
    for _ in range(5):
        with pytest.raises(IdentityNotAccepted):
            await log_in(upstream, entered)
    assert provider.count("/jwks") == 2

    seconds = 3600.0 + 61.0
    provider.faults.header = {}
    await log_in(upstream, entered)
    assert (provider.count("/jwks"), provider.count(DISCOVERY)) == (3, 2)


async def test_a_rotated_key_without_a_name_is_found_too(provider: IdentityProvider) -> None:
    seconds = 0.0
    upstream = make_upstream(lambda: seconds)
    provider.faults.header = {"kid": None}
    await log_in(upstream, configured(provider.issuer))
    seconds = 61.0
    provider.rotate()
    assert (await log_in(upstream, configured(provider.issuer))).subject == "person-1"


def _with_header(token: str, header: dict[str, Any]) -> str:
    """The token with another header, signed by whoever knows no more than the public key."""
    _, payload, _ = token.split(".")
    signed = f"{_base64(json.dumps(header).encode())}.{payload}"
    signature = hmac.new(b"s3cret:with/colon +and%signs", signed.encode(), "sha256").digest()
    return f"{signed}.{'' if header['alg'] == 'none' else _base64(signature)}"


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
