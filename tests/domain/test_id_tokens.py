"""Keys and tokens from strangers are read, or refused in words."""

import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from app.core import clock
from app.domain.id_tokens import ALGORITHMS, Expected, UnknownKey, read_keys, verified
from app.domain.upstream_errors import IdentityNotAccepted, ProviderFaulty
from tests.support.identity_provider import Key, key_for

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


def _published(*keys: Key, **changes: object) -> bytes:
    """A key set of these keys' public halves; a member that is None is left out."""
    entries = [{**key.as_dict(private=False), **changes} for key in keys]
    entries = [{name: v for name, v in entry.items() if v is not None} for entry in entries]
    return json.dumps({"keys": entries}).encode()


def _signed(key: Key, algorithm: str = "ES256", **header: str) -> str:
    """What EXPECTED asks for."""
    now = int(clock.now().timestamp())
    claims = {"iss": EXPECTED.issuer, "aud": "client", "sub": "ann", "nonce": "nonce"}
    return jws.serialize_compact(
        {"alg": algorithm, **header},
        json.dumps({**claims, "iat": now, "exp": now + 300}),
        key,
        algorithms=[algorithm],
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
        {"alg": "ECDH-ES"},
        {"alg": "ES256K"},
        {"x": "AA"},
        {"kty": "XX"},
    ):
        assert read_keys(json.dumps({"keys": [{**key, **changes}]}).encode()) == []
    assert read_keys(_published(key_for("ES256"), use=None, key_ops=["deriveKey"])) == []
    for other in (OKPKey.generate_key("X25519"), ECKey.generate_key("secp256k1")):
        assert read_keys(_published(other)) == []


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "Ed25519"])
def test_a_key_whose_private_half_is_published_is_left_out_unread(algorithm: str) -> None:
    entry = key_for(algorithm).as_dict(private=True)
    public = json.loads(_published(key_for(algorithm)))["keys"][0]
    read = read_keys(json.dumps({"keys": [entry, {**entry, "d": "AQ"}, public]}).encode())
    assert [key.as_dict() for key in read] == [public]


@pytest.mark.parametrize("exponent", [1, 2, 2**32 + 1, 2**64 + 1, 2**2046 + 1])
def test_an_rsa_key_whose_exponent_makes_it_slow_or_useless_is_left_out(exponent: int) -> None:
    assert read_keys(_published(key_for("RS256"), e=_number(exponent))) == []


@pytest.mark.parametrize("changes", [{"n": 7}, {"e": 65537}, {"e": ["AQAB"]}, {"n": None}])
def test_an_rsa_key_that_is_no_text_is_left_out(changes: dict[str, object]) -> None:
    assert read_keys(_published(key_for("RS256"), **changes)) == []


@pytest.mark.parametrize("exponent", [3, 65537, 2**32 - 1])
def test_an_rsa_key_with_any_usual_exponent_is_read(exponent: int) -> None:
    assert len(read_keys(_published(key_for("RS256"), e=_number(exponent)))) == 1


def _number(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(300).lstrip(b"\0")).decode().rstrip("=")


@pytest.mark.parametrize(
    ("published", "header"),
    [
        ({"kid": None}, {}),  # neither names a key
        ({"kid": None}, {"kid": "key-1"}),  # the provider does not
        ({}, {}),  # the token does not
        ({}, {"kid": "key-1"}),  # both do, and all alike
    ],
)
def test_ten_keys_are_tried_and_no_more(
    published: dict[str, object], header: dict[str, str]
) -> None:
    key, others = key_for("ES256"), [key_for("ES256") for _ in range(10)]
    token = _signed(key, **header)
    assert verified(token, read_keys(_published(*others[:9], key, **published)), EXPECTED)
    with pytest.raises(UnknownKey):
        verified(token, read_keys(_published(*others, key, **published)), EXPECTED)


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "RS256"])
def test_keys_of_another_kind_are_not_tried(algorithm: str) -> None:
    key = key_for(algorithm)
    kinds = ("ES256", "ES384", "Ed25519", "RS256")
    others = [key_for(kind) for kind in kinds if kind != algorithm]
    keys = read_keys(_published(*others * 12, key, kid=None))
    assert verified(_signed(key, algorithm), keys, EXPECTED)["sub"] == "ann"


def test_the_key_that_the_token_names_comes_before_those_without_a_name() -> None:
    named, nameless, other = key_for("ES256"), key_for("ES256"), key_for("ES256", "key-2")
    entries = [
        *json.loads(_published(nameless, kid=None))["keys"] * 20,
        *json.loads(_published(other))["keys"] * 20,
        *json.loads(_published(named))["keys"],
    ]
    keys = read_keys(json.dumps({"keys": entries}).encode())
    assert verified(_signed(named, kid="key-1"), keys, EXPECTED)["sub"] == "ann"
    assert verified(_signed(nameless, kid="key-3"), keys, EXPECTED)["sub"] == "ann"
    for kid in ("key-1", "key-2"):
        with pytest.raises(UnknownKey):
            verified(_signed(nameless, kid=kid), keys, EXPECTED)


def test_only_so_many_keys_are_read() -> None:
    key = key_for("ES256").as_dict(private=False)
    assert len(read_keys(json.dumps({"keys": [key] * 200}).encode())) == 50
