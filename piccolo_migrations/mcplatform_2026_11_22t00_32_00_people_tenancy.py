"""People and keys: keys, indexes, row-level security and the lookups that come before a scope.

A user belongs to no organization. In a unit of work of theirs app.org holds the user's id, which no
organization has, and the policies of a user's own tables compare with it as the others do.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-22T00:32:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "people and keys: tenancy and lookups"

# (table, its column that app.org is compared with)
GUARDED = [
    ("account", "id"),
    ("member_session", "user_id"),
    ("one_time_token", "user_id"),
    ("membership", "organization_id"),
    ("invitation", "organization_id"),
    ("api_key", "organization_id"),
    ("audit_entry", "organization_id"),
    ("idempotency_record", "organization_id"),
]

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table}
    USING ({column} = (SELECT current_setting('app.org', true)))
    WITH CHECK ({column} = (SELECT current_setting('app.org', true)));
"""

# An account with a membership cannot be deleted: its organizations might lose their last owner.
KEYS = """
ALTER TABLE member_session ADD CONSTRAINT member_session_user_id_fk
    FOREIGN KEY (user_id) REFERENCES account (id) ON DELETE CASCADE;
ALTER TABLE one_time_token ADD CONSTRAINT one_time_token_user_id_fk
    FOREIGN KEY (user_id) REFERENCES account (id) ON DELETE CASCADE;
ALTER TABLE membership ADD CONSTRAINT membership_user_id_fk
    FOREIGN KEY (user_id) REFERENCES account (id);
ALTER TABLE membership ADD CONSTRAINT membership_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE;
ALTER TABLE invitation ADD CONSTRAINT invitation_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE;
ALTER TABLE api_key ADD CONSTRAINT api_key_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE;
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE;
-- Deferred: founding an organization may be a retry, so its record comes before the organization.
ALTER TABLE idempotency_record ADD CONSTRAINT idempotency_record_organization_id_fk
    FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED;
"""

INDEXES = """
CREATE UNIQUE INDEX invitation_pending_once ON invitation (organization_id, email)
    WHERE accepted_at IS NULL;
CREATE INDEX member_session_by_user ON member_session (user_id, created_at);
CREATE INDEX member_session_by_expiry ON member_session (expires_at);
CREATE INDEX one_time_token_by_user ON one_time_token (user_id);
CREATE INDEX one_time_token_by_expiry ON one_time_token (expires_at);
CREATE INDEX membership_by_user ON membership (user_id);
CREATE INDEX membership_by_place ON membership (organization_id, created_at, id);
CREATE INDEX invitation_by_place ON invitation (organization_id, created_at, id);
CREATE INDEX invitation_by_expiry ON invitation (expires_at);
CREATE INDEX api_key_by_place ON api_key (organization_id, created_at, id);
CREATE INDEX audit_entry_by_place ON audit_entry (organization_id, created_at, id);
CREATE INDEX audit_entry_by_subject
    ON audit_entry (organization_id, subject_type, subject_id, created_at, id);
CREATE INDEX idempotency_record_by_age ON idempotency_record (created_at);
"""

LOOKUPS = """
CREATE FUNCTION find_account(p_email text) RETURNS TABLE (
    id text, password_hash text, email_verified_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.id, a.password_hash, a.email_verified_at FROM account a WHERE a.email = p_email
$$;

CREATE FUNCTION find_member_session(
    p_token_hash text, p_now timestamptz, p_seen_since timestamptz, p_organization text
) RETURNS TABLE (
    id text, user_id text, email text, last_seen_at timestamptz,
    organization_id text, role text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.user_id, a.email, s.last_seen_at, m.organization_id, m.role
    FROM member_session s JOIN account a ON a.id = s.user_id
    LEFT JOIN organization o ON o.id = p_organization OR o.slug = p_organization
    LEFT JOIN membership m ON m.organization_id = o.id AND m.user_id = s.user_id
    WHERE s.token_hash = p_token_hash AND s.expires_at > p_now AND s.last_seen_at > p_seen_since
        AND a.email_verified_at IS NOT NULL
$$;

CREATE FUNCTION find_api_key(p_token_hash text, p_now timestamptz) RETURNS TABLE (
    id text, organization_id text, name text, scopes text[], last_used_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.id, k.organization_id, k.name, k.scopes, k.last_used_at FROM api_key k
    WHERE k.token_hash = p_token_hash AND k.revoked_at IS NULL AND k.expires_at > p_now
$$;

CREATE FUNCTION find_one_time_token(p_token_hash text, p_now timestamptz) RETURNS TABLE (
    id text, user_id text, email text, purpose text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.user_id, a.email, t.purpose
    FROM one_time_token t JOIN account a ON a.id = t.user_id
    WHERE t.token_hash = p_token_hash AND t.expires_at > p_now
$$;

CREATE FUNCTION find_invitation(p_token_hash text) RETURNS TABLE (
    id text, organization_id text, organization_name text, email text, role text,
    invited_by_name text, expires_at timestamptz, accepted_by_id text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.id, i.organization_id, o.name, i.email, i.role, i.invited_by_name, i.expires_at,
        i.accepted_by_id
    FROM invitation i JOIN organization o ON o.id = i.organization_id
    WHERE i.token_hash = p_token_hash
$$;
"""

# These read across the line between a user's own rows and an organization's, for whoever the unit of
# work belongs to and for no one else: they take no argument that says whose.
CROSSINGS = """
CREATE FUNCTION colleagues() RETURNS TABLE (
    id text, user_id text, email text, name text, role text, joined_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.id, m.user_id, a.email, a.name, m.role, m.created_at
    FROM membership m JOIN account a ON a.id = m.user_id
    WHERE m.organization_id = current_setting('app.org', true)
$$;

CREATE FUNCTION organizations_of_user() RETURNS TABLE (
    id text, name text, slug text, role text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.id, o.name, o.slug, m.role
    FROM membership m JOIN organization o ON o.id = m.organization_id
    WHERE m.user_id = current_setting('app.org', true)
$$;
"""

PURGE = """
CREATE FUNCTION purge_people(
    p_now timestamptz, p_seen_since timestamptz, p_records_since timestamptz,
    p_invitations_since timestamptz, p_batch integer
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint := 0;
    batch_gone bigint;
BEGIN
    DELETE FROM member_session WHERE id IN (
        SELECT id FROM member_session WHERE expires_at <= p_now OR last_seen_at <= p_seen_since
        LIMIT p_batch FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM one_time_token WHERE id IN (
        SELECT id FROM one_time_token WHERE expires_at <= p_now LIMIT p_batch
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM idempotency_record WHERE id IN (
        SELECT id FROM idempotency_record WHERE created_at <= p_records_since LIMIT p_batch
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM invitation WHERE id IN (
        SELECT id FROM invitation WHERE expires_at <= p_invitations_since LIMIT p_batch
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    RETURN gone + batch_gone;
END
$$;
"""


def script() -> str:
    """Every statement of this migration."""
    policies = "".join(POLICY.format(table=table, column=column) for table, column in GUARDED)
    return KEYS + INDEXES + policies + LOOKUPS + CROSSINGS + PURGE


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(script())

    manager.add_raw(run)
    return manager
