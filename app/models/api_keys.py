"""Keys for scripts."""

from piccolo.columns import Array
from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import KeyScope
from app.models.columns import Text, id_column, moment, reference

_SCOPES = ", ".join(f"'{scope}'" for scope in KeyScope)


class ApiKey(Table, tablename="api_key"):
    """A key of an organization; `hint` is the end of its token, for people to tell keys apart."""

    id = id_column("key")
    organization_id = reference()
    name = Text()
    scopes = Array(Text(), default=[])
    token_hash = Text(unique=True, secret=True)
    hint = Text()
    created_by_id = Text()
    created_by_name = Text()
    created_at = moment()
    expires_at = moment()
    last_used_at = moment(null=True)
    revoked_at = moment(null=True)

    api_key_name_length = Check("char_length(name) BETWEEN 1 AND 100")
    api_key_scopes = Check(f"cardinality(scopes) > 0 AND scopes <@ ARRAY[{_SCOPES}]")
