"""Functions and triggers of the data plane.

SECURITY DEFINER ones read before a scope exists and are a closed list (app/repositories/lookups.py);
their search_path is fixed. The others run as the caller, under row-level security.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.models.engine import DB

ID = "2026-11-21T23:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "lookups, admission, tickets, slugs, configuration notices"

# The one predicate: assigned, assignment enabled, published, at least one step.
AVAILABLE = """
CREATE VIEW available WITH (security_invoker = true) AS
    SELECT a.organization_id, a.server_id, a.walkthrough_id, a.display_order,
        w.title, w.description, w.type, w.version, w.shape, w.estimated_duration_minutes, w.tags,
        (SELECT max(s.position) FROM step s WHERE s.walkthrough_id = w.id) AS total_steps
    FROM assignment a JOIN walkthrough w ON w.id = a.walkthrough_id
    WHERE a.is_enabled AND w.status = 'published'
        AND EXISTS (SELECT FROM step s WHERE s.walkthrough_id = w.id);

CREATE FUNCTION progress_percent(done integer, total integer) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN total IS NULL OR total = 0 THEN 0 WHEN done >= total THEN 100
        ELSE least(99, round(100.0 * done / total)::integer) END
$$;

CREATE FUNCTION progress_status(started_at timestamptz, done integer, total integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN started_at IS NULL THEN 'not_started'
        WHEN total > 0 AND done >= total THEN 'completed' ELSE 'in_progress' END
$$;
"""

LOOKUPS = """
CREATE FUNCTION find_server(p_slug text) RETURNS TABLE (
    id text, organization_id text, name text, product text, slug text, auth_type text,
    support_ticket_type text, walkthrough_tools_enabled boolean, walkthrough_toolset text,
    instructions text, allowed_origins text[], rate_limit_per_minute integer,
    has_walkthroughs boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.organization_id, s.name, s.product, s.slug, s.auth_type,
        s.support_ticket_type, s.walkthrough_tools_enabled, s.walkthrough_toolset,
        s.instructions, s.allowed_origins, s.rate_limit_per_minute,
        EXISTS (SELECT FROM available v WHERE v.server_id = s.id)
    FROM server s WHERE s.slug = p_slug
$$;

CREATE FUNCTION find_organization(p_slug text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM organization WHERE slug = p_slug
$$;

CREATE FUNCTION count_servers() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM server
$$;
"""

# One round trip: binds the connection to the organization and tells who calls. No coalesce() in the
# joins: it is not leakproof, so under row-level security it would keep the index from being used.
ADMISSION = """
CREATE FUNCTION enter(
    p_organization text, p_server text, p_session text, p_tracking text, p_run text,
    p_run_valid_since timestamptz, p_client_name text, p_client_version text
) RETURNS TABLE (
    session_id text, session_end_user_id text,
    end_user_id text, email text, tracking_id text, subject text,
    run_id text, run_used_at timestamptz,
    visit_id text, visit_seen_at timestamptz
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('app.org', p_organization, false);
    RETURN QUERY
    SELECT s.id, s.end_user_id, u.id, u.email, u.tracking_id, u.subject,
        h.id, h.last_used_at, v.id, v.last_seen_at
    FROM (SELECT) AS caller
    LEFT JOIN session s ON s.id = p_session AND s.server_id = p_server
        AND s.kind = 'session' AND s.ended_at IS NULL
        AND s.tracking_id IS NOT DISTINCT FROM p_tracking
    LEFT JOIN end_user t ON t.organization_id = p_organization AND t.tracking_id = p_tracking
    LEFT JOIN run_handle h ON h.id = p_run AND h.server_id = p_server
        AND h.last_used_at > p_run_valid_since
    LEFT JOIN end_user u ON u.id = CASE
        WHEN s.end_user_id IS NOT NULL THEN s.end_user_id
        WHEN t.id IS NOT NULL THEN t.id ELSE h.end_user_id END
    LEFT JOIN session v ON p_client_name IS NOT NULL AND v.server_id = p_server
        AND v.end_user_id = u.id AND v.kind = 'visit' AND v.ended_at IS NULL
        AND v.client_name = p_client_name AND v.client_version = p_client_version;
END
$$;
"""

# Each statement of a plpgsql function sees what was committed before it began, so the search for a
# repeat sees every ticket that was opened under the lock before.
TICKETS = """
CREATE FUNCTION open_ticket(
    p_id text, p_activity text, p_organization text, p_server text, p_end_user text, p_session text,
    p_title text, p_problem text, p_context text, p_email text, p_fingerprint text, p_now timestamptz
) RETURNS TABLE (ticket_id text, ticket_number integer, is_repeat boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    place record;
    given integer;
BEGIN
    PERFORM FROM ticket_counter WHERE organization_id = p_organization FOR UPDATE;
    RETURN QUERY
        SELECT t.id, t.number, true FROM ticket t
        WHERE t.organization_id = p_organization AND t.fingerprint = p_fingerprint
            AND t.created_at > p_now - interval '10 minutes'
            AND t.end_user_id IS NOT DISTINCT FROM p_end_user
        ORDER BY t.number LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    UPDATE ticket_counter SET last_number = last_number + 1
        WHERE organization_id = p_organization RETURNING last_number INTO STRICT given;
    SELECT p.walkthrough_id, p.current_step_id INTO place FROM progress p
        WHERE p.end_user_id = p_end_user AND p.server_id = p_server AND p.current_step_id IS NOT NULL
        ORDER BY p.last_activity_at DESC LIMIT 1;
    INSERT INTO ticket (id, organization_id, number, title, problem, context, email, fingerprint,
        status, priority, server_id, end_user_id, session_id, walkthrough_id, step_id, revision,
        created_at, updated_at)
    VALUES (p_id, p_organization, given, p_title, p_problem, p_context, p_email, p_fingerprint,
        'pending', 'medium', p_server, p_end_user, p_session, place.walkthrough_id,
        place.current_step_id, 1, p_now, p_now);
    INSERT INTO activity (id, organization_id, ticket_id, type, detail, created_at)
    VALUES (p_activity, p_organization, p_id, 'system', '{"event": "opened"}', p_now);
    RETURN QUERY SELECT p_id, given, false;
END
$$;
"""

# AFTER triggers: the unique index has by then waited for a concurrent release to commit, and the
# trigger's own query sees it.
SLUGS = """
CREATE FUNCTION refuse_released_slug() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM released_slug WHERE slug = NEW.slug) THEN
        RAISE unique_violation USING MESSAGE = 'this slug was released',
            CONSTRAINT = 'released_slug', TABLE = 'server';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION remember_released_slug() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO released_slug (slug, organization_id, released_at)
    VALUES (OLD.slug, OLD.organization_id, now()) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER slug_claimed AFTER INSERT ON server
    FOR EACH ROW EXECUTE FUNCTION refuse_released_slug();
CREATE TRIGGER slug_changed_to AFTER UPDATE OF slug ON server
    FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION refuse_released_slug();
CREATE TRIGGER slug_changed_from AFTER UPDATE OF slug ON server
    FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION remember_released_slug();
CREATE TRIGGER slug_released AFTER DELETE ON server
    FOR EACH ROW EXECUTE FUNCTION remember_released_slug();
"""

# Whoever writes what a server's configuration is made of says so in the same transaction.
NOTICES = """
CREATE FUNCTION tell_configuration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('mcplatform_configuration', coalesce(NEW.organization_id, OLD.organization_id));
    RETURN NULL;
END
$$;
CREATE TRIGGER server_configuration AFTER INSERT OR UPDATE OR DELETE ON server
    FOR EACH ROW EXECUTE FUNCTION tell_configuration_changed();
CREATE TRIGGER assignment_configuration AFTER INSERT OR UPDATE OR DELETE ON assignment
    FOR EACH ROW EXECUTE FUNCTION tell_configuration_changed();
CREATE TRIGGER walkthrough_configuration AFTER INSERT OR DELETE OR UPDATE OF status ON walkthrough
    FOR EACH ROW EXECUTE FUNCTION tell_configuration_changed();
CREATE TRIGGER step_configuration AFTER INSERT OR DELETE ON step
    FOR EACH ROW EXECUTE FUNCTION tell_configuration_changed();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="mcplatform", description=DESCRIPTION)

    async def run() -> None:
        await DB.run_script(AVAILABLE + LOOKUPS + ADMISSION + TICKETS + SLUGS + NOTICES)

    manager.add_raw(run)
    return manager
