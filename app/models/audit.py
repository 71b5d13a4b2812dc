"""Who changed what."""

from piccolo.columns import JSONB
from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import ActorKind
from app.models.columns import Text, id_column, moment, one_of, reference


class AuditEntry(Table, tablename="audit_entry"):
    """One change. `before` and `after` hold the fields that differ, and never a secret."""

    id = id_column("aud")
    organization_id = reference()
    actor_kind = Text()
    actor_id = Text()
    actor_name = Text()
    action = Text()
    subject_type = Text()
    subject_id = Text()
    before = JSONB(default="{}")
    after = JSONB(default="{}")
    created_at = moment()

    audit_entry_actor_kind = Check(one_of("actor_kind", ActorKind))
