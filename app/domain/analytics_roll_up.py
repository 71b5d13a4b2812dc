"""Counting what was logged by the hour, so that charts read counts instead of the log."""

import asyncio
from typing import Final

import structlog

from app.core.errors import Unavailable
from app.repositories import lookups

BATCH: Final = 20_000  # log rows: about half a second
LEAST_BATCH: Final = 100
PAUSE_SECONDS: Final = 20.0

log = structlog.get_logger()


async def keep_counting(pause_seconds: float = PAUSE_SECONDS) -> None:
    """Roll up now and then, for ever; several processes may do so at once.

    The first time is at once: charts read what is not rolled up yet row by row. After a failure,
    which may have been the statement timeout, batches are smaller until one succeeds.
    """
    batch = BATCH
    while True:
        try:
            await roll_up(batch)
            batch = BATCH
        except Unavailable as error:
            log.warning("roll-up put off", reason=error.message)
            batch = max(batch // 4, LEAST_BATCH)
        except Exception:  # such as a full disk; nobody is above, and the next time may go well
            log.exception("roll-up failed")
        await asyncio.sleep(pause_seconds)


async def roll_up(batch: int = BATCH) -> None:
    """Count everything that is ready, a batch at a time. Raises Unavailable."""
    while await lookups.roll_up(batch=batch):
        pass
