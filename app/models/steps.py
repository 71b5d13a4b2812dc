"""Steps."""

from piccolo.columns import JSONB, Integer
from piccolo.constraints import Check
from piccolo.table import Table

from app.models.columns import Text, id_column, moment, optional_text, reference


class Step(Table, tablename="step"):
    """One step of a walkthrough; `position` runs 1..n without gaps."""

    id = id_column("ws")
    organization_id = reference()
    walkthrough_id = reference()
    title = Text()
    section_title = optional_text()
    content_fields = JSONB(default="{}")
    position = Integer()
    metadata = JSONB(default="{}")
    created_at = moment()
    updated_at = moment()

    step_title_length = Check("char_length(title) BETWEEN 1 AND 200")
    step_position_from_one = Check("position >= 1")
