"""Progress: what end users have done and where they are (the statements: progress_sql)."""

from collections.abc import Sequence

from app.core import clock
from app.core.ids import new_id
from app.core.scope import EndUserScope
from app.repositories import database, progress_sql
from app.repositories.contention import insist
from app.repositories.database import Row
from app.repositories.tool_calls import Call, arguments


async def _moved(sql: str, *args: object) -> Row | None:
    """The row of a moving statement; again when an author changed the steps under its feet."""
    return await insist(lambda: database.fetch_row(sql, *args))


async def advance(
    scope: EndUserScope,
    call: Call,
    *,
    step_id: str | None,
    walkthrough_id: str | None,
    complete_current: bool,
) -> Row | None:
    """Complete a step and present the next one; None when there is nothing to act on.

    The verdict is completed, presented, repeated (done before, or removed) or refused.
    """
    given = arguments(scope, call, clock.now())
    row = await _moved(
        progress_sql.ADVANCE, *given, step_id, walkthrough_id, complete_current, new_id("wsc")
    )
    call.is_recorded = True
    return row


async def start(
    scope: EndUserScope, call: Call, *, walkthrough_id: str, restart: bool
) -> Row | None:
    """Begin or resume a walkthrough; None when it is not available here.

    The verdict is started, resumed or finished.
    """
    given = arguments(scope, call, clock.now())
    row = await _moved(progress_sql.START, *given, walkthrough_id, restart, new_id("wp"))
    call.is_recorded = True
    return row


async def reset(scope: EndUserScope, call: Call, *, walkthrough_id: str) -> str | None:
    """Empty the progress and open the next run; the walkthrough's title, None without progress."""
    row = await _moved(progress_sql.RESET, *arguments(scope, call, clock.now()), walkthrough_id)
    call.is_recorded = True
    return row["title"] if row else None


async def available(server_id: str, end_user_id: str | None) -> Sequence[Row]:
    """What the server offers, in its order, with this end user's progress."""
    return await database.fetch(progress_sql.AVAILABLE, server_id, end_user_id)


async def status(scope: EndUserScope, walkthrough_id: str) -> Sequence[Row]:
    """One row a step, in order; none without progress or when not available here."""
    return await database.fetch(
        progress_sql.STATUS, scope.server_id, scope.end_user_id, walkthrough_id
    )


async def unavailable_title(scope: EndUserScope, pointer: str | None) -> str | None:
    """The title of a started walkthrough that is not available here any more.

    `pointer` is its id, its title or the id of one of its steps; None looks for the last active
    one that was begun here and not finished.
    """
    row = await database.fetch_row(
        progress_sql.UNAVAILABLE, scope.organization_id, scope.server_id, scope.end_user_id, pointer
    )
    return row["title"] if row else None
