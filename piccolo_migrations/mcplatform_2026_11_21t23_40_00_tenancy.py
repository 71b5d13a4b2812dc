"""What Piccolo cannot say: composite foreign keys, partial indexes, row-level security.

Policies read app.org, which the pool sets on every unit of work. They are not FORCEd: the owner (who
migrates, and whom SECURITY DEFINER lookups run as) sees all rows, the pool's tenant role only its own.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-21T23:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "tenancy: composite keys, indexes, row-level security"

OWNED = [
    "server",
    "released_slug",
    "end_user",
    "session",
    "run_handle",
    "walkthrough",
    "step",
    "assignment",
    "progress",
    "completion",
    "tool_call",
    "ticket_counter",
    "ticket",
    "activity",
]

PARENTS = """
ALTER TABLE server ADD CONSTRAINT server_of_organization UNIQUE (organization_id, id);
ALTER TABLE end_user ADD CONSTRAINT end_user_of_organization UNIQUE (organization_id, id);
ALTER TABLE session ADD CONSTRAINT session_of_organization UNIQUE (organization_id, id);
ALTER TABLE walkthrough ADD CONSTRAINT walkthrough_of_organization UNIQUE (organization_id, id);
ALTER TABLE step ADD CONSTRAINT step_of_organization UNIQUE (organization_id, id);
ALTER TABLE step ADD CONSTRAINT step_of_walkthrough UNIQUE (organization_id, walkthrough_id, id);
ALTER TABLE ticket ADD CONSTRAINT ticket_of_organization UNIQUE (organization_id, id);
"""

# (table, column, parent, what happens to the child when the parent goes)
CHILDREN = [
    ("server", "organization_id", "organization", "CASCADE"),
    ("end_user", "organization_id", "organization", "CASCADE"),
    ("walkthrough", "organization_id", "organization", "CASCADE"),
    ("ticket_counter", "organization_id", "organization", "CASCADE"),
    ("ticket", "organization_id", "organization", "CASCADE"),
    ("session", "server_id", "server", "CASCADE"),
    ("session", "end_user_id", "end_user", "SET NULL (end_user_id)"),
    ("run_handle", "server_id", "server", "CASCADE"),
    ("run_handle", "end_user_id", "end_user", "CASCADE"),
    ("step", "walkthrough_id", "walkthrough", "CASCADE"),
    ("assignment", "server_id", "server", "CASCADE"),
    ("assignment", "walkthrough_id", "walkthrough", "CASCADE"),
    ("progress", "end_user_id", "end_user", "CASCADE"),
    ("progress", "walkthrough_id", "walkthrough", "CASCADE"),
    ("progress", "server_id", "server", "SET NULL (server_id)"),
    ("completion", "end_user_id", "end_user", "CASCADE"),
    ("completion", "walkthrough_id", "walkthrough", "CASCADE"),
    ("completion", "server_id", "server", "SET NULL (server_id)"),
    ("completion", "session_id", "session", "SET NULL (session_id)"),
    ("tool_call", "server_id", "server", "CASCADE"),
    ("tool_call", "end_user_id", "end_user", "SET NULL (end_user_id)"),
    ("tool_call", "session_id", "session", "SET NULL (session_id)"),
    ("ticket", "server_id", "server", "SET NULL (server_id)"),
    ("ticket", "end_user_id", "end_user", "SET NULL (end_user_id)"),
    ("ticket", "session_id", "session", "SET NULL (session_id)"),
    ("ticket", "walkthrough_id", "walkthrough", "SET NULL (walkthrough_id)"),
    ("ticket", "step_id", "step", "SET NULL (step_id)"),
    ("activity", "ticket_id", "ticket", "CASCADE"),
]

# A completed step outlives its deletion in progress.done_steps and completion.step_id: no key there.
CURRENT_STEP = """
ALTER TABLE progress ADD CONSTRAINT progress_current_step
    FOREIGN KEY (organization_id, walkthrough_id, current_step_id)
    REFERENCES step (organization_id, walkthrough_id, id)
    ON DELETE SET NULL (current_step_id);
"""

INDEXES = """
CREATE UNIQUE INDEX walkthrough_title_once ON walkthrough (organization_id, title)
    WHERE status <> 'archived';
ALTER TABLE step ADD CONSTRAINT step_position_once
    UNIQUE (walkthrough_id, position) DEFERRABLE INITIALLY IMMEDIATE;
CREATE UNIQUE INDEX session_open_visit
    ON session (server_id, end_user_id, client_name, client_version)
    WHERE kind = 'visit' AND ended_at IS NULL;
CREATE INDEX session_by_end_user ON session (end_user_id);
CREATE INDEX run_handle_by_end_user ON run_handle (end_user_id);
CREATE INDEX run_handle_by_server ON run_handle (server_id);
CREATE INDEX end_user_by_email ON end_user (organization_id, lower(email));
CREATE INDEX server_by_organization ON server (organization_id);
CREATE INDEX assignment_by_walkthrough ON assignment (walkthrough_id);
CREATE INDEX progress_by_walkthrough ON progress (walkthrough_id);
CREATE INDEX progress_by_current_step ON progress (current_step_id);
CREATE INDEX progress_by_server ON progress (server_id);
CREATE INDEX completion_by_walkthrough ON completion (walkthrough_id, completed_at);
CREATE INDEX completion_by_server ON completion (server_id);
CREATE INDEX completion_by_session ON completion (session_id);
CREATE INDEX tool_call_by_server ON tool_call (server_id, created_at);
CREATE INDEX tool_call_by_end_user ON tool_call (end_user_id, created_at);
CREATE INDEX tool_call_by_session ON tool_call (session_id);
CREATE INDEX ticket_by_status ON ticket (organization_id, status, created_at);
CREATE INDEX ticket_by_fingerprint ON ticket (organization_id, fingerprint, created_at);
CREATE INDEX ticket_by_end_user ON ticket (end_user_id);
CREATE INDEX ticket_by_server ON ticket (server_id);
CREATE INDEX ticket_by_session ON ticket (session_id);
CREATE INDEX ticket_by_walkthrough ON ticket (walkthrough_id);
CREATE INDEX ticket_by_step ON ticket (step_id);
CREATE INDEX activity_by_ticket ON activity (ticket_id, created_at);
-- Random ids do not compress; trying costs more than it saves on a thousand-step walkthrough.
ALTER TABLE progress ALTER COLUMN done_steps SET STORAGE EXTERNAL;
"""

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table}
    USING ({column} = (SELECT current_setting('app.org', true)))
    WITH CHECK ({column} = (SELECT current_setting('app.org', true)));
"""


def script() -> str:
    """Every statement of this migration."""
    keys = "".join(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk"
        f" FOREIGN KEY ({'' if column == 'organization_id' else 'organization_id, '}{column})"
        f" REFERENCES {parent} ({'id' if column == 'organization_id' else 'organization_id, id'})"
        f" ON DELETE {action};\n"
        for table, column, parent, action in CHILDREN
    )
    policies = "".join(POLICY.format(table=table, column="organization_id") for table in OWNED)
    policies += POLICY.format(table="organization", column="id")
    return PARENTS + keys + CURRENT_STEP + INDEXES + policies


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(script())

    manager.add_raw(run)
    return manager
