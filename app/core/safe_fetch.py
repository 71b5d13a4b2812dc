"""HTTP requests to URLs that strangers name, which must not lead to where only we can reach."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpcore
import httpx
import structlog

from app.core import addresses
from app.core.fetch_target import FetchFailed, Target, domain_of, read_target
from app.core.headers import SPACES
from app.core.name_lookups import NameLookups
from app.core.pinned import PinnedBackend
from app.core.shares import Shares

AT_ONCE_MAX: Final = 40  # of which hosts of one domain get a quarter
_ADDRESSES_MAX: Final = 3  # that are tried, one after the other
_THIS_MACHINE: Final = ("127.0.0.1", "::1")
_AWAY: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    OSError,
)

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, whatever its status but for redirects. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class SafeFetcher:
    """Fetches over https from public addresses, and from nowhere else.

    Each host is resolved once, all its addresses must be public, and the connection goes to the
    address that was looked at. No redirects, no proxies, no cookies, no kept connections.
    `allows_loopback` lets URLs that spell out this machine pass, also over http, in development.

    What a silent host or nameserver holds up is what goes through the same fetcher: those who must
    not suffer from each other's choice of URLs have one each.
    """

    def __init__(
        self,
        *,
        allows_loopback: bool = False,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
        at_once: int = AT_ONCE_MAX,
    ) -> None:
        self._allows_loopback = allows_loopback
        self._tls = tls or httpx.create_ssl_context()
        self._resolver = resolver or NameLookups().addresses
        self._connections = Shares(at_once)

    def check(self, url: str) -> None:
        """Refuse a URL that would not be fetched whatever its host resolves to. No I/O.

        Raises FetchFailed.
        """
        read_target(url, allows_loopback=self._allows_loopback)

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most_bytes: int,
        seconds: float,
    ) -> Fetched:
        """The answer, if it comes whole within `seconds` and is at most `most_bytes` long.

        Raises FetchFailed.
        """
        host = ""
        try:
            target = read_target(url, allows_loopback=self._allows_loopback)
            host = target.host
            request = _request(target, method=method, headers=headers or {}, body=body)
            async with asyncio.timeout(seconds):
                backend = PinnedBackend(await self._addresses(target), seconds=seconds)
                async with self._connections.taken(domain_of(host)):
                    return await self._exchanged(request, backend, host, most_bytes)
        except TimeoutError:
            message = f"{host} took too long to answer."
            failure = FetchFailed(message, reason="timeout", is_passing=True)
        except _AWAY as error:
            # Of faulty HTTP no word: it may repeat the secret that was sent.
            is_http = isinstance(error, httpcore.ProtocolError)
            reason = type(error).__name__ if is_http else f"{type(error).__name__}: {error}"
            message = f"{host} cannot be reached over a safe connection."
            failure = FetchFailed(message, reason=reason, is_passing=True)
        except FetchFailed as refused:
            failure = refused
        log.warning("fetch failed", host=host, method=method, reason=failure.reason)
        raise failure from None

    async def _exchanged(
        self, request: httpcore.Request, backend: PinnedBackend, host: str, most_bytes: int
    ) -> Fetched:
        # A pool for this request alone: it would hand on connections to whoever names the host.
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._tls, max_connections=1, network_backend=backend
        ) as pool:
            response = await pool.handle_async_request(request)
            try:
                headers = _headers(response)
                _check_answer(response.status, headers, host)
                return Fetched(response.status, headers, await _body(response, host, most_bytes))
            finally:
                await response.aclose()

    async def _addresses(self, target: Target) -> list[str]:
        if target.is_loopback:
            return [target.host] if addresses.parsed(target.host) else list(_THIS_MACHINE)
        try:
            texts = await self._resolver(target.host, target.port)
        except socket.gaierror as error:
            is_passing = error.errno == socket.EAI_AGAIN
            reason = f"not found: {error}"
            raise _no_public_address(target.host, reason, is_passing=is_passing) from None
        found = [addresses.parsed(text) for text in texts]
        public = [address for address in found if address and addresses.is_public(address)]
        if not found or len(public) < len(found):
            raise _no_public_address(target.host, f"resolves to {', '.join(texts)[:200]}")
        public.sort(key=lambda address: address.version)  # not every network has IPv6
        return [str(address) for address in public[:_ADDRESSES_MAX]]


def _request(
    target: Target, *, method: str, headers: Mapping[str, str], body: bytes | None
) -> httpcore.Request:
    sent = {
        "host": target.authority,
        "user-agent": "mcplatform",
        "accept-encoding": "identity",  # so that the limit counts all that is made of it
        "connection": "close",
        **headers,
    }
    if body is not None:
        sent["content-length"] = str(len(body))
    return httpcore.Request(
        method,
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=[(name.encode(), value.encode()) for name, value in sent.items()],
        content=body,
    )


def _headers(response: httpcore.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _check_answer(status: int, headers: Mapping[str, str], host: str) -> None:
    if 300 <= status < 400:
        message = f"{host} answered with a redirect, which is not followed."
        raise FetchFailed(message, reason="redirect")
    if headers.get("content-encoding", "identity").strip(SPACES).lower() != "identity":
        message = f"{host} answered in an encoding that was not asked for."
        raise FetchFailed(message, reason="encoding")


async def _body(response: httpcore.Response, host: str, most_bytes: int) -> bytes:
    body = bytearray()
    assert isinstance(response.stream, AsyncIterable)
    async for part in response.stream:
        body += part
        if len(body) > most_bytes:
            message = f"{host} answered with more than {most_bytes} bytes."
            raise FetchFailed(message, reason="too long")
    return bytes(body)


def _no_public_address(host: str, reason: str, *, is_passing: bool = False) -> FetchFailed:
    # One sentence for all: which names our own network has is nobody's business.
    return FetchFailed(f"{host} has no public address.", reason=reason, is_passing=is_passing)
