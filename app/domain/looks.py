"""What the audit log compares of a change: the subject as it is, held, or None without one."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.core.errors import NotFound
from app.core.scope import MemberScope, OrganizationScope
from app.domain import (
    assignments,
    end_user_lists,
    oauth_configs,
    servers,
    steps,
    ticket_comments,
    ticket_desk,
    walkthroughs,
)
from app.domain.oauth_configs import OAuthConfig
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


def at_oauth_config(scope: OrganizationScope) -> Look:
    """Looks at a server's identity provider, of whose secret nobody has more than the time."""

    async def look(server_id: str) -> OAuthConfig | None:
        await servers.held(scope, server_id)
        return await oauth_configs.of_server(scope, server_id)

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


def at_ticket(scope: OrganizationScope) -> Look:
    """Looks at a ticket, but not at its words: the log outlives an end user who is forgotten."""

    async def look(ticket_id: str) -> dict[str, Any] | None:
        try:
            ticket = await ticket_desk.held(scope, ticket_id)
        except NotFound:
            return None
        names = ("status", "priority", "assignee_id")
        return {name: getattr(ticket, name) for name in names}

    return look


def at_comment(scope: OrganizationScope) -> Look:
    """Looks at a comment, but not at its text, which may be withdrawn."""

    async def look(comment_id: str) -> dict[str, Any] | None:
        try:
            comment = await ticket_comments.by_id(scope, comment_id)
            await ticket_desk.held(scope, comment.ticket_id)
            comment = await ticket_comments.by_id(scope, comment_id)
        except NotFound:
            return None
        names = ("ticket_id", "edited_at", "withdrawn_at")
        return {name: getattr(comment, name) for name in names}

    return look


def at_end_user(scope: MemberScope) -> Look:
    """Looks whether an end user was forgotten, and at nothing of the person."""

    async def look(end_user_id: str) -> dict[str, Any]:
        found = await end_user_lists.end_users_by_id(scope, [end_user_id])
        return {"is_forgotten": not found}

    return look
