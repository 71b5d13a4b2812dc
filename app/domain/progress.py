"""Walking a walkthrough: the promise of product.md §3, in the words of the product."""

from collections.abc import Sequence

import msgspec

from app.core.enums import ProgressStatus, WalkthroughType
from app.core.errors import Conflict, NotFound
from app.core.scope import EndUserScope, ServerScope
from app.domain.presentation import (
    Available,
    Presentation,
    PresentedStep,
    StatusReport,
    StepStatus,
)
from app.repositories import progress
from app.repositories.database import Row
from app.repositories.tool_calls import Call


class NothingActive(NotFound):
    """This end user has no walkthrough under way here."""

    code = "nothing_active"


class WalkthroughUnavailable(NotFound):
    """The walkthrough this end user was in is not available here now; the progress is kept."""

    code = "walkthrough_unavailable"

    def __init__(self, title: str) -> None:
        super().__init__(f"The walkthrough “{title}” is not available at the moment.")
        self.title = title


class WalkthroughNotFound(NotFound):
    """There is no such walkthrough on this server."""

    code = "walkthrough_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"Walkthrough '{name}' not found")
        self.name = name


class StepNotPresented(Conflict):
    """Only a step that was presented can be completed; `presentation` has the current one."""

    code = "step_not_presented"

    def __init__(self, presentation: Presentation) -> None:
        super().__init__("This is not the step that was presented.")
        self.presentation = presentation


async def available(scope: ServerScope) -> tuple[Available, ...]:
    """What this server offers, in its order, with the end user's progress where there is one."""
    end_user_id = scope.end_user_id if isinstance(scope, EndUserScope) else None
    rows = await progress.available(scope.server_id, end_user_id)
    return tuple(_available(row) for row in rows)


def named(offered: Sequence[Available], name: str) -> Available | None:
    """The walkthrough that `name` means: by id, by title, or ignoring case if that is clear."""
    for one in offered:
        if one.id == name:
            return one
    exact = [one for one in offered if one.title == name]
    folded = exact or [one for one in offered if one.title.casefold() == name.casefold()]
    return folded[0] if len(folded) == 1 else None


async def start(
    scope: EndUserScope, call: Call, *, walkthrough_id: str, restart: bool = False
) -> Presentation:
    """Begin, resume or restart a walkthrough and present its current step.

    Raises WalkthroughUnavailable, WalkthroughNotFound.
    """
    row = await progress.start(scope, call, walkthrough_id=walkthrough_id, restart=restart)
    if row is None:
        title = await progress.unavailable_title(scope, walkthrough_id)
        raise WalkthroughUnavailable(title) if title else WalkthroughNotFound(walkthrough_id)
    return _presentation(row)


async def advance(
    scope: EndUserScope,
    call: Call,
    *,
    step_id: str | None = None,
    walkthrough_id: str | None = None,
    complete_current: bool = False,
) -> Presentation:
    """Complete the step, if it was presented, and present the next one.

    Without a step id, present the current step again (or complete it, with `complete_current`) of
    the named or the most recently active walkthrough.

    Raises NothingActive, WalkthroughUnavailable, StepNotPresented.
    """
    row = await progress.advance(
        scope,
        call,
        step_id=step_id,
        walkthrough_id=walkthrough_id,
        complete_current=complete_current,
    )
    if row is None:
        title = await progress.unavailable_title(scope, walkthrough_id or step_id)
        if title is not None:
            raise WalkthroughUnavailable(title)
        message = "No active walkthrough found"
        raise NothingActive(message)
    presentation = _presentation(row)
    if row["verdict"] == "refused":
        raise StepNotPresented(presentation)
    return presentation


async def unavailable_title(scope: EndUserScope, walkthrough_id: str) -> str | None:
    """The title of a walkthrough that this end user was in and that is not available here now."""
    return await progress.unavailable_title(scope, walkthrough_id)


async def status(scope: EndUserScope, walkthrough_id: str) -> StatusReport | None:
    """How far the end user is, step by step; None without progress or if not available here."""
    rows = await progress.status(scope, walkthrough_id)
    if not rows:
        return None
    first = rows[0]
    steps = tuple(
        StepStatus(
            id=row["step_id"],
            title=row["step_title"],
            is_done=row["is_done"],
            is_current=row["step_id"] == first["current_step_id"],
        )
        for row in rows
    )
    current = next((step for step in steps if step.is_current), None)
    return StatusReport(
        walkthrough_id=walkthrough_id,
        title=first["title"],
        version=first["version"],
        status=ProgressStatus(first["status"]),
        total_steps=first["total_steps"],
        completed_steps=first["completed_steps"],
        percent=first["percent"],
        next_step=current or next((step for step in steps if not step.is_done), None),
        steps=steps,
    )


async def reset(scope: EndUserScope, call: Call, *, walkthrough_id: str) -> str | None:
    """Empty the progress and open the next run; the walkthrough's title, None without progress."""
    return await progress.reset(scope, call, walkthrough_id=walkthrough_id)


def _available(row: Row) -> Available:
    return Available(
        id=row["id"],
        title=row["title"],
        description=row["description"],
        type=WalkthroughType(row["type"]),
        estimated_duration_minutes=row["estimated_duration_minutes"],
        tags=tuple(row["tags"]),
        total_steps=row["total_steps"],
        completed_steps=row["completed_steps"],
        percent=row["percent"],
        status=ProgressStatus(row["status"]),
    )


def _presentation(row: Row) -> Presentation:
    step = None
    if row["step_id"] is not None:
        step = PresentedStep(
            id=row["step_id"],
            title=row["step_title"],
            section_title=row["section_title"],
            number=row["position"],
            content=msgspec.json.decode(row["content_fields"]),
        )
    return Presentation(
        walkthrough_id=row["walkthrough_id"],
        title=row["title"],
        version=row["version"],
        step=step,
        total_steps=row["total_steps"],
        completed_steps=row["completed_steps"],
        percent=row["percent"],
        was_updated=row["was_updated"],
        is_resumed=row["verdict"] in {"resumed", "finished"},
        completed_now=row["verdict"] == "completed",
        is_reopened=row["was_completed"] and row["step_id"] is not None,
        interrupted=row["interrupted"],
    )
