"""Deleting what has outlived its use, a bounded batch at a time."""

from datetime import timedelta
from typing import Final

from app.core import clock
from app.domain.admission import SESSION_IDLE
from app.domain.idempotency import RECORD_LIFE
from app.repositories import lookups

BATCH: Final = 1000  # rows of each kind: a fraction of a second
INVITATION_KEPT: Final = timedelta(days=30)  # after it expired: members see whom they asked


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
