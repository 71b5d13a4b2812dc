"""Connections to addresses that were looked at before, whatever the name resolves to by now."""

from collections.abc import Iterable, Sequence
from ssl import SSLContext
from typing import Any

import httpcore
from typing_extensions import override


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the first of its addresses that answers. TLS still verifies the host's name."""

    def __init__(self, addresses: Sequence[str], *, seconds: float) -> None:
        self._addresses = addresses
        self._each_seconds = seconds / max(1, len(addresses))  # one that is silent is not all
        self._network = httpcore.AnyIOBackend()

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the addresses, at `port`; `host` is not asked about again."""
        failure: Exception | None = None
        for address in self._addresses:
            try:
                stream = await self._network.connect_tcp(
                    address, port, self._each_seconds, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream)
        raise failure or httpcore.ConnectError("no address")


class _Stream(httpcore.AsyncNetworkStream):
    """Closes when its TLS handshake is cancelled, which the stream it wraps leaves to the GC."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()

    @override
    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
