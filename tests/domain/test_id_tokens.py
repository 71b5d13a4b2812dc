"""Keys and tokens from strangers are read, or refused in words."""

import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.id_tokens import ALGORITHMS, Expected, UnknownKey, read_keys, verified
from app.domain.upstream_errors import IdentityNotAccepted, ProviderFaulty
from tests.support.identity_provider import key_for

EXPECTED = Expected(
    issuer="https://idp.example.com",
    client_id="client",
    nonce="nonce",
    access_token="",
    algorithms=ALGORITHMS,
)
KEYS = [key_for("ES256"), key_for("Ed25519")]
_SCALAR = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
_JSON = st.recursive(
    _SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)
# A loaded machine is slow to make any of these up.
loaded = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_KEY_FIELDS = st.sampled_from(
    ["kty", "use", "alg", "kid", "key_ops", "n", "e", "crv", "x", "y", "k", "d", "x5c"]
)
_KEY_VALUES = (
    st.sampled_from(["RSA", "EC", "OKP", "oct", "sig", "enc", "ES256", "P-256", "Ed25519", "AQAB"])
    | st.text()
    | _JSON
)


def _segment(content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@loaded
@given(st.binary() | _JSON.map(lambda content: json.dumps(content).encode()))
def test_any_bytes_are_a_key_set_or_are_refused(body: bytes) -> None:
    with suppress(ProviderFaulty):
        read_keys(body)


@loaded
@given(st.lists(st.dictionaries(_KEY_FIELDS, _KEY_VALUES, max_size=6), max_size=3))
def test_any_key_is_read_or_left_out(entries: list[dict[str, Any]]) -> None:
    good = key_for("ES256").as_dict(private=False)
    assert read_keys(json.dumps({"keys": [*entries, good]}).encode())[-1].kid == "key-1"


@loaded
@given(
    st.text()
    | st.tuples(_JSON, _JSON, st.text()).map(
        lambda parts: f"{_segment(parts[0])}.{_segment(parts[1])}.{parts[2]}"
    )
    | st.tuples(st.sampled_from(ALGORITHMS), _JSON, st.binary()).map(
        lambda parts: (
            f"{_segment({'alg': parts[0]})}.{_segment(parts[1])}."
            f"{urlsafe_b64encode(parts[2]).decode().rstrip('=')}"
        )
    )
)
def test_any_text_is_refused_as_an_id_token(token: str) -> None:
    with pytest.raises((IdentityNotAccepted, UnknownKey)):
        verified(token, KEYS, EXPECTED)


@pytest.mark.parametrize("bits", [512, 1024, 2047, 8193, 100_000])
def test_an_rsa_key_of_an_odd_size_is_left_out_however_it_is_written(bits: int) -> None:
    modulus = (1 << bits) - 1
    raw = bytes(2000) + modulus.to_bytes(bits // 8 + 1)
    entry = {"kty": "RSA", "e": "AQAB", "n": urlsafe_b64encode(raw).decode().rstrip("=")}
    assert read_keys(json.dumps({"keys": [entry]}).encode()) == []


def test_keys_that_serve_something_else_are_left_out() -> None:
    key = key_for("ES256").as_dict(private=False)
    for changes in (
        {"use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"crv": "P-192"},
        {"x": "AA"},
        {"kty": "XX"},
    ):
        assert read_keys(json.dumps({"keys": [{**key, **changes}]}).encode()) == []


def test_only_so_many_keys_are_read() -> None:
    key = key_for("ES256").as_dict(private=False)
    assert len(read_keys(json.dumps({"keys": [key] * 200}).encode())) == 50
