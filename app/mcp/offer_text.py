"""What agents are told of the walkthroughs that a server offers."""

import msgspec

from app.core.enums import ProgressStatus
from app.core.errors import Fault
from app.domain.presentation import Available
from app.mcp.answer import Answer, Kind, answer, errors, refused
from app.mcp.author_text import line
from app.mcp.face import CLASSIC, Face

_NONE_AVAILABLE = "No walkthroughs are currently available on this server."


def choices(available: tuple[Available, ...], face: Face, *, run: str | None = None) -> Answer:
    """The list to choose from: pure JSON, then how to pick."""
    if not available:
        return none_available(run=run)
    entries = _entries(available)
    listed = msgspec.json.encode({"walkthroughs": entries}).decode()
    return answer(Kind.WALKTHROUGHS, {"walkthroughs": entries}, listed, _pick(face, run), run=run)


def listing(available: tuple[Available, ...]) -> Answer:
    """The list in words: title, number of steps, id and description."""
    if not available:
        return none_available()
    described = "\n\n".join(map(_described, available))
    text = f"Available Walkthroughs\n\n{described}\n\n{_pick(CLASSIC, None)}"
    return answer(Kind.WALKTHROUGHS, {"walkthroughs": _entries(available)}, text)


def none_available(*, run: str | None = None) -> Answer:
    """The server offers nothing now."""
    return answer(Kind.WALKTHROUGHS, {"walkthroughs": []}, _NONE_AVAILABLE, run=run)


def not_found(
    name: str, available: tuple[Available, ...], face: Face, *, run: str | None = None
) -> Answer:
    """No walkthrough goes by this name or id; the list of those that are there."""
    message = f"Walkthrough '{line(name)}' not found."
    fault = Fault(face.walkthrough_argument, message, "walkthrough_not_found")
    return _refused_with_list(fault, available, face, run=run)


def unavailable(
    title: str, available: tuple[Available, ...], face: Face, *, run: str | None = None
) -> Answer:
    """The walkthrough that the end user was in is not offered any more; the others listed."""
    message = unavailable_sentence(title)
    return _refused_with_list(
        Fault("", message, "walkthrough_unavailable"), available, face, run=run
    )


def unavailable_sentence(title: str) -> str:
    """That a walkthrough is gone from here and nothing is lost."""
    return (
        f'The walkthrough "{line(title)}" is not available here any more; '
        "the progress in it is kept."
    )


def nothing_active(face: Face, *, is_offering: bool = True, run: str | None = None) -> Answer:
    """There is no walkthrough to go on with, and which tool starts one where one is offered."""
    fault = Fault("", "No active walkthrough found.", "nothing_active")
    if not is_offering:
        return refused(fault, _NONE_AVAILABLE, run=run)
    call = face.choose(run)
    if face is CLASSIC:
        advice = f"Call {call.words} to see what there is, then `{face.start_tool}` to start one."
    else:
        advice = f"Call {call.words} to start one."
    return refused(fault, advice, call, run=run)


def _refused_with_list(
    fault: Fault, available: tuple[Available, ...], face: Face, *, run: str | None
) -> Answer:
    facts = {
        "errors": errors(fault),
        "walkthroughs": _entries(available),
        "nextAction": face.choose(run).data if available else None,
    }
    if available:
        named = "\n".join(f"- {line(one.title)} (id {one.id})" for one in available)
        text = f"{fault.message} Available here:\n{named}\n\n{_pick(face, run)}"
    else:
        text = f"{fault.message} {_NONE_AVAILABLE}"
    return answer(Kind.REFUSED, facts, text, run=run)


def _pick(face: Face, run: str | None) -> str:
    return f"Ask the user which one they want, then call {face.start('<id>', run).words}."


def _described(one: Available) -> str:
    steps = "1 step" if one.total_steps == 1 else f"{one.total_steps} steps"
    lines = [f"- {line(one.title)} ({steps})", f"  Id: {one.id}"]
    if one.description.strip():
        lines.append(f"  {line(one.description)}")
    return "\n".join(lines)


def _entries(available: tuple[Available, ...]) -> list[dict[str, object]]:
    return [
        {
            "id": one.id,
            "title": one.title,
            "description": one.description,
            "type": one.type.value,
            "totalSteps": one.total_steps,
            "progressPercent": one.percent,
            "isStarted": one.status is not ProgressStatus.NOT_STARTED,
            "isCompleted": one.status is ProgressStatus.COMPLETED,
            "estimatedDurationMinutes": one.estimated_duration_minutes,
            "tags": list(one.tags),
        }
        for one in available
    ]
