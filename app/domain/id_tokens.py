"""ID tokens: signed statements of who logged in, and the keys to check them with."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from joserfc import jws, jwt
from joserfc.errors import (
    BadSignatureError,
    InvalidKeyCurveError,
    JoseError,
    KeyParameterError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from typing_extensions import override

from app.core import clock
from app.domain.upstream_errors import IdentityNotAccepted, ProviderFaulty

# Signatures alone: whoever can check them cannot make them. With HS256 our own secret, or a public
# key that is taken for a secret, would be enough.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
LEEWAY_SECONDS: Final = 60
SUBJECT_MAX_CHARACTERS: Final = 255  # OpenID Connect Core §2
_KEYS_MAX: Final = 50
_RSA_MIN_BITS: Final = 2048
_RSA_MAX_BITS: Final = 8192  # more makes checking a signature slow
_ED25519: Final = ("EdDSA", "Ed25519")
# What strangers' JSON leads to in msgspec, joserfc and cryptography.
_BROKEN: Final = (JoseError, ValueError, TypeError, LookupError, RecursionError)

PublicKey = RSAKey | ECKey | OKPKey
PublicKeys = Sequence[PublicKey]


class UnknownKey(Exception):
    """None of these keys signed the token; the provider may have newer ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must say to be the answer to our question.

    `algorithms` are those that the provider names; of them only ALGORITHMS are accepted.
    """

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    algorithms: Collection[str]


class _Registry(JWSRegistry):
    """Allows the named algorithms alone, and tolerates header fields that it does not know."""

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)

    @override
    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS or name not in (self.allowed or ()):
            message = f"The algorithm {name[:20]!r} is not allowed."
            raise UnsupportedAlgorithmError(message)
        return self.algorithms[name]


def read_keys(body: bytes) -> PublicKeys:
    """The keys of a JSON Web Key Set that can check signatures; others are left out.

    Raises ProviderFaulty when it is none.
    """
    try:
        entries = msgspec.json.decode(body)["keys"]
        found = [_key(entry) for entry in entries[:_KEYS_MAX]]
    except _BROKEN as error:
        message = "What it publishes as its keys is no JSON Web Key Set."
        raise ProviderFaulty(message) from error
    return [key for key in found if key is not None]


def verified(token: str, keys: PublicKeys, expected: Expected) -> dict[str, Any]:
    """The claims of a token that is genuine, fresh and meant for us (OpenID Connect Core §3.1.3.7).

    Raises UnknownKey and IdentityNotAccepted.
    """
    registry = _Registry(expected.algorithms)
    try:
        header = jws.extract_compact(token.encode(), registry=registry).headers()
        registry.get_alg(header["alg"])
        claims = _decoded(token, [key for key in keys if _suits(key, header)], registry)
        _registry_of_claims(expected).validate(claims)
    except _BROKEN as error:
        message = f"The ID token is not valid: {str(error)[:200]}"
        raise IdentityNotAccepted(message) from error
    _check_parties(claims, expected)
    _check_access_token(expected.access_token, claims.get("at_hash"), algorithm=header["alg"])
    return claims


def _decoded(token: str, keys: PublicKeys, registry: JWSRegistry) -> dict[str, Any]:
    for key in keys:
        with suppress(BadSignatureError, KeyParameterError, InvalidKeyCurveError):
            return jwt.decode(token, key, registry=registry).claims
    raise UnknownKey


def _registry_of_claims(expected: Expected) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )


def _check_parties(claims: dict[str, Any], expected: Expected) -> None:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not _equal(nonce, expected.nonce):
        message = "The ID token is not the answer to this login: its nonce differs."
        raise IdentityNotAccepted(message)
    audience = claims["aud"]
    is_for_others = isinstance(audience, list) and set(audience) != {expected.client_id}
    if claims.get("azp", None if is_for_others else expected.client_id) != expected.client_id:
        message = "The ID token was given to another client: its azp differs."
        raise IdentityNotAccepted(message)
    if not 0 < len(claims["sub"]) <= SUBJECT_MAX_CHARACTERS or not claims["sub"].isprintable():
        message = "The ID token's sub is empty or too long."
        raise IdentityNotAccepted(message)


def _check_access_token(token: str, given: object, *, algorithm: str) -> None:
    """The access token must have come with this ID token, where that says so (§3.1.3.8)."""
    if given is None:
        return
    size = "512" if algorithm in _ED25519 else algorithm[-3:]
    digest = hashlib.new(f"sha{size}", token.encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    if not isinstance(given, str) or not _equal(half, given):
        message = "The access token is not the one that the ID token speaks of."
        raise IdentityNotAccepted(message)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _suits(key: PublicKey, header: dict[str, Any]) -> bool:
    """Whether the key may be the one; that its type serves the algorithm, joserfc sees to."""
    algorithm, kid = header["alg"], header.get("kid")
    return (kid is None or key.kid is None or key.kid == kid) and (
        key.alg in {None, algorithm, *(_ED25519 if algorithm in _ED25519 else ())}
    )


def _key(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    if entry.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        if entry["kty"] == "RSA" and not _has_fair_size(entry["n"]):
            return None
        key = import_key(entry)
    except _BROKEN:
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _has_fair_size(modulus: object) -> bool:
    if not isinstance(modulus, str):
        return False
    raw = urlsafe_b64decode(modulus.encode() + b"==")
    return _RSA_MIN_BITS <= int.from_bytes(raw).bit_length() <= _RSA_MAX_BITS
