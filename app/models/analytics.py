"""What was rolled up: counts by the hour, from which analytics are read.

Each table is unique in all of its columns but the count. Piccolo knows no key of several columns:
here the organization is called the primary key, and a migration makes it the one that is meant.
"""

from piccolo.columns import BigInt, SmallInt
from piccolo.table import Table

from app.models.columns import Text, moment


def owner() -> Text:
    """The organization, first in the key."""
    return Text(default=None, primary_key=True)


class ToolCallHour(Table, tablename="tool_call_hour"):
    """How many calls of a tool ended in an hour's time with this outcome and this duration."""

    organization_id = owner()
    hour = moment()
    server_id = Text()
    tool = Text()
    outcome = Text()
    bucket = SmallInt()
    calls = BigInt()


class EndUserHour(Table, tablename="end_user_hour"):
    """Which end users called a tool in an hour; an id may outlive whom it stood for."""

    organization_id = owner()
    hour = moment()
    server_id = Text()
    end_user_id = Text()


class RunHour(Table, tablename="run_hour"):
    """What became of the runs that were started in an hour.

    `measure` is started or finished, of the run (`step_id` is empty), or reached or completed, of a
    step; `bucket` is how long that took. `server_id` is empty when the server was gone already.
    """

    organization_id = owner()
    walkthrough_id = Text()
    hour = moment()
    server_id = Text()
    step_id = Text()
    measure = Text()
    bucket = SmallInt()
    runs = BigInt()
