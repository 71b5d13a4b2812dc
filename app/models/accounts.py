"""The customers' people, as persons: they belong to no organization, but may be members of some."""

from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import TokenPurpose
from app.models.columns import Text, id_column, moment, one_of, reference


class Account(Table, tablename="account"):
    """A user. The address is kept in lower case, which makes it unique case-insensitively."""

    id = id_column("usr")
    email = Text(unique=True)
    name = Text()
    password_hash = Text(secret=True)
    email_verified_at = moment(null=True)
    created_at = moment()
    updated_at = moment()

    account_email_form = Check("email = lower(email) AND char_length(email) BETWEEN 3 AND 254")
    account_name_length = Check("char_length(name) <= 100")


class MemberSession(Table, tablename="member_session"):
    """One browser or script that a user is signed in with. It is deleted when it ends."""

    id = id_column("mses")
    user_id = reference()
    token_hash = Text(unique=True, secret=True)
    user_agent = Text(default="")
    created_at = moment()
    last_seen_at = moment()
    expires_at = moment()


class OneTimeToken(Table, tablename="one_time_token"):
    """What a link sent by mail proves. It is deleted when it is used."""

    id = id_column("ott")
    user_id = reference()
    purpose = Text()
    token_hash = Text(unique=True, secret=True)
    created_at = moment()
    expires_at = moment()

    one_time_token_purpose = Check(one_of("purpose", TokenPurpose))
