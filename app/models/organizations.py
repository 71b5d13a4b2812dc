"""The customer."""

from piccolo.columns import Array, Integer
from piccolo.constraints import Check
from piccolo.table import Table

from app.models.columns import Text, id_column, moment


class Organization(Table, tablename="organization"):
    """A company that teaches and supports its users."""

    id = id_column("org")
    name = Text()
    slug = Text(unique=True)
    allowed_origins = Array(Text(), default=[])
    revision = Integer(default=1)
    created_at = moment()
    updated_at = moment()

    organization_name_length = Check("char_length(name) BETWEEN 1 AND 100")
