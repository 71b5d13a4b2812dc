"""The customers' own users, as far as they are known."""

from piccolo.columns import JSONB, Boolean
from piccolo.constraints import Unique
from piccolo.table import Table

from app.models.columns import id_column, moment, optional_text, reference


class EndUser(Table, tablename="end_user"):
    """A person (or an anonymous caller) whose progress and tickets are kept together.

    A trigger keeps `email_key` and `name_key`, in lower case, to find and sort by. A forgotten end
    user keeps no identifier; `erased_at` is set once nothing that they wrote is left anywhere.
    """

    id = id_column("mcpu")
    organization_id = reference()
    tracking_id = optional_text()
    email = optional_text()
    email_verified = Boolean(default=False)
    issuer = optional_text()
    subject = optional_text()
    profile = JSONB(default="{}")
    first_seen_at = moment()
    last_seen_at = moment()
    email_key = optional_text()
    name_key = optional_text()
    forgotten_at = moment(null=True)
    erased_at = moment(null=True)

    end_user_tracking_id = Unique(["organization_id", "tracking_id"])
    end_user_subject = Unique(["organization_id", "issuer", "subject"])
