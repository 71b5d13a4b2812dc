"""What an OpenID provider publishes of itself: its addresses and its keys, fetched and kept."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from app.core.fetch_target import FetchFailed
from app.core.safe_fetch import SafeFetcher
from app.core.single_flight import SingleFlight
from app.domain.id_tokens import PublicKeys, read_keys
from app.domain.upstream_errors import ProviderFaulty, ProviderUnavailable

FETCH_SECONDS: Final = 5.0
ANSWER_MAX_BYTES: Final = 128 * 1024  # metadata has some 5 KB, twenty keys with certificates 60
KEPT_SECONDS: Final = 3600.0
KEYS_PAUSE_SECONDS: Final = 60.0  # between two looks for a key that is not there
KEPT_MAX: Final = 1000
_WELL_KNOWN: Final = "/.well-known/openid-configuration"

Kept = TypeVar("Kept")


class OtherIssuer(ProviderFaulty):
    """The provider does not call itself what the customer entered."""

    def __init__(self, named: str, *, entered: str) -> None:
        super().__init__(f"It calls itself {named[:200]!r} and not {entered!r}.")


class ProviderMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """OpenID Connect Discovery 1.0 §3, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Kept]):
    value: Kept
    read_at: float


class ProviderDirectory:
    """Providers' metadata and keys, kept for an hour in this process. Failures are not kept."""

    def __init__(
        self, fetcher: SafeFetcher, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._metadata: dict[str, _Entry[ProviderMetadata]] = {}
        self._keys: dict[str, _Entry[PublicKeys]] = {}
        self._metadata_flights: SingleFlight[str, ProviderMetadata] = SingleFlight()
        self._keys_flights: SingleFlight[str, PublicKeys] = SingleFlight()

    async def metadata(self, issuer: str) -> ProviderMetadata:
        """What the provider says of itself. Raises ProviderUnavailable and ProviderFaulty."""
        entry = self._metadata.get(issuer)
        if entry is not None and self._age(entry) < KEPT_SECONDS:
            return entry.value
        return await self._metadata_flights.join(issuer, lambda: self._read_metadata(issuer))

    async def keys(self, metadata: ProviderMetadata) -> PublicKeys:
        """The keys it signs with. Raises ProviderUnavailable and ProviderFaulty."""
        entry = self._keys.get(metadata.jwks_uri)
        if entry is not None and self._age(entry) < KEPT_SECONDS:
            return entry.value
        return await self._fetched_keys(metadata.jwks_uri)

    async def newer_keys(self, metadata: ProviderMetadata) -> PublicKeys | None:
        """Its keys as they are now, for a token whose key is not among them.

        None if they were read a moment ago: tokens that name made-up keys must not make us ask.
        """
        entry = self._keys.get(metadata.jwks_uri)
        if entry is not None and self._age(entry) < KEYS_PAUSE_SECONDS:
            return None
        return await self._fetched_keys(metadata.jwks_uri)

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of a provider's answer. Raises ProviderUnavailable, ProviderFaulty."""
        try:
            fetched = await self._fetcher.fetch(
                url,
                method=method,
                headers={"accept": "application/json", **(headers or {})},
                body=body,
                most_bytes=ANSWER_MAX_BYTES,
                seconds=FETCH_SECONDS,
            )
        except FetchFailed as failure:
            kind = ProviderUnavailable if failure.is_passing else ProviderFaulty
            raise kind(failure.message) from failure
        if fetched.status >= 500 or fetched.status == 429:
            message = f"It answered with status {fetched.status}."
            raise ProviderUnavailable(message)
        return fetched.status, fetched.body

    async def _fetched_keys(self, jwks_uri: str) -> PublicKeys:
        return await self._keys_flights.join(jwks_uri, lambda: self._read_keys(jwks_uri))

    async def _read_metadata(self, issuer: str) -> ProviderMetadata:
        metadata = _metadata(await self._document(discovery_url(issuer)))
        if metadata.issuer != issuer:
            raise OtherIssuer(metadata.issuer, entered=issuer)
        self._check_urls(
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.jwks_uri,
            *([metadata.userinfo_endpoint] if metadata.userinfo_endpoint else []),
        )
        self._keep(self._metadata, issuer, metadata)
        return metadata

    async def _read_keys(self, jwks_uri: str) -> PublicKeys:
        keys = read_keys(await self._document(jwks_uri))
        if not keys:
            message = "It publishes no key that can be used."
            raise ProviderFaulty(message)
        self._keep(self._keys, jwks_uri, keys)
        return keys

    async def _document(self, url: str) -> bytes:
        status, body = await self.fetch(url)
        if status != 200:
            message = f"{url} answers with status {status}."
            raise ProviderFaulty(message)
        return body

    def _check_urls(self, *urls: str) -> None:
        for url in urls:
            try:
                self._fetcher.check(url)
            except FetchFailed as failure:
                message = f"Its metadata names {url[:200]!r}. {failure.message}"
                raise ProviderFaulty(message) from failure

    def _keep(self, kept: dict[str, _Entry[Kept]], name: str, value: Kept) -> None:
        kept.pop(name, None)
        if len(kept) >= KEPT_MAX:
            del kept[next(iter(kept))]  # the one that was read longest ago
        kept[name] = _Entry(value, self._monotonic())

    def _age(self, entry: _Entry[Kept]) -> float:
        return self._monotonic() - entry.read_at


def discovery_url(issuer: str) -> str:
    """Where a provider's metadata must be (OpenID Connect Discovery 1.0 §4)."""
    return issuer.rstrip("/") + _WELL_KNOWN


def _metadata(body: bytes) -> ProviderMetadata:
    try:
        return msgspec.json.decode(body, type=ProviderMetadata)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        message = f"Its metadata is not that of an OpenID provider: {error}"
        raise ProviderFaulty(message) from error
