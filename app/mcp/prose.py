"""What agents are told about one walkthrough: facts in, words and their structured twin out."""

from app.core.enums import ProgressStatus
from app.core.errors import Fault
from app.domain.presentation import Presentation, StatusReport, StepStatus
from app.mcp.answer import Answer, Kind, answer, errors, refused
from app.mcp.author_text import line
from app.mcp.face import CLASSIC, Call, Face
from app.mcp.offer_text import unavailable_sentence
from app.mcp.step_text import progress_bar, progress_line, step_text

_SIGNS = {"done": "✅", "current": "▶️", "open": "⭕"}


def started(presentation: Presentation, face: Face, *, run: str | None = None) -> Answer:
    """What a start says: starting, resuming, or completed before."""
    title = line(presentation.title)
    if presentation.step is None:
        opening = f'The user has already completed the walkthrough "{title}".'
    elif presentation.is_resumed:
        opening = f'Resuming the walkthrough "{title}".'
    else:
        opening = f'Starting the walkthrough "{title}".'
    return _presented(presentation, face, opening, run=run)


def advanced(presentation: Presentation, face: Face, *, run: str | None = None) -> Answer:
    """What follows a completed step, or a wish to see the current one again."""
    title = line(presentation.title)
    if presentation.step is None:
        step_completed = "Step completed. " if presentation.completed_now else ""
        opening = f'{step_completed}The walkthrough "{title}" is completed.'
    elif presentation.completed_now:
        opening = "Step completed. This is the next one."
    elif presentation.interrupted is not None:
        gone = unavailable_sentence(presentation.interrupted)
        opening = f'{gone} This is the current step of "{title}".'
    else:
        opening = "This is the current step."
    return _presented(presentation, face, opening, run=run)


def step_refused(presentation: Presentation, face: Face, *, run: str | None = None) -> Answer:
    """The refusal of a step that was not presented; it presents the current one again."""
    message = "That step was not presented to the user, so it was not completed."
    fault = Fault(face.step_argument, message, "step_not_presented")
    if presentation.step is None:
        opening = f'{message} The walkthrough "{line(presentation.title)}" is completed.'
    else:
        opening = f"{message} This is the current step."
    return _presented(presentation, face, opening, run=run, fault=fault)


def status(report: StatusReport, *, run: str | None = None) -> Answer:
    """How far the end user is, step by step."""
    is_completed = report.status is ProgressStatus.COMPLETED
    next_step = report.next_step
    call = None if is_completed else CLASSIC.start(report.walkthrough_id, run)
    facts: dict[str, object] = {
        "walkthrough": _walkthrough(report.walkthrough_id, report.title, report.version),
        "status": report.status.value,
        "nextStep": next_step and {"id": next_step.id, "title": next_step.title},
        "steps": [
            {"id": step.id, "title": step.title, "number": number, "state": _state(step)}
            for number, step in enumerate(report.steps, start=1)
        ],
        **_counts(report),
        "completed": is_completed,
        "nextAction": call and call.data,
    }
    return answer(Kind.STATUS, facts, _status_text(report, call), run=run)


def no_progress(walkthrough_id: str, *, run: str | None = None) -> Answer:
    """There is no progress to tell of, and how to start."""
    return _without_progress("No progress found for this walkthrough.", walkthrough_id, run)


def nothing_to_reset(walkthrough_id: str, *, run: str | None = None) -> Answer:
    """There is no progress to reset, and how to start."""
    message = "No progress found for this walkthrough; there is nothing to reset."
    return _without_progress(message, walkthrough_id, run)


def reset_unconfirmed(walkthrough_id: str, *, run: str | None = None) -> Answer:
    """The warning before a reset; nothing has changed."""
    message = (
        "Nothing was reset: a reset deletes all of the user's progress in this walkthrough, "
        "cannot be undone, and needs confirm to be true."
    )
    arguments: dict[str, object] = {"walkthrough_id": walkthrough_id, "confirm": True}
    if run is not None:
        arguments["run"] = run
    call = Call("reset_walkthrough_progress", arguments)
    advice = f"Ask the user, and only if they agree call {call.words}."
    return refused(Fault("confirm", message, "confirmation_required"), advice, call, run=run)


def reset_done(walkthrough_id: str, title: str, *, run: str | None = None) -> Answer:
    """Progress was reset, and how to begin again."""
    call = CLASSIC.start(walkthrough_id, run)
    text = (
        f'The progress in the walkthrough "{line(title)}" was reset. '
        f"To start it from the beginning, call {call.words}."
    )
    facts = {"walkthrough": {"id": walkthrough_id, "title": title}, "nextAction": call.data}
    return answer(Kind.RESET, facts, text, run=run)


def _presented(
    presentation: Presentation,
    face: Face,
    opening: str,
    *,
    run: str | None,
    fault: Fault | None = None,
) -> Answer:
    """The current step or the completion, after an opening; with a fault, a refusal."""
    step = presentation.step
    opening += _updated(presentation)
    facts: dict[str, object] = {
        "walkthrough": _walkthrough(
            presentation.walkthrough_id, presentation.title, presentation.version
        ),
        "step": None,
        **_counts(presentation),
        "completed": step is None,
        "nextAction": None,
    }
    if step is None:
        kind, text = Kind.COMPLETED, _completion_text(presentation, face, run)
    else:
        call = face.advance(step.id, run)
        kind, text = Kind.STEP, step_text(presentation, step, call)
        facts["step"] = {
            "id": step.id,
            "title": step.title,
            "section": step.section_title,
            "number": step.number,
        }
        facts["nextAction"] = call.data
    if fault is not None:
        kind = Kind.REFUSED
        facts["errors"] = errors(fault)
    return answer(kind, facts, f"{opening}\n\n{text}", run=run)


def _updated(presentation: Presentation) -> str:
    if not presentation.was_updated:
        return ""
    if presentation.is_reopened:
        return " The walkthrough was completed before; it was updated since and has new steps."
    return " The walkthrough was updated since the user last worked on it."


def _completion_text(presentation: Presentation, face: Face, run: str | None) -> str:
    counts = (presentation.percent, presentation.completed_steps, presentation.total_steps)
    again = face.restart(presentation.walkthrough_id, run)
    return (
        f"{progress_line(*counts)}\n\n"
        f"To go through it again, call {again.words}. "
        f"To see what else there is, call {face.choose(run).words}."
    )


def _status_text(report: StatusReport, call: Call | None) -> str:
    noun = "step" if report.total_steps == 1 else "steps"
    lines = [
        f"Walkthrough: {line(report.title)}",
        f"Status: {report.status.value.replace('_', ' ')}",
        f"Progress: {progress_bar(report.percent)} "
        f"{report.completed_steps}/{report.total_steps} {noun} ({report.percent}%)",
    ]
    if report.next_step is not None:
        lines.append(f"Next step: {line(report.next_step.title)} (id {report.next_step.id})")
    lines.append("")
    lines += [
        f"{_SIGNS[_state(step)]} {number}. {line(step.title)}"
        for number, step in enumerate(report.steps, start=1)
    ]
    if call is not None:
        lines += ["", f"To go on, call {call.words}."]
    return "\n".join(lines)


def _without_progress(message: str, walkthrough_id: str, run: str | None) -> Answer:
    call = CLASSIC.start(walkthrough_id, run)
    text = f"{message} To start it, call {call.words}."
    return answer(Kind.NO_PROGRESS, {"nextAction": call.data}, text, run=run)


def _state(step: StepStatus) -> str:
    if step.is_done:
        return "done"
    return "current" if step.is_current else "open"


def _walkthrough(walkthrough_id: str, title: str, version: int) -> dict[str, object]:
    return {"id": walkthrough_id, "title": title, "version": version}


def _counts(facts: Presentation | StatusReport) -> dict[str, object]:
    return {
        "totalSteps": facts.total_steps,
        "completedSteps": facts.completed_steps,
        "progressPercent": facts.percent,
    }
