"""Logging in with a customer's own OpenID provider."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from app.domain.upstream import Answer, Upstream, UpstreamIdentity
from app.domain.upstream_errors import IdentityNotAccepted, ProviderFaulty, ProviderRefused
from tests.support.identity_provider import (
    CLIENT_ID,
    IdentityProvider,
    foreign_provider,
    identity_provider,
    key_for,
    visit_foreign,
)
from tests.support.upstream import CALLBACK, TRIP, configured, log_in, trip_with


async def test_who_logs_in_is_known_by_issuer_and_subject(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    identity = await log_in(upstream, configured(provider.issuer))
    assert identity == UpstreamIdentity(
        issuer=provider.issuer,
        subject="person-1",
        email="ann@acme.test",
        email_verified=True,
        name="Ann",
    )
    assert identity.verified_email == "ann@acme.test"
    assert provider.count("/userinfo") == 0  # the ID token has it all


async def test_the_browser_is_sent_with_everything_that_binds_the_answer(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    entered = replace(configured(provider.issuer), scopes=("email",))
    url = await upstream.authorization_url(entered, TRIP, redirect_uri=CALLBACK)
    assert url.startswith(f"{provider.issuer}/authorize?tenant=acme&")
    assert parse_qs(urlsplit(url).query) == {
        "tenant": ["acme"],
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "redirect_uri": [CALLBACK],
        "scope": ["openid email"],
        "state": ["state-1"],
        "nonce": ["nonce-1"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256"],
    }


async def test_a_provider_that_is_not_ours_is_understood(upstream: Upstream) -> None:
    person = {"sub": "bob", "email": "Bob@Acme.test", "email_verified": True, "name": "Bob"}
    async with foreign_provider(person) as issuer:
        entered = replace(configured(issuer, "secret"), client_id="mcplatform")
        url = await upstream.authorization_url(entered, TRIP, redirect_uri=CALLBACK)
        back = await visit_foreign(url, sub="bob")
        assert back["state"] == "state-1"
        identity = await upstream.identity(
            entered, TRIP, Answer(code=back["code"]), redirect_uri=CALLBACK
        )
        assert (identity.issuer, identity.subject, identity.name) == (issuer, "bob", "Bob")
        assert identity.verified_email == "bob@acme.test"

        back = await visit_foreign(url, action="deny")
        with pytest.raises(ProviderRefused):
            await upstream.identity(
                entered, TRIP, Answer(error=back["error"]), redirect_uri=CALLBACK
            )


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
)
async def test_every_usual_signature_is_accepted(upstream: Upstream, algorithm: str) -> None:
    async with identity_provider(algorithm=algorithm, key=key_for(algorithm)) as provider:
        identity = await log_in(upstream, configured(provider.issuer))
    assert identity.subject == "person-1"


@pytest.mark.parametrize(
    ("methods", "header"),
    [
        (None, "Basic"),
        (["client_secret_basic"], "Basic"),
        (["client_secret_post", "client_secret_basic"], "Basic"),
        (["private_key_jwt", "client_secret_post"], ""),
    ],
)
async def test_the_client_secret_is_sent_as_the_provider_wants_it(
    upstream: Upstream, provider: IdentityProvider, methods: list[str] | None, header: str
) -> None:
    provider.faults.metadata["token_endpoint_auth_methods_supported"] = methods
    await log_in(upstream, configured(provider.issuer))
    [asked] = [asked for asked in provider.asked if asked.path == "/token"]
    assert asked.headers.get("authorization", "").partition(" ")[0] == header
    assert (b"client_secret=" in asked.body) is (not header)


async def test_a_wrong_client_secret_is_for_the_customer_to_mend(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    entered = configured(provider.issuer, "canary-secret")
    with capture_logs() as logs, pytest.raises(ProviderFaulty) as caught:
        await log_in(upstream, entered)
    assert caught.value.reason == (
        "Its token endpoint answers with status 401 and the error 'invalid_client'."
    )
    assert logs == [
        {
            "event": "upstream login failed",
            "log_level": "warning",
            "host": provider.issuer.removeprefix("http://"),
            "code": "server_error",
            "reason": caught.value.reason,
        }
    ]


async def test_an_unverified_address_is_not_used(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    for unverified in (False, None, "false", 1, "yes"):
        provider.faults.claims["email_verified"] = unverified
        identity = await log_in(upstream, configured(provider.issuer))
        assert (identity.email, identity.verified_email) == ("ann@acme.test", None)
    provider.faults.claims["email_verified"] = "true"  # as some providers write it
    assert (await log_in(upstream, configured(provider.issuer))).verified_email == "ann@acme.test"


async def test_what_is_no_address_is_none(upstream: Upstream, provider: IdentityProvider) -> None:
    for broken in (
        "",
        "ann",
        "a@b@c",
        ["ann@acme.test"],
        "ann@acme.test\nbcc: x@y.test",
        "ä@b.test",
        "\N{KELVIN SIGN}ate@acme.test",
    ):
        provider.faults.claims["email"] = broken
        identity = await log_in(upstream, configured(provider.issuer))
        assert (identity.email, identity.email_verified) == (None, False)


async def test_a_name_is_fit_to_be_shown(upstream: Upstream, provider: IdentityProvider) -> None:
    names: dict[object, str | None] = {
        "Ann\n\u202egnihsihp\x00": "Ann gnihsihp",
        "x" * 999: "x" * 200,
        " ": None,
        7: None,
    }
    for given, shown in names.items():
        provider.faults.claims["name"] = given
        assert (await log_in(upstream, configured(provider.issuer))).name == shown


async def test_an_address_that_is_missing_is_asked_for(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    # What the ID token says of verification speaks of an address that it does not name.
    provider.faults.claims = {"email": None, "name": None, "email_verified": True}
    identity = await log_in(upstream, configured(provider.issuer))
    assert (identity.verified_email, identity.name) == ("ann@acme.test", "Ann")
    provider.faults.userinfo = {"email_verified": False}
    assert (await log_in(upstream, configured(provider.issuer))).verified_email is None
    provider.faults.userinfo = {"email": None}
    assert (await log_in(upstream, configured(provider.issuer))).email is None


async def test_what_is_said_of_somebody_else_does_not_count(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    provider.faults.claims = {"email": None}
    provider.faults.userinfo = {"sub": "person-2"}
    with pytest.raises(IdentityNotAccepted):
        await log_in(upstream, configured(provider.issuer))


async def test_a_code_serves_once_and_only_with_its_verifier(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    with pytest.raises(ProviderRefused):
        await log_in(
            upstream,
            configured(provider.issuer),
            brought_back_to=trip_with("w" * 43),
        )


async def test_many_who_log_in_at_once_ask_for_metadata_and_keys_once(
    upstream: Upstream, provider: IdentityProvider
) -> None:
    entered = configured(provider.issuer)
    identities = await asyncio.gather(*(log_in(upstream, entered) for _ in range(20)))
    assert {identity.subject for identity in identities} == {"person-1"}
    assert provider.count("/.well-known/openid-configuration") == 1
    assert provider.count("/jwks") == 1


async def test_nothing_secret_shows_itself(upstream: Upstream, provider: IdentityProvider) -> None:
    assert "canary" not in repr(Answer(code="canary"))
    identity = await log_in(upstream, configured(provider.issuer))
    assert "ann@acme.test" not in repr(identity)
