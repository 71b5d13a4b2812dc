"""A customer's OpenID provider: real signatures over real HTTP, and any fault that is asked for."""

import asyncio
import hashlib
import json
import sys
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from typing_extensions import override

from app.core import clock
from app.core.ids import new_id
from tests.support.internet import Asked, host, response
from tests.support.redis_servers import free_port

CLIENT_ID = "our client:id"
CLIENT_SECRET = "s3cret:with/colon +and%signs"
START_SECONDS = 30.0
Key = RSAKey | ECKey | OKPKey


class _AnyAlgorithm(JWSRegistry):
    """Signs with whatever it is told to, and warns of nothing."""

    @override
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


_ANY_ALGORITHM = _AnyAlgorithm(strict_check_header=False)


@dataclass(slots=True)
class Faults:
    """What goes wrong; whatever is None in a mapping is left out of the answer."""

    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, str | None] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)  # by path, instead of the right ones
    silent: set[str] = field(default_factory=set)  # paths that are never answered
    sign_with: Key | None = None  # instead of the published key
    forge: Callable[[str], str] | None = None  # what becomes of the ID token at last


@dataclass(slots=True)
class IdentityProvider:
    """One person can log in, and does so at once. `issuer` is its address."""

    issuer: str = ""
    key: Key = field(default_factory=lambda: _key("key-1"))
    algorithm: str = "ES256"
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "person-1",
            "email": "ann@acme.test",
            "email_verified": True,
            "name": "Ann",
        }
    )
    faults: Faults = field(default_factory=Faults)
    asked: list[Asked] = field(default_factory=list)
    secrets: list[str] = field(default_factory=lambda: [CLIENT_SECRET])  # all that were told
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked.path.partition("?")[0] == path for asked in self.asked)

    def rotate(self, kid: str = "key-2") -> None:
        """Sign with a new key, and publish that one alone."""
        self.key = _key(kid)

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        path = asked.path.partition("?")[0]
        if path in self.faults.silent:
            await asyncio.Event().wait()
        self.asked.append(asked)
        if path in self.faults.answers:
            writer.write(self.faults.answers[path])
            return
        doors = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": self._jwks,
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        writer.write(doors[path](asked) if path in doors else response(status=404))

    def _metadata(self, _asked: Asked) -> bytes:
        metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=acme",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm, "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        return _json(metadata, self.faults.metadata)

    def _jwks(self, _asked: Asked) -> bytes:
        return _json({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, asked: Asked) -> bytes:
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
        code = new_id("code")
        self._codes[code] = query
        self.secrets.append(code)
        back: dict[str, str | None] = {"code": code, "state": query["state"], "iss": self.issuer}
        back |= self.faults.callback
        kept = {name: value for name, value in back.items() if value is not None}
        return response(
            status=302, headers={"location": f"{query['redirect_uri']}?{urlencode(kept)}"}
        )

    def _token(self, asked: Asked) -> bytes:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if _client(asked, form) != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "invalid_client"}, status=401)
        query = self._codes.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        is_good = (
            query.get("redirect_uri") == form["redirect_uri"]
            and query["code_challenge_method"] == "S256"
            and query["code_challenge"] == _base64(digest)
        )
        if not is_good:
            return _json({"error": "invalid_grant"}, status=400)
        access_token = new_id("access")
        id_token = self._id_token(query["nonce"], access_token)
        self.secrets += [access_token, id_token]
        tokens = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": id_token,
        }
        return _json(tokens)

    def _id_token(self, nonce: str, access_token: str) -> str:
        now = int(clock.now().timestamp())
        size = "512" if self.algorithm in {"EdDSA", "Ed25519"} else self.algorithm[-3:]
        digest = hashlib.new(f"sha{size}", access_token.encode()).digest()
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": _base64(digest[: len(digest) // 2]),
            **self.person,
        }
        key = self.faults.sign_with or self.key
        header = _merged({"alg": self.algorithm, "kid": self.key.kid}, self.faults.header)
        payload = json.dumps(_merged(claims, self.faults.claims))
        token = jws.serialize_compact(header, payload, key, registry=_ANY_ALGORITHM)
        return self.faults.forge(token) if self.faults.forge else token

    def _userinfo(self, asked: Asked) -> bytes:
        if not asked.headers["authorization"].startswith("Bearer access_"):
            return _json({}, status=401)
        return _json(self.person, self.faults.userinfo)


@asynccontextmanager
async def identity_provider(**settings: Any) -> AsyncIterator[IdentityProvider]:
    """A provider on this machine."""
    provider = IdentityProvider(**settings)
    async with host(provider.answer) as served:
        provider.issuer = f"http://127.0.0.1:{served.port}"
        yield provider


@asynccontextmanager
async def foreign_provider(*people: dict[str, Any]) -> AsyncIterator[str]:
    """The issuer of a provider that is not ours (oidc-provider-mock), in a process of its own."""
    port = free_port()
    arguments = [item for person in people for item in ("--user-claims", json.dumps(person))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "oidc_provider_mock", "-p", str(port), *arguments),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as browser:
            while not await _is_there(browser, issuer):
                await asyncio.sleep(0.05)
        yield issuer
    finally:
        process.terminate()
        await process.wait()


async def visit(url: str) -> dict[str, str]:
    """What a browser brings back from the provider of ours: the query of the redirect."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(url)
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
    }


async def visit_foreign(url: str, **form: str) -> dict[str, str]:
    """The same from the foreign one, where the person fills in a form."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(url, data=form)
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
    }


def key_for(algorithm: str, kid: str = "key-1") -> Key:
    """A key that signs with this algorithm."""
    parameters: KeyParameters = {"kid": kid, "use": "sig"}
    if algorithm[0] in "RP":
        return RSAKey.generate_key(2048, parameters)
    if algorithm.startswith("Ed"):
        return OKPKey.generate_key("Ed25519", parameters)
    curves = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
    return ECKey.generate_key(curves[algorithm], parameters)


def _key(kid: str) -> Key:
    return key_for("ES256", kid)


def _client(asked: Asked, form: dict[str, str]) -> tuple[str, str]:
    kind, _, pair = asked.headers.get("authorization", "").partition(" ")
    if kind == "Basic":
        name, _, secret = b64decode(pair).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


async def _is_there(browser: httpx.AsyncClient, issuer: str) -> bool:
    try:
        return (await browser.get(f"{issuer}/jwks")).status_code == 200
    except httpx.TransportError:
        return False


def _merged(given: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def _json(
    content: dict[str, Any], changes: dict[str, Any] | None = None, status: int = 200
) -> bytes:
    body = json.dumps(_merged(content, changes or {})).encode()
    return response(body, status=status, headers={"content-type": "application/json"})


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
