"""Notices that the database sends when configuration changes."""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog

_CHANNEL = "mcplatform_configuration"
_LONGEST_PAUSE_SECONDS = 1.0
_HEARTBEAT_SECONDS = 10.0
_ANSWER_SECONDS = 5.0

log = structlog.get_logger()


async def follow(
    dsn: str,
    *,
    on_notice: Callable[[str], None],
    on_connected: Callable[[], None],
    on_lost: Callable[[], None],
) -> None:
    """Listen on a connection of its own until cancelled, reconnecting for ever.

    `on_notice` gets the id of the organization whose configuration changed. `on_lost` is called as
    soon as notices may be missed; a heartbeat bounds how long a dead link goes unseen.
    """
    pause_seconds = 0.05
    while True:
        try:
            connection = await asyncpg.connect(dsn, timeout=_ANSWER_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
            continue
        pause_seconds = 0.05
        try:
            await _listen(connection, on_notice=on_notice, on_connected=on_connected)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("configuration notices lost", reason=type(error).__name__)
        finally:
            on_lost()
            connection.terminate()


async def _listen(
    connection: asyncpg.Connection,
    *,
    on_notice: Callable[[str], None],
    on_connected: Callable[[], None],
) -> None:
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    await connection.add_listener(_CHANNEL, lambda *notice: on_notice(notice[3]))
    on_connected()
    while not lost.is_set():
        try:
            async with asyncio.timeout(_HEARTBEAT_SECONDS):
                await lost.wait()
        except TimeoutError:
            await connection.fetchval("SELECT 1", timeout=_ANSWER_SECONDS)
