"""A walk that any client can take: from the list of tools to 100 % and a ticket."""

from collections.abc import Awaitable, Callable
from typing import Any

CallTool = Callable[[str, dict[str, Any]], Awaitable[tuple[dict[str, Any], list[str]]]]


async def walk(call: CallTool) -> list[tuple[object, ...]]:
    """What a well-behaved agent sees who starts a walkthrough and does as it is told, to the end.

    `call` gives the structured content and the texts of a tool's result. Each entry is the kind,
    the step's number, the percentage and how many steps are done.
    """
    seen: list[tuple[object, ...]] = []
    structured, texts = await call("start_walkthrough", {})
    for _ in range(50):
        seen.append(_told(structured))
        assert structured["text"] == texts[-1]
        if structured["kind"] != "step":
            return seen
        assert str(structured["step"]["id"]) in texts[-1]
        action = structured["nextAction"]
        structured, texts = await call(action["tool"], action["arguments"])
    return seen


def whole_walk(steps: int) -> list[tuple[object, ...]]:
    """What `walk` sees of a walkthrough with so many steps."""
    percents = [int(100 * done / steps + 0.5) for done in range(steps + 1)]
    steps_seen = [("step", done + 1, percents[done], done) for done in range(steps)]
    return [*steps_seen, ("completed", None, 100, steps)]


def _told(structured: dict[str, Any]) -> tuple[object, ...]:
    step = structured["step"]
    number = step["number"] if step else None
    return (
        structured["kind"],
        number,
        structured["progressPercent"],
        structured["completedSteps"],
    )
