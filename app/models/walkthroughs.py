"""Walkthroughs."""

from piccolo.columns import JSONB, Array, Integer
from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.models.columns import Text, id_column, moment, one_of, reference


class Walkthrough(Table, tablename="walkthrough"):
    """A guided, step-by-step piece of teaching.

    `version` rises with content edits while published and at each publish; `revision` with every
    write; `shape` whenever steps are inserted, removed or moved, so that progress knows when its
    count and its place are still good.
    """

    id = id_column("wt")
    organization_id = reference()
    title = Text()
    description = Text(default="")
    type = Text(default=WalkthroughType.COURSE.value)
    status = Text(default=WalkthroughStatus.DRAFT.value)
    version = Integer(default=1)
    revision = Integer(default=1)
    shape = Integer(default=1)
    estimated_duration_minutes = Integer(default=None, null=True)
    tags = Array(Text(), default=[])
    metadata = JSONB(default="{}")
    created_at = moment()
    updated_at = moment()

    walkthrough_title_length = Check("char_length(title) BETWEEN 1 AND 100")
    walkthrough_description_length = Check("char_length(description) <= 500")
    walkthrough_type = Check(one_of("type", WalkthroughType))
    walkthrough_status = Check(one_of("status", WalkthroughStatus))
