"""Sessions, visits and run handles: what ties the calls of one client together."""

from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import SessionKind
from app.models.columns import Text, id_column, moment, one_of, optional_text, reference


class Session(Table, tablename="session"):
    """A handshake-era session (its id is the Mcp-Session-Id), or a visit where there are none."""

    id = id_column("mcps")
    organization_id = reference()
    server_id = reference()
    end_user_id = reference(null=True)
    kind = Text(default=SessionKind.SESSION.value)
    client_name = Text(default="")
    client_version = Text(default="")
    tracking_id = optional_text()
    connected_at = moment()
    last_seen_at = moment()
    ended_at = moment(null=True)

    session_kind = Check(one_of("kind", SessionKind))


class RunHandle(Table, tablename="run_handle"):
    """What an anonymous client of the stateless protocol passes back to find its progress again."""

    id = id_column("run")
    organization_id = reference()
    server_id = reference()
    end_user_id = reference()
    created_at = moment()
    last_used_at = moment()
