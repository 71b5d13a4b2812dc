"""Support tickets."""

from dataclasses import dataclass
from hashlib import sha256

import msgspec

from app.core.scope import EndUserScope, ServerScope
from app.repositories import tickets
from app.repositories.tool_calls import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """What an end user asks for help with; `email` is empty where their login told of none."""

    title: str
    problem: str
    context: str | None
    email: str


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """A ticket; `is_repeat` when the same request had opened it before."""

    id: str
    number: int
    is_repeat: bool


async def open_ticket(scope: ServerScope, call: Call, draft: TicketDraft) -> OpenedTicket:
    """Open a ticket; the same end user, server and content within 10 minutes gets the same one.

    The e-mail address is remembered as the end user's contact.
    """
    content = (draft.title, draft.problem, draft.context)
    # Without an end user, the address has to tell one caller from another.
    asker = None if isinstance(scope, EndUserScope) else draft.email.casefold()
    told = msgspec.json.encode([scope.server_id, *content, asker])
    row = await tickets.open_ticket(
        scope,
        call,
        content=content,
        email=draft.email,
        fingerprint=sha256(told).hexdigest(),
    )
    return OpenedTicket(id=row["id"], number=row["number"], is_repeat=row["is_repeat"])
