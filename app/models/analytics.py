"""What was rolled up: counts by the hour and by the day, from which analytics are read.

Each table is unique in all of its columns but the count. Piccolo knows no key of several columns:
here the organization is called the primary key, and a migration makes it the one that is meant.
`grain` is hour or day, and `start` when that hour or day of UTC begins; both add up to the same.
"""

from piccolo.columns import BigInt, SmallInt
from piccolo.table import Table

from app.models.columns import Text, moment


def owner() -> Text:
    """The organization, first in the key."""
    return Text(default=None, primary_key=True)


class CountedCall(Table, tablename="counted_call"):
    """How many calls of a tool had this outcome and took about this long."""

    organization_id = owner()
    grain = Text()
    start = moment()
    server_id = Text()
    tool = Text()
    outcome = Text()
    bucket = SmallInt()
    calls = BigInt()


class CountedEndUser(Table, tablename="counted_end_user"):
    """Who called a tool: a hash of the id, which tells one from another and leads to no one."""

    organization_id = owner()
    grain = Text()
    start = moment()
    server_id = Text()
    end_user = BigInt()


class CountedRun(Table, tablename="counted_run"):
    """What became of the runs that were started then.

    `measure` is started or finished, of the run (`step_id` is empty), or reached or completed, of a
    step; `bucket` is how long that took. `server_id` is empty when the server was gone already.
    """

    organization_id = owner()
    walkthrough_id = Text()
    grain = Text()
    start = moment()
    server_id = Text()
    step_id = Text()
    measure = Text()
    bucket = SmallInt()
    runs = BigInt()
