"""What agents are told when a call itself is at fault, and when a ticket was opened."""

from collections.abc import Iterable

from app.core.enums import AuthType
from app.core.errors import Fault, Invalid, ProductError
from app.mcp.answer import Answer, InvalidParams, Kind, answer, errors, refused
from app.mcp.author_text import line
from app.mcp.face import CLASSIC, Call

_HOW_TO_LOG_IN = (
    "This server asks people to log in: have the user connect it again and log in through their "
    "MCP client, then repeat this call."
)
_HOW_TO_BE_KNOWN = {
    AuthType.NONE: (
        "This server knows people by an address of their own: have the user connect with the one "
        "that ends in /api/mcpserver/{trackingId}/mcp, which this server's provider gives out."
    ),
    AuthType.PLATFORM_OAUTH: _HOW_TO_LOG_IN,
    AuthType.CUSTOM_OAUTH: _HOW_TO_LOG_IN,
}


def unknown_tool(name: str, callable_names: Iterable[str]) -> InvalidParams:
    """The server has no such tool, or has it switched off."""
    shown = "".join(mark if mark.isprintable() else "?" for mark in name[:64])
    there_are = ", ".join(callable_names) or "none"
    return InvalidParams(
        message=f"There is no tool '{shown}' on this server. Its tools: {there_are}.",
        details="Unknown tool",
    )


def arguments_no_object(tool: str) -> InvalidParams:
    """The arguments are a list, a text or the like."""
    return InvalidParams(
        message=f"The arguments of {tool} must be a JSON object.",
        details="Arguments are not an object",
    )


def email_required() -> InvalidParams:
    """get_support has no address to answer to."""
    return InvalidParams(
        message=(
            "Ask the user for their e-mail address, to which the answer goes, and call get_support "
            "again with it as email."
        ),
        details="Email is required when not authenticated",
    )


def authentication_required(auth_type: AuthType, *, run: str | None = None) -> Answer:
    """The tool needs a person, and how this server comes to know one."""
    message, code = "Authentication required.", "authentication_required"
    if auth_type is not AuthType.COLLECT_EMAIL:
        return refused(Fault("", message, code), _HOW_TO_BE_KNOWN[auth_type], run=run)
    start = CLASSIC.start("<id>", run)
    call = Call(start.tool, {**start.arguments, "email": "<e-mail address>"})
    advice = f"Ask the user for their e-mail address, then call {call.words}."
    return refused(Fault("email", message, code), advice, run=run)


def invalid(error: Invalid) -> Answer:
    """Every argument at fault, a sentence each."""
    faults = error.faults or (Fault("", error.message, error.code),)
    text = " ".join(fault.message for fault in faults)
    return answer(Kind.INVALID, {"errors": errors(*faults)}, f"Nothing was done. {text}")


def refusal(error: ProductError) -> Answer:
    """A refusal that has no words of its own here."""
    if isinstance(error, Invalid):
        return invalid(error)
    return refused(Fault(error.field or "", error.message, error.code), "")


def unexpected(request_id: str) -> Answer:
    """The fault is ours; nothing of its nature is told."""
    message = (
        "Something went wrong on the server, and it was logged. Try once more; if it happens "
        f"again, tell the server's provider this request id: {request_id}."
    )
    facts = {"errors": errors(Fault("", message, "internal_error")), "requestId": request_id}
    return answer(Kind.ERROR, facts, message)


def ticket_opened(
    number: int, title: str, *, is_repeat: bool, has_address: bool = True, run: str | None = None
) -> Answer:
    """The ticket's number. The address it answers to is not told: it may not be the caller's."""
    if is_repeat:
        text = (
            f"This was reported a moment ago as support ticket #{number}; no second one was opened."
        )
    else:
        way = (
            "Tell the user this number; the answer comes by e-mail."
            if has_address
            else "Tell the user this number. Their login gave no verified e-mail address to answer "
            "to: ask how they can be reached, and say it in the problemContext of another ticket."
        )
        text = f'Support ticket #{number} "{line(title)}" was opened. {way}'
    facts = {"ticket": {"number": number, "title": title, "isRepeat": is_repeat}}
    return answer(Kind.TICKET, facts, text, run=run)
