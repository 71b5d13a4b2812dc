"""What a tool call gives back, before the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Fault
from app.mcp.face import Call


class Kind(StrEnum):
    """What an answer is: the `kind` of its structured twin.

    step: a step to work on. completed: the walkthrough has nothing left to do. walkthroughs: what
    the server offers, perhaps nothing. status: how far the end user is, step by step. no_progress:
    there is none to tell of or to reset. reset: progress was reset. ticket: a support ticket is
    open. refused: the call was understood and not done; `errors` says why, `nextAction` what to do,
    and where a step or a list helps, it is there too. invalid: the arguments break the tool's
    schema. error: the fault is the server's.
    """

    STEP = "step"
    COMPLETED = "completed"
    WALKTHROUGHS = "walkthroughs"
    STATUS = "status"
    NO_PROGRESS = "no_progress"
    RESET = "reset"
    TICKET = "ticket"
    REFUSED = "refused"
    INVALID = "invalid"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Answer:
    """A tool's result: `texts` become content blocks, `structured` the structuredContent."""

    texts: tuple[str, ...]
    structured: dict[str, object]
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class InvalidParams:
    """A JSON-RPC -32602: the sentence to act on, and the reason for `data.details`."""

    message: str
    details: str


def answer(kind: Kind, facts: Mapping[str, object], *texts: str, run: str | None = None) -> Answer:
    """An answer whose structured twin repeats its last text.

    Some clients, Claude Code among them, show the model nothing but the structured content
    (github.com/anthropics/claude-code/issues/79944): without `text` they would never see a step.
    """
    structured = {"kind": kind.value, **facts}
    if run is not None:
        structured["run"] = run
    structured["text"] = texts[-1]
    is_error = kind in {Kind.REFUSED, Kind.INVALID, Kind.ERROR}
    return Answer(texts, structured, is_error)


def refused(
    fault: Fault, advice: str, next_call: Call | None = None, *, run: str | None = None
) -> Answer:
    """A refusal: what is wrong, then what to do."""
    facts = {"errors": errors(fault), "nextAction": next_call and next_call.data}
    return answer(Kind.REFUSED, facts, f"{fault.message} {advice}".rstrip(), run=run)


def errors(*faults: Fault) -> list[dict[str, str | None]]:
    """Faults as every answer lists them; the field is null where no argument is at fault."""
    return [
        {"field": fault.field or None, "message": fault.message, "code": fault.code}
        for fault in faults
    ]
