"""Connections go to the given addresses, one after the other."""

from typing import Any

import httpcore
import pytest
from typing_extensions import override

from app.core.pinned import PinnedBackend


class Network(httpcore.AsyncNetworkBackend):
    """A network in which nothing answers; it notes who was tried, and for how long."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, int, float | None]] = []

    @override
    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_options: Any, **_more: Any
    ) -> httpcore.AsyncNetworkStream:
        self.tried.append((host, port, timeout))
        message = "silence"
        raise httpcore.ConnectTimeout(message)


async def test_an_address_that_is_silent_leaves_time_for_the_others() -> None:
    backend = PinnedBackend(["1.1.1.1", "9.9.9.9"], seconds=5.0)
    backend._network = network = Network()  # type: ignore[assignment]  # a network without wires
    with pytest.raises(httpcore.ConnectTimeout):
        await backend.connect_tcp("example.com", 443)
    assert network.tried == [("1.1.1.1", 443, 2.5), ("9.9.9.9", 443, 2.5)]


async def test_without_an_address_there_is_no_connection() -> None:
    with pytest.raises(httpcore.ConnectError):
        await PinnedBackend([], seconds=5.0).connect_tcp("example.com", 443)
