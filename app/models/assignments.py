"""Which walkthroughs a server offers."""

from piccolo.columns import Boolean, Integer
from piccolo.constraints import Unique
from piccolo.table import Table

from app.models.columns import id_column, moment, reference


class Assignment(Table, tablename="assignment"):
    """A walkthrough on a server."""

    id = id_column("msw")
    organization_id = reference()
    server_id = reference()
    walkthrough_id = reference()
    display_order = Integer(default=0)
    is_enabled = Boolean(default=True)
    assigned_at = moment()

    assignment_once = Unique(["server_id", "walkthrough_id"])
