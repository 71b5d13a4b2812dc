"""The log of tool calls."""

from app.core.enums import Outcome
from app.domain import admission
from app.domain.admission import Caller
from app.repositories import tool_calls
from app.repositories.tool_calls import Call

__all__ = ["Call", "record"]


async def record(caller: Caller, call: Call, *, outcome: Outcome, output: str) -> None:
    """Log a call that no statement has logged yet; `output` is JSON of a few facts."""
    await tool_calls.record(
        admission.attribution(caller),
        call,
        outcome=outcome,
        output=output,
        session_id=caller.session_id,
    )
