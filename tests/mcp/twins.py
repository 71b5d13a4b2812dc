"""What the structured twins of answers hold, for a world's walkthroughs."""

from typing import Any

from tests.support.world import Guide


def facts(answer: dict[str, Any]) -> dict[str, Any]:
    """The structured twin without its text and run handle, wherever that stands."""
    twin = {
        name: value
        for name, value in answer["structuredContent"].items()
        if name not in {"text", "run"}
    }
    if twin.get("nextAction"):
        arguments = twin["nextAction"]["arguments"]
        kept = {name: value for name, value in arguments.items() if name != "run"}
        twin["nextAction"] = {**twin["nextAction"], "arguments": kept}
    return twin


def presented(guide: Guide, number: int, *, done: int, percent: int) -> dict[str, Any]:
    """The twin of a step that is presented."""
    return {
        "kind": "step",
        "walkthrough": {"id": guide.id, "title": guide.title, "version": 1},
        "step": {
            "id": guide.steps[number - 1],
            "title": f"Step {number}",
            "section": f"Part {number}",
            "number": number,
        },
        "totalSteps": len(guide.steps),
        "completedSteps": done,
        "progressPercent": percent,
        "completed": False,
        "nextAction": {
            "tool": "get_next_step",
            "arguments": {"currentStepId": guide.steps[number - 1]},
        },
    }


def completed(guide: Guide) -> dict[str, Any]:
    """The twin of a walkthrough in which nothing is left."""
    return {
        "kind": "completed",
        "walkthrough": {"id": guide.id, "title": guide.title, "version": 1},
        "step": None,
        "totalSteps": len(guide.steps),
        "completedSteps": len(guide.steps),
        "progressPercent": 100,
        "completed": True,
        "nextAction": None,
    }


def offered(guide: Guide, **changes: Any) -> dict[str, Any]:
    """An entry in the list of walkthroughs."""
    entry = {
        "id": guide.id,
        "title": guide.title,
        "description": "How to begin",
        "type": "course",
        "totalSteps": len(guide.steps),
        "progressPercent": 0,
        "isStarted": False,
        "isCompleted": False,
        "estimatedDurationMinutes": None,
        "tags": [],
    }
    return {**entry, **changes}


def texts(answer: dict[str, Any]) -> list[str]:
    """What its content blocks say."""
    return [block["text"] for block in answer["content"]]
