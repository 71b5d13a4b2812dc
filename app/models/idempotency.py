"""What came of writes that may be sent twice."""

from piccolo.columns import JSONB
from piccolo.constraints import Unique
from piccolo.table import Table

from app.models.columns import Text, id_column, moment, reference


class IdempotencyRecord(Table, tablename="idempotency_record"):
    """The result of a write, by the key that its sender chose."""

    id = id_column("idem")
    organization_id = reference()
    principal_id = Text()
    key = Text()
    request_hash = Text()
    result = JSONB(default="null")
    created_at = moment()

    idempotency_record_once = Unique(["organization_id", "principal_id", "key"])
