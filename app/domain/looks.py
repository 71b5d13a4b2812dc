"""What the audit log compares of a change: the subject as it is, held, or None without one."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.core.errors import NotFound
from app.core.scope import OrganizationScope
from app.domain import assignments, servers, steps, walkthroughs
from app.domain.servers import Server
from app.domain.steps import Step
from app.domain.walkthroughs import Walkthrough

Look = Callable[[str], Awaitable[object]]


def at_server(scope: OrganizationScope) -> Look:
    """Looks at a server."""

    async def look(server_id: str) -> Server | None:
        try:
            return await servers.held(scope, server_id)
        except NotFound:
            return None

    return look


def at_assignments(scope: OrganizationScope, *, of: str | None = None) -> Look:
    """Looks at a server's list of walkthroughs; `of` is a walkthrough to be held before it."""

    async def look(server_id: str) -> dict[str, Any]:
        if of is not None:
            await walkthroughs.held(scope, of)
        await servers.held(scope, server_id)
        listed = await assignments.of_server(scope, server_id)
        return {
            "walkthroughs": [
                {"id": one.walkthrough_id, "is_enabled": one.is_enabled} for one in listed
            ]
        }

    return look


def at_walkthrough(scope: OrganizationScope) -> Look:
    """Looks at a walkthrough, without its steps."""

    async def look(walkthrough_id: str) -> Walkthrough | None:
        try:
            return await walkthroughs.held(scope, walkthrough_id)
        except NotFound:
            return None

    return look


def at_step_order(scope: OrganizationScope) -> Look:
    """Looks at the order of a walkthrough's steps."""

    async def look(walkthrough_id: str) -> dict[str, Any]:
        await walkthroughs.held(scope, walkthrough_id)
        present = await steps.of_walkthrough(scope, walkthrough_id)
        return {"step_ids": [step.id for step in present]}

    return look


def at_step(scope: OrganizationScope) -> Look:
    """Looks at a step."""

    async def look(step_id: str) -> Step | None:
        try:
            step = await steps.by_id(scope, step_id)
            await walkthroughs.held(scope, step.walkthrough_id)
            return await steps.by_id(scope, step_id)
        except NotFound:
            return None

    return look
