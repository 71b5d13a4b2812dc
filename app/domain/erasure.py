"""Forgetting end users: the person is erased, anonymous figures stay (docs/decisions/0016)."""

from datetime import timedelta
from typing import Final

import structlog

from app.core import clock
from app.core.errors import NotFound, Unavailable
from app.core.scope import MemberScope
from app.domain import admission
from app.repositories import database, lookups
from app.repositories.end_user_erasure import EndUserErasure

# What is erased at once, in the transaction that forgets; housekeeping erases the rest.
_BATCHES: Final = 4

# A call that was admitted before and is still under way may write after; none takes this long.
LATE_CALLS: Final = timedelta(minutes=5)
_ERASURES_AT_ONCE: Final = 20
_ENOUGH_BATCHES: Final = 10  # in one transaction

log = structlog.get_logger()


async def forget(scope: MemberScope, end_user_id: str) -> str:
    """Erase a person; the id, which is nobody's from now on.

    The end user row, progress, completions, sessions, calls and tickets stay as figures without
    any identifier or word of the person. Live sessions end, logins are revoked, and whoever comes
    with the same tracking id or login is a new end user. Raises NotFound, also for an end user who
    was forgotten before, and Unavailable.
    """
    async with database.transaction(scope):
        erasure = EndUserErasure(scope)
        if await erasure.erase(end_user_id, now=clock.now(), batches=_BATCHES) is None:
            message = "There is no such end user."
            raise NotFound(message)
    return end_user_id


async def finish_erasures() -> int:
    """How many forgotten end users are known now to have left nothing; for housekeeping.

    Erases what was too much for one transaction, and what calls wrote that were under way. Each end
    user has one turn, so that none who cannot be finished keeps others from theirs. Several
    processes may do so at once.
    """
    forgotten_before = clock.now() - LATE_CALLS
    finished = 0
    left: set[str] = set()
    while True:
        # Those who are left may come first: so many more are asked for.
        unfinished = await lookups.unfinished_erasures(
            forgotten_before=forgotten_before, limit=len(left) + _ERASURES_AT_ONCE
        )
        turns = [row for row in unfinished if row["end_user_id"] not in left]
        if not turns:
            return finished
        for row in turns:
            if await _could_finish(row["organization_slug"], row["end_user_id"]):
                finished += 1
            else:
                left.add(row["end_user_id"])


async def _could_finish(organization_slug: str, end_user_id: str) -> bool:
    try:
        return await _finish(organization_slug, end_user_id)
    except (NotFound, Unavailable):  # the organization is gone, or another process is at it
        return False
    except Exception:  # the others' data must go, whatever is wrong with this one's
        log.exception("erasure failed", end_user_id=end_user_id)
        return False


async def _finish(organization_slug: str, end_user_id: str) -> bool:
    scope = await admission.operator(organization_slug)
    while True:
        now = clock.now()
        async with database.transaction(scope):
            erasure = EndUserErasure(scope)
            erased = await erasure.erase(
                end_user_id, now=now, batches=_ENOUGH_BATCHES, is_forgotten=True
            )
            if erased is None or erased.has_found:  # what was found may have let another call in
                return False
            if erased.is_complete:
                await erasure.finish(end_user_id, now=now)
                return True
