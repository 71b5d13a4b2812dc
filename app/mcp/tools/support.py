"""The support tool."""

from app.domain import admission, tickets
from app.domain.tickets import TicketDraft
from app.mcp import call_text
from app.mcp.answer import Answer
from app.mcp.arguments import GetSupport
from app.mcp.recorded import Refusal, Visit


async def get_support(visit: Visit, given: object) -> Answer:
    """get_support."""
    arguments = visit.arguments(GetSupport, given)
    caller = visit.caller
    email = arguments.email or caller.email
    if email is None and caller.access is None:
        raise Refusal(call_text.email_required())
    # Without a session or a person to keep them by, a ticket is all that is made.
    is_known = caller.end_user_id or caller.session_id or caller.credentials.tracking_id
    scope = await admission.end_user(caller) if is_known else caller.scope
    opened = await tickets.open_ticket(
        scope,
        visit.call,
        TicketDraft(
            title=arguments.title,
            problem=arguments.problem_description,
            context=arguments.problem_context,
            email=email or "",
        ),
    )
    if not opened.is_repeat:
        visit.metrics.tickets_opened.inc()
    return call_text.ticket_opened(
        opened.number,
        arguments.title,
        is_repeat=opened.is_repeat,
        has_address=email is not None,
        run=visit.run,
    )
