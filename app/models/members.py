"""Who belongs to an organization, and who is asked to."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from app.core.enums import Role
from app.models.columns import Text, id_column, moment, one_of, optional_text, reference


class Membership(Table, tablename="membership"):
    """A user in an organization."""

    id = id_column("mbr")
    organization_id = reference()
    user_id = reference()
    role = Text(default=Role.MEMBER.value)
    created_at = moment()
    updated_at = moment()

    membership_once = Unique(["organization_id", "user_id"])
    membership_role = Check(one_of("role", Role))


class Invitation(Table, tablename="invitation"):
    """An address that was asked to join; deleted when it is cancelled."""

    id = id_column("inv")
    organization_id = reference()
    email = Text()
    role = Text(default=Role.MEMBER.value)
    token_hash = Text(unique=True, secret=True)
    invited_by_id = Text()
    invited_by_name = Text()
    created_at = moment()
    sent_at = moment()
    expires_at = moment()
    accepted_at = moment(null=True)
    accepted_by_id = optional_text()

    invitation_role = Check(one_of("role", Role))
    invitation_email_form = Check("email = lower(email) AND char_length(email) BETWEEN 3 AND 254")
