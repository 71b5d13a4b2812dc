"""The seven walkthrough tools: two toolsets, one progress service."""

from app.core.enums import AuthType
from app.core.scope import EndUserScope
from app.domain import admission, progress
from app.domain.presentation import Presentation
from app.domain.progress import (
    NothingActive,
    StepNotPresented,
    WalkthroughNotFound,
    WalkthroughUnavailable,
)
from app.mcp import call_text, offer_text, prose
from app.mcp.answer import Answer
from app.mcp.arguments import (
    GetNextStep,
    GetWalkthroughStatus,
    ListWalkthroughs,
    NextWalkthroughStep,
    ResetWalkthroughProgress,
    SelectWalkthrough,
    StartWalkthrough,
)
from app.mcp.face import CLASSIC, COMPACT, Face
from app.mcp.recorded import Visit


async def start_walkthrough(visit: Visit, given: object) -> Answer:
    """start_walkthrough."""
    arguments = visit.arguments(StartWalkthrough, given)
    if arguments.email is not None:
        await admission.give_email(visit.caller, arguments.email)
    scope = await admission.known_end_user(visit.caller) or visit.caller.scope
    offered = await progress.available(scope)
    if not offered:
        return offer_text.none_available(run=visit.run)
    if arguments.name is None and len(offered) > 1:
        return offer_text.choices(offered, COMPACT, run=visit.run)
    chosen = offered[0] if arguments.name is None else progress.named(offered, arguments.name)
    if chosen is None:
        if isinstance(scope, EndUserScope) and arguments.name is not None:
            title = await progress.unavailable_title(scope, arguments.name)
            if title is not None:
                return offer_text.unavailable(title, offered, COMPACT, run=visit.run)
        return offer_text.not_found(arguments.name or "", offered, COMPACT, run=visit.run)
    return await _start(visit, chosen.id, restart=arguments.restart, face=COMPACT)


async def get_next_step(visit: Visit, given: object) -> Answer:
    """get_next_step."""
    arguments = visit.arguments(GetNextStep, given)
    return await _advance(visit, COMPACT, step_id=arguments.current_step_id)


async def list_walkthroughs(visit: Visit, given: object) -> Answer:
    """list_walkthroughs."""
    visit.arguments(ListWalkthroughs, given)
    scope = await admission.known_end_user(visit.caller) or visit.caller.scope
    return offer_text.listing(await progress.available(scope))


async def select_walkthrough(visit: Visit, given: object) -> Answer:
    """select_walkthrough."""
    arguments = visit.arguments(SelectWalkthrough, given)
    if arguments.email is not None:
        await admission.give_email(visit.caller, arguments.email)
    if not visit.caller.is_identified:
        return _authentication_required(visit)
    restart = not arguments.resume_if_exists
    return await _start(visit, arguments.walkthrough_id, restart=restart, face=CLASSIC)


async def next_walkthrough_step(visit: Visit, given: object) -> Answer:
    """next_walkthrough_step."""
    arguments = visit.arguments(NextWalkthroughStep, given)
    if not visit.caller.is_identified:
        return _authentication_required(visit)
    return await _advance(
        visit,
        CLASSIC,
        step_id=arguments.current_step_id,
        walkthrough_id=arguments.walkthrough_id,
        complete_current=arguments.current_step_id is None,
    )


async def get_walkthrough_status(visit: Visit, given: object) -> Answer:
    """get_walkthrough_status."""
    arguments = visit.arguments(GetWalkthroughStatus, given)
    if not visit.caller.is_identified:
        return _authentication_required(visit)
    scope = await admission.known_end_user(visit.caller)
    report = await progress.status(scope, arguments.walkthrough_id) if scope else None
    if report is None:
        return prose.no_progress(arguments.walkthrough_id, run=visit.run)
    return prose.status(report, run=visit.run)


async def reset_walkthrough_progress(visit: Visit, given: object) -> Answer:
    """reset_walkthrough_progress."""
    arguments = visit.arguments(ResetWalkthroughProgress, given)
    if not visit.caller.is_identified:
        return _authentication_required(visit)
    if not arguments.confirm:
        return prose.reset_unconfirmed(arguments.walkthrough_id, run=visit.run)
    scope = await admission.known_end_user(visit.caller)
    title = None
    if scope is not None:
        title = await progress.reset(scope, visit.call, walkthrough_id=arguments.walkthrough_id)
    if title is None:
        return prose.nothing_to_reset(arguments.walkthrough_id, run=visit.run)
    return prose.reset_done(arguments.walkthrough_id, title, run=visit.run)


async def _start(visit: Visit, walkthrough_id: str, *, restart: bool, face: Face) -> Answer:
    scope = await admission.end_user(visit.caller)
    try:
        presentation = await progress.start(
            scope, visit.call, walkthrough_id=walkthrough_id, restart=restart
        )
    except WalkthroughNotFound as missing:
        offered = await progress.available(scope)
        return offer_text.not_found(missing.name, offered, face, run=visit.run)
    except WalkthroughUnavailable as gone:
        return await _unavailable(visit, scope, gone, face)
    if not presentation.is_resumed:
        visit.metrics.walkthroughs_started.inc()
    return prose.started(presentation, face, run=visit.run)


async def _advance(
    visit: Visit,
    face: Face,
    *,
    step_id: str | None = None,
    walkthrough_id: str | None = None,
    complete_current: bool = False,
) -> Answer:
    scope = await admission.known_end_user(visit.caller)
    if scope is None:
        return _nothing_active(visit, face)
    try:
        presentation = await progress.advance(
            scope,
            visit.call,
            step_id=step_id,
            walkthrough_id=walkthrough_id,
            complete_current=complete_current,
        )
    except NothingActive:
        return _nothing_active(visit, face)
    except WalkthroughUnavailable as gone:
        return await _unavailable(visit, scope, gone, face)
    except StepNotPresented as refusal:
        return prose.step_refused(refusal.presentation, face, run=visit.run)
    _count(visit, presentation)
    return prose.advanced(presentation, face, run=visit.run)


def _count(visit: Visit, presentation: Presentation) -> None:
    if presentation.completed_now:
        visit.metrics.steps_completed.inc()
        if presentation.step is None:
            visit.metrics.walkthroughs_completed.inc()


def _nothing_active(visit: Visit, face: Face) -> Answer:
    is_offering = visit.config.has_walkthroughs
    return offer_text.nothing_active(face, is_offering=is_offering, run=visit.run)


async def _unavailable(
    visit: Visit, scope: EndUserScope, gone: WalkthroughUnavailable, face: Face
) -> Answer:
    offered = await progress.available(scope)
    return offer_text.unavailable(gone.title, offered, face, run=visit.run)


def _authentication_required(visit: Visit) -> Answer:
    auth_type: AuthType = visit.config.auth_type
    return call_text.authentication_required(auth_type, run=visit.run)
