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
_TRIED_MAX: Final = 10  # one after the other, while everybody else waits
_RSA_MIN_BITS: Final = 2048
_RSA_MAX_BITS: Final = 8192  # more makes checking a signature slow
_RSA_MAX_EXPONENT: Final = 1 << 32  # likewise; nearly all have 65537
_ED25519: Final = ("EdDSA", "Ed25519")
_CURVES: Final = {
    "ES256": ("P-256",),
    "ES384": ("P-384",),
    "ES512": ("P-521",),
    "EdDSA": ("Ed25519", "Ed448"),
    "Ed25519": ("Ed25519",),
}
_SIGNING_CURVES: Final = frozenset(curve for curves in _CURVES.values() for curve in curves)
_MEMBERS: Final = ("kty", "kid", "use", "alg", "key_ops", "crv", "n", "e", "x", "y")
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


def fit(keys: PublicKeys, algorithms: Collection[str]) -> bool:
    """Whether an accepted token could be signed with one of these keys and algorithms."""
    accepted = [name for name in algorithms if name in ALGORITHMS]
    return any(_suits(key, name) for key in keys for name in accepted)


def verified(token: str, keys: PublicKeys, expected: Expected) -> dict[str, Any]:
    """The claims of a token that is genuine, fresh and meant for us (OpenID Connect Core §3.1.3.7).

    Raises UnknownKey and IdentityNotAccepted.
    """
    registry = _Registry(expected.algorithms)
    try:
        header = jws.extract_compact(token.encode(), registry=registry).headers()
        registry.get_alg(header["alg"])
        claims = _decoded(token, _candidates(keys, header), registry)
        _registry_of_claims(expected).validate(claims)
    except _BROKEN as error:
        message = f"The ID token is not valid: {_fault(error)}"
        raise IdentityNotAccepted(message) from error
    _check_parties(claims, expected)
    _check_access_token(expected.access_token, claims.get("at_hash"), algorithm=header["alg"])
    return claims


def _fault(error: Exception) -> str:
    """What is wrong, in no words of the token's own but an algorithm's name."""
    if isinstance(error, UnsupportedAlgorithmError):
        return str(error)
    claim = getattr(error, "claim", None)
    fault = getattr(error, "error", "") or type(error).__name__
    return f"{fault}, {claim}" if claim else str(fault)


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


def _candidates(keys: PublicKeys, header: dict[str, Any]) -> PublicKeys:
    """The keys worth trying: those with the token's kid, or else those without any."""
    kid = header.get("kid")
    suitable = [key for key in keys if _suits(key, header["alg"])]
    if kid is not None:
        named = [key for key in suitable if key.kid == kid]
        suitable = named or [key for key in suitable if key.kid is None]
    return suitable[:_TRIED_MAX]


def _suits(key: PublicKey, algorithm: str) -> bool:
    if key.alg not in {None, algorithm, *(_ED25519 if algorithm in _ED25519 else ())}:
        return False
    if isinstance(key, RSAKey):
        return algorithm not in _CURVES
    return key.curve_name in _CURVES.get(algorithm, ())


def _key(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict):
        return None
    # Its other members are not even looked at: certificates are long.
    public = {name: entry[name] for name in _MEMBERS if name in entry}
    try:
        if not _can_sign(entry) or not _is_quick(entry):
            return None
        key = import_key(public)
    except _BROKEN:
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _can_sign(entry: dict[str, Any]) -> bool:
    """Whether its signatures would prove anything to us."""
    return (
        entry.get("use", "sig") == "sig"
        and "verify" in entry.get("key_ops", ("verify",))
        and entry.get("alg", ALGORITHMS[0]) in ALGORITHMS
        and "d" not in entry  # who publishes the private half lets everybody sign
    )


def _is_quick(entry: dict[str, Any]) -> bool:
    """Whether its signatures are checked in a millisecond or so, and nobody else has to wait."""
    if entry["kty"] != "RSA":
        return entry["kty"] in ("EC", "OKP") and entry["crv"] in _SIGNING_CURVES
    return (
        _RSA_MIN_BITS <= _number(entry["n"]).bit_length() <= _RSA_MAX_BITS
        and _number(entry["e"]) <= _RSA_MAX_EXPONENT
    )


def _number(text: object) -> int:
    if not isinstance(text, str):
        raise TypeError
    return int.from_bytes(urlsafe_b64decode(text.encode() + b"=="))
