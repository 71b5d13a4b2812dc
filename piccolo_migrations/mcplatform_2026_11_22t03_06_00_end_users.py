"""End users in the hands of members: how they and what they did are listed, found and forgotten."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-22T03:06:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "end users: orders, search, unfinished erasures"

# Plain columns that a trigger keeps: lower() in a WHERE is not leakproof, so that under row-level
# security its index would not be used. Collation C makes a prefix a range. Callers without address
# and name, who are the most, pass the trigger by.
KEYS = """
ALTER TABLE end_user
    ALTER COLUMN email_key TYPE text COLLATE "C",
    ALTER COLUMN name_key TYPE text COLLATE "C";
CREATE FUNCTION derive_end_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.email_key := left(lower(NEW.email), 320);
    NEW.name_key := left(lower(NEW.profile->>'name'), 320);
    RETURN NEW;
END
$$;
CREATE TRIGGER end_user_made BEFORE INSERT ON end_user
    FOR EACH ROW WHEN (NEW.email IS NOT NULL OR NEW.profile <> '{}')
    EXECUTE FUNCTION derive_end_user();
CREATE TRIGGER end_user_known BEFORE UPDATE OF email, profile ON end_user
    FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email OR OLD.profile <> NEW.profile)
    EXECUTE FUNCTION derive_end_user();
UPDATE end_user
    SET email_key = left(lower(email), 320), name_key = left(lower(profile->>'name'), 320)
    WHERE email IS NOT NULL OR profile <> '{}';
"""

# A page is read from an index in the order of its list, from either end.
INDEXES = """
DROP INDEX end_user_by_email;
CREATE INDEX end_user_by_last_seen ON end_user (organization_id, last_seen_at, id);
CREATE INDEX end_user_by_first_seen ON end_user (organization_id, first_seen_at, id);
CREATE INDEX end_user_by_email_key ON end_user (organization_id, email_key, id)
    WHERE email_key IS NOT NULL;
CREATE INDEX end_user_by_name_key ON end_user (organization_id, name_key)
    WHERE name_key IS NOT NULL;
CREATE INDEX end_user_by_tracking_id ON end_user (organization_id, tracking_id COLLATE "C")
    WHERE tracking_id IS NOT NULL;
CREATE INDEX session_by_place ON session (organization_id, connected_at, id);
CREATE INDEX session_by_server ON session (server_id, connected_at, id);
CREATE INDEX session_by_tracking_id ON session (organization_id, tracking_id)
    WHERE tracking_id IS NOT NULL;
CREATE INDEX tool_call_not_ok ON tool_call (organization_id, created_at, id) WHERE outcome <> 'ok';
CREATE INDEX end_user_to_erase ON end_user (forgotten_at)
    WHERE forgotten_at IS NOT NULL AND erased_at IS NULL;
"""

# Housekeeping looks across organizations; the erasure itself is each organization's own.
UNFINISHED = """
CREATE FUNCTION unfinished_erasures(p_forgotten_before timestamptz, p_limit integer) RETURNS TABLE (
    organization_slug text, end_user_id text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.slug, u.id FROM end_user u JOIN organization o ON o.id = u.organization_id
    WHERE u.forgotten_at <= p_forgotten_before AND u.forgotten_at IS NOT NULL
        AND u.erased_at IS NULL
    ORDER BY u.forgotten_at LIMIT p_limit
$$;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(KEYS + INDEXES + UNFINISHED)

    manager.add_raw(run)
    return manager
