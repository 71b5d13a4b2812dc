"""Everything that is held of one end user, for whoever asks what it is."""

from typing import Any

import msgspec

from app.core import clock
from app.core.errors import NotFound
from app.core.scope import MemberScope
from app.domain import permissions
from app.domain.permissions import Action
from app.repositories import database, end_user_export
from app.repositories.end_user_lists import EndUserLists, Progress

FORMAT_VERSION = "1.0"
_JSON = ("profile", "input", "output")


async def known(scope: MemberScope, end_user_id: str) -> str:
    """The id again. Raises NotFound if there is no such end user."""
    async with database.connection(scope):
        if not await EndUserLists(scope).by_id([end_user_id]):
            message = "There is no such end user."
            raise NotFound(message)
    return end_user_id


async def export(scope: MemberScope, end_user_id: str) -> dict[str, Any]:
    """Everything held of the end user, as plain data.

    Lists are newest first and hold at most 10,000 entries and 4 MB; `truncated` names those that
    are cut short. Raises NotPermitted and NotFound.
    """
    permissions.require(scope, Action.EXPORT_END_USERS)
    async with database.transaction(scope):
        held = await end_user_export.holdings(scope, end_user_id)
        if held is None:
            message = "There is no such end user."
            raise NotFound(message)
        progress = await EndUserLists(scope).progress([end_user_id])
    told = {
        "version": FORMAT_VERSION,
        "exportedAt": clock.now(),
        "endUser": _decoded(held.end_user),
        "progress": [_progress(one) for one in progress],
        **{name: [_decoded(row) for row in rows] for name, rows in held.lists.items()},
        "truncated": list(held.truncated),
    }
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return plain


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "walkthroughId": progress.walkthrough_id,
        "serverId": progress.server_id,
        "run": progress.run,
        "status": progress.status,
        "percent": progress.percent,
        "completedSteps": progress.completed_steps,
        "totalSteps": progress.total_steps,
        "currentStepId": progress.current_step_id,
        "startedAt": progress.started_at,
        "lastActivityAt": progress.last_activity_at,
        "firstCompletedAt": progress.first_completed_at,
    }


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: msgspec.json.decode(value) if name in _JSON else value for name, value in row.items()
    }
