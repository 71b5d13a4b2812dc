"""Deleting what has outlived its use, a bounded batch at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from app.core import clock
from app.core.errors import Unavailable
from app.domain import erasure
from app.domain.admission import SESSION_IDLE
from app.domain.idempotency import RECORD_LIFE
from app.repositories import lookups

BATCH: Final = 1000  # rows of each kind: a fraction of a second
INVITATION_KEPT: Final = timedelta(days=30)  # after it expired: members see whom they asked
SPENT_KEPT: Final = timedelta(days=1)  # codes and grants that have ended, to notice replays
UNUSED_CLIENT_KEPT: Final = timedelta(days=2)  # one that registered, and for which no one logged in
DISUSED_CLIENT_KEPT: Final = timedelta(days=180)  # one without logins: it has to register again
PAUSE_SECONDS: Final = 600.0

log = structlog.get_logger()


async def keep_house(pause_seconds: float = PAUSE_SECONDS) -> None:
    """Purge now and then, for ever; several processes may do so at once."""
    while True:
        await asyncio.sleep(pause_seconds)  # first: a start has better things to do
        await _finished(purge_people, at_least=BATCH)
        await _finished(purge_logins, at_least=BATCH)
        await _finished(erasure.finish_erasures, at_least=1)


async def _finished(job: Callable[[], Awaitable[int]], *, at_least: int) -> None:
    """Do a job until a round of it does less than this; what fails is left to the next time."""
    try:
        while await job() >= at_least:
            pass
    except Unavailable as error:
        log.warning("purge put off", reason=error.message)
    except Exception:  # such as a deadlock; nobody is above
        log.exception("purge failed")


async def purge_people() -> int:
    """How many outlived sessions, tokens, idempotency records and invitations are gone now."""
    now = clock.now()
    return await lookups.purge_people(
        now=now,
        seen_since=now - SESSION_IDLE,
        records_since=now - RECORD_LIFE,
        invitations_since=now - INVITATION_KEPT,
        batch=BATCH,
    )


async def purge_logins() -> int:
    """How many outlived flows, codes, tokens, grants and OAuth clients are gone now."""
    now = clock.now()
    return await lookups.purge_logins(
        now=now,
        spent_since=now - SPENT_KEPT,
        unused_since=now - UNUSED_CLIENT_KEPT,
        disused_since=now - DISUSED_CLIENT_KEPT,
        batch=BATCH,
    )
