"""Tickets in the hands of members: whom they are assigned to, how they are listed and searched."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-22T03:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "tickets: assignees, orders and search"

# A member who leaves leaves their tickets to no one. Nobody could assign one before.
ASSIGNEES = """
ALTER TABLE membership ADD CONSTRAINT membership_of_organization UNIQUE (organization_id, id);
ALTER TABLE ticket ADD CONSTRAINT ticket_assignee_id_fk
    FOREIGN KEY (organization_id, assignee_id) REFERENCES membership (organization_id, id)
    ON DELETE SET NULL (assignee_id);
"""

# A page is read from an index in the order of its list, from either end. That of assignees begins
# with the assignee: the foreign key looks there for its children.
INDEXES = """
CREATE INDEX ticket_by_place ON ticket (organization_id, created_at, id);
CREATE INDEX ticket_by_update ON ticket (organization_id, updated_at, id);
CREATE INDEX ticket_by_urgency ON ticket (organization_id, urgency, id);
CREATE INDEX ticket_by_assignee ON ticket (assignee_id, created_at, id);
CREATE INDEX activity_comment ON activity (ticket_id)
    WHERE type = 'comment' AND withdrawn_at IS NULL;
"""

# Not generated columns: rows are copied whole in places, and those cannot be given.
DERIVED = """
CREATE FUNCTION derive_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.urgency := CASE NEW.priority
        WHEN 'critical' THEN '0' WHEN 'high' THEN '1' WHEN 'medium' THEN '2' ELSE '3' END
        || lpad(NEW.number::text, 10, '0');
    NEW.search_text := lower(concat_ws(E'\\n', NEW.title, NEW.problem, NEW.email));
    RETURN NEW;
END
$$;
CREATE TRIGGER ticket_derived BEFORE INSERT OR UPDATE OF title, problem, email, priority ON ticket
    FOR EACH ROW EXECUTE FUNCTION derive_ticket();
UPDATE ticket SET title = title;
-- A search reads it of very many rows: what else a row holds is to be compressed before it.
ALTER TABLE ticket ALTER COLUMN search_text SET STORAGE MAIN;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(ASSIGNEES + DERIVED + INDEXES)

    manager.add_raw(run)
    return manager
