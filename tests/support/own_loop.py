"""An event loop for tests that cannot be coroutines: hypothesis calls plain functions."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from app.models.engine import DB
from tests.support.databases import tenant_role_of

T = TypeVar("T")


class OwnLoop:
    """Runs coroutines one after the other, with the pool open."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result."""
        return self._loop.run_until_complete(coroutine)

    def close(self) -> None:
        """End the loop."""
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


@contextmanager
def own_loop(database_url: str, *, pool_size: int = 10) -> Iterator[OwnLoop]:
    """A loop with the pool started on this database."""
    loop = OwnLoop()
    try:
        role = loop.run(tenant_role_of(database_url))
        loop.run(DB.start(database_url, tenant_role=role, pool_size=pool_size))
        try:
            yield loop
        finally:
            loop.run(DB.stop())
    finally:
        loop.close()
