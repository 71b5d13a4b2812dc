"""The log of what agents asked for."""

from piccolo.columns import JSONB, DoublePrecision
from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import Outcome
from app.models.columns import Text, id_column, moment, one_of, reference


class ToolCall(Table, tablename="tool_call"):
    """One answered tools/call."""

    id = id_column("tc")
    organization_id = reference()
    server_id = reference()
    end_user_id = reference(null=True)
    session_id = reference(null=True)
    tool = Text()
    input = JSONB(default="{}")
    output = JSONB(default="{}")
    outcome = Text()
    duration_ms = DoublePrecision()
    created_at = moment()

    tool_call_outcome = Check(one_of("outcome", Outcome))
