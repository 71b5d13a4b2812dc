"""Support tickets and their history."""

from piccolo.columns import JSONB, Integer
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from app.core.enums import ActivityType, ActorKind, TicketPriority, TicketStatus
from app.models.columns import Text, id_column, moment, one_of, optional_text, reference


class TicketCounter(Table, tablename="ticket_counter"):
    """The last ticket number of an organization; its row lock puts new tickets in order."""

    organization_id = Text(default=None, primary_key=True)
    last_number = Integer(default=0)


class Ticket(Table, tablename="ticket"):
    """A request for help. `fingerprint` is a digest of server and content: it finds a repeat.

    A trigger keeps `urgency` (the order of those that wait) and `search_text` (what is searched).
    """

    id = id_column("sr")
    organization_id = reference()
    number = Integer()
    title = Text()
    problem = Text()
    context = optional_text()
    email = Text()
    fingerprint = Text()
    status = Text(default=TicketStatus.PENDING.value)
    priority = Text(default=TicketPriority.MEDIUM.value)
    assignee_id = reference(null=True)
    server_id = reference(null=True)
    end_user_id = reference(null=True)
    session_id = reference(null=True)
    walkthrough_id = reference(null=True)
    step_id = reference(null=True)
    urgency = Text(default="")
    search_text = Text(default="")
    revision = Integer(default=1)
    created_at = moment()
    updated_at = moment()

    ticket_number_once = Unique(["organization_id", "number"])
    ticket_title_length = Check("char_length(title) BETWEEN 1 AND 200")
    ticket_problem_length = Check("char_length(problem) BETWEEN 1 AND 2000")
    ticket_context_length = Check("char_length(context) <= 1000")
    ticket_status = Check(one_of("status", TicketStatus))
    ticket_priority = Check(one_of("priority", TicketPriority))


class Activity(Table, tablename="activity"):
    """One entry in a ticket's history.

    The author's name is as it was then, so that it stays readable when the author has gone; all
    three are empty for what the system did. A withdrawn comment has lost its body for good.
    """

    id = id_column("sta")
    organization_id = reference()
    ticket_id = reference()
    type = Text()
    author_kind = optional_text()
    author_id = reference(null=True)
    author_name = optional_text()
    body = optional_text()
    detail = JSONB(default="{}")
    created_at = moment()
    edited_at = moment(null=True)
    withdrawn_at = moment(null=True)

    activity_type = Check(one_of("type", ActivityType))
    activity_author_kind = Check(one_of("author_kind", ActorKind))
    activity_author_whole = Check("num_nulls(author_kind, author_id, author_name) IN (0, 3)")
    activity_body_length = Check("char_length(body) BETWEEN 1 AND 10000")
    activity_withdrawn = Check("withdrawn_at IS NULL OR body IS NULL")
