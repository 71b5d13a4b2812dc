"""Logins: keys, indexes, row-level security, admission by token, purge.

A code, a token and a flow name the server in their keys, so that none can hang on another server's
grant or client. An end user's login account belongs to no organization: nobody's app.org is ever
its id, and log_in_account() alone reaches it.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-22T03:21:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "logins: tenancy and functions"

# (table, its column that app.org is compared with)
GUARDED = [
    ("oauth_config", "organization_id"),
    ("oauth_client", "organization_id"),
    ("oauth_flow", "organization_id"),
    ("oauth_grant", "organization_id"),
    ("oauth_code", "organization_id"),
    ("oauth_token", "organization_id"),
    ("login_account", "id"),
]

POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table}
    USING ({column} = (SELECT current_setting('app.org', true)))
    WITH CHECK ({column} = (SELECT current_setting('app.org', true)));
"""

KEYS = """
ALTER TABLE oauth_client ADD CONSTRAINT oauth_client_of_server UNIQUE (organization_id, server_id, id);
ALTER TABLE oauth_grant ADD CONSTRAINT oauth_grant_of_server UNIQUE (organization_id, server_id, id);
ALTER TABLE oauth_config ADD CONSTRAINT oauth_config_server_id_fk
    FOREIGN KEY (organization_id, server_id) REFERENCES server (organization_id, id) ON DELETE CASCADE;
ALTER TABLE oauth_client ADD CONSTRAINT oauth_client_server_id_fk
    FOREIGN KEY (organization_id, server_id) REFERENCES server (organization_id, id) ON DELETE CASCADE;
ALTER TABLE oauth_flow ADD CONSTRAINT oauth_flow_client_id_fk
    FOREIGN KEY (organization_id, server_id, client_id)
    REFERENCES oauth_client (organization_id, server_id, id) ON DELETE CASCADE;
ALTER TABLE oauth_grant ADD CONSTRAINT oauth_grant_client_id_fk
    FOREIGN KEY (organization_id, server_id, client_id)
    REFERENCES oauth_client (organization_id, server_id, id) ON DELETE CASCADE;
ALTER TABLE oauth_grant ADD CONSTRAINT oauth_grant_end_user_id_fk
    FOREIGN KEY (organization_id, end_user_id) REFERENCES end_user (organization_id, id) ON DELETE CASCADE;
ALTER TABLE oauth_code ADD CONSTRAINT oauth_code_grant_id_fk
    FOREIGN KEY (organization_id, server_id, grant_id)
    REFERENCES oauth_grant (organization_id, server_id, id) ON DELETE CASCADE;
ALTER TABLE oauth_token ADD CONSTRAINT oauth_token_grant_id_fk
    FOREIGN KEY (organization_id, server_id, grant_id)
    REFERENCES oauth_grant (organization_id, server_id, id) ON DELETE CASCADE;
"""

INDEXES = """
CREATE INDEX oauth_client_never_used ON oauth_client (created_at) WHERE last_used_at IS NULL;
CREATE INDEX oauth_client_by_use ON oauth_client (last_used_at);
CREATE INDEX oauth_flow_by_client ON oauth_flow (client_id);
CREATE INDEX oauth_flow_by_expiry ON oauth_flow (expires_at);
CREATE INDEX oauth_grant_by_client ON oauth_grant (client_id);
CREATE INDEX oauth_grant_by_end_user ON oauth_grant (end_user_id);
CREATE INDEX oauth_grant_by_end ON oauth_grant (ends_at);
CREATE INDEX oauth_grant_revoked ON oauth_grant (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX oauth_code_by_grant ON oauth_code (grant_id);
CREATE INDEX oauth_code_by_expiry ON oauth_code (expires_at);
CREATE INDEX oauth_token_by_grant ON oauth_token (grant_id);
CREATE INDEX oauth_token_by_expiry ON oauth_token (expires_at);
"""

# As enter(), for a caller with a token: the person is the token's; whom session or run had until now
# is told where no one has said who that is. The row's end_user_id is null without a good token.
ADMISSION = """
CREATE FUNCTION enter_with_token(
    p_organization text, p_server text, p_token_hash text, p_auth_type text, p_now timestamptz,
    p_session text, p_tracking text, p_run text, p_run_valid_since timestamptz,
    p_client_name text, p_client_version text
) RETURNS TABLE (
    end_user_id text, email text, email_verified boolean,
    client_id text, scopes text[], expires_at timestamptz,
    session_id text, session_end_user_id text, session_issuer text,
    anonymous_id text, visit_id text, visit_seen_at timestamptz
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('app.org', p_organization, false);
    RETURN QUERY
    SELECT u.id, u.email, u.email_verified,
        CASE WHEN c.url IS NULL THEN c.id ELSE c.url END, k.scopes, k.expires_at,
        s.id, s.end_user_id, o.issuer,
        CASE WHEN o.id IS NOT NULL AND o.issuer IS NULL AND o.tracking_id IS NULL THEN o.id
            WHEN r.issuer IS NULL AND r.tracking_id IS NULL THEN r.id END,
        v.id, v.last_seen_at
    FROM (SELECT) AS caller
    LEFT JOIN oauth_token k ON k.token_hash = p_token_hash AND k.server_id = p_server
        AND k.kind = 'access' AND k.expires_at > p_now
    LEFT JOIN oauth_grant g ON g.id = k.grant_id AND g.server_id = p_server
        AND g.auth_type = p_auth_type AND g.revoked_at IS NULL
    LEFT JOIN oauth_client c ON c.id = g.client_id
    LEFT JOIN end_user u ON u.id = g.end_user_id
    LEFT JOIN session s ON s.id = p_session AND s.server_id = p_server
        AND s.kind = 'session' AND s.ended_at IS NULL
        AND s.tracking_id IS NOT DISTINCT FROM p_tracking
    LEFT JOIN end_user o ON o.id = s.end_user_id
    LEFT JOIN run_handle h ON h.id = p_run AND h.server_id = p_server
        AND h.last_used_at > p_run_valid_since
    LEFT JOIN end_user r ON r.id = h.end_user_id
    LEFT JOIN session v ON p_client_name IS NOT NULL AND v.server_id = p_server
        AND v.end_user_id = u.id AND v.kind = 'visit' AND v.ended_at IS NULL
        AND v.client_name = p_client_name AND v.client_version = p_client_version;
END
$$;
"""

ACCOUNTS = """
CREATE FUNCTION log_in_account(p_id text, p_email text, p_now timestamptz) RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO login_account AS a (id, email, created_at, last_login_at)
    VALUES (p_id, p_email, p_now, p_now)
    ON CONFLICT (email) DO UPDATE SET last_login_at = greatest(a.last_login_at, p_now)
    RETURNING id
$$;
"""

# A grant goes after its tokens, and these a batch at a time: a long-lived one has thousands.
PURGE = """
CREATE FUNCTION purge_logins(
    p_now timestamptz, p_spent_since timestamptz, p_unused_since timestamptz,
    p_disused_since timestamptz, p_batch integer
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint := 0;
    batch_gone bigint;
BEGIN
    DELETE FROM oauth_flow WHERE id IN (
        SELECT id FROM oauth_flow WHERE expires_at <= p_now LIMIT p_batch FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM oauth_code WHERE id IN (
        SELECT id FROM oauth_code WHERE expires_at <= p_spent_since LIMIT p_batch
        FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM oauth_token WHERE id IN (
        SELECT id FROM oauth_token WHERE expires_at <= p_now LIMIT p_batch FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM oauth_token WHERE id IN (
        SELECT t.id FROM oauth_grant g JOIN oauth_token t ON t.grant_id = g.id
        WHERE g.revoked_at <= p_spent_since LIMIT p_batch FOR UPDATE OF t SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM oauth_grant WHERE id IN (
        SELECT g.id FROM oauth_grant g WHERE g.ends_at <= p_spent_since
            AND NOT EXISTS (SELECT FROM oauth_token t WHERE t.grant_id = g.id)
        LIMIT p_batch FOR UPDATE OF g SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    gone := gone + batch_gone;
    DELETE FROM oauth_client WHERE id IN (
        SELECT c.id FROM oauth_client c
        WHERE (c.last_used_at IS NULL AND c.created_at <= p_unused_since
                OR c.last_used_at <= p_disused_since)
            AND NOT EXISTS (SELECT FROM oauth_grant g WHERE g.client_id = c.id)
            AND NOT EXISTS (SELECT FROM oauth_flow f WHERE f.client_id = c.id)
        LIMIT p_batch FOR UPDATE OF c SKIP LOCKED);
    GET DIAGNOSTICS batch_gone = ROW_COUNT;
    RETURN gone + batch_gone;
END
$$;
"""


def script() -> str:
    """Every statement of this migration."""
    policies = "".join(POLICY.format(table=table, column=column) for table, column in GUARDED)
    return KEYS + INDEXES + policies + ADMISSION + ACCOUNTS + PURGE


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(script())

    manager.add_raw(run)
    return manager
