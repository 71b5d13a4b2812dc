"""How far each end user is."""

from piccolo.columns import Array, Boolean, Integer
from piccolo.constraints import Unique
from piccolo.table import Table

from app.models.columns import Text, id_column, moment, optional_text, reference


class Progress(Table, tablename="progress"):
    """One end user's place in one walkthrough. This row decides; completions are its log.

    `current_step_id` is set null when its step goes; `presented_step_id` remembers it all the same.
    `done_count` counts the done steps that still exist, as of the walkthrough's `counted_shape`;
    while that shape stands, every step before the current one is done. `last_completion_id` tells
    the statement that completed a step from a retry that found it done.
    """

    id = id_column("wp")
    organization_id = reference()
    end_user_id = reference()
    walkthrough_id = reference()
    run = Integer(default=1)
    done_steps = Array(Text(), default=[])
    done_count = Integer(default=0)
    counted_shape = Integer(default=0)
    current_step_id = reference(null=True)
    presented_step_id = optional_text()
    server_id = reference(null=True)
    last_completion_id = optional_text()
    version_seen = Integer(default=0)
    started_at = moment(null=True)
    last_activity_at = moment(null=True)
    first_completed_at = moment(null=True)

    progress_once = Unique(["end_user_id", "walkthrough_id"])


class Completion(Table, tablename="completion"):
    """One step done once in one run; kept for analytics when the step is gone.

    For them it tells when the run was started, which step was presented next, and whether the run
    was finished now, for the first time.
    """

    id = id_column("wsc")
    organization_id = reference()
    end_user_id = reference()
    walkthrough_id = reference()
    run = Integer()
    step_id = Text()
    server_id = reference(null=True)
    session_id = reference(null=True)
    completed_at = moment()
    run_started_at = moment(null=True)
    next_step_id = optional_text()
    finished_run = Boolean(default=False)

    completion_once = Unique(["end_user_id", "walkthrough_id", "run", "step_id"])
