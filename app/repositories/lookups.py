"""The few reads that come before a scope exists. Each is a SECURITY DEFINER function."""

from datetime import datetime

from app.models.engine import DB
from app.repositories.database import Row

SECURITY_DEFINER_FUNCTIONS = (
    "find_server",
    "find_organization",
    "count_servers",
    "refuse_released_slug",
    "remember_released_slug",
    "find_account",
    "find_member_session",
    "find_api_key",
    "find_one_time_token",
    "find_invitation",
    "colleagues",
    "organizations_of_user",
    "purge_people",
    "unfinished_erasures",
    "log_in_account",
    "purge_logins",
    "rolled_before",
    "roll_up",
    "hand_over_counts",
)


async def server_by_slug(slug: str) -> Row | None:
    """The server that answers at this slug, with whether a walkthrough is available on it."""
    rows = await DB.run_ddl("SELECT * FROM find_server($1)", True, slug)
    found: Row | None = rows[0] if rows else None
    return found


async def organization_id_by_slug(slug: str) -> str | None:
    """The id of the organization with this slug."""
    rows = await DB.run_ddl("SELECT find_organization($1) AS id", True, slug)
    found: str | None = rows[0]["id"]
    return found


async def server_count() -> int:
    """How many servers there are, for health."""
    rows = await DB.run_ddl("SELECT count_servers() AS number", True)
    return int(rows[0]["number"])


async def account_by_email(email: str) -> Row | None:
    """The account with this address, which is given in lower case: id, hash, when verified."""
    return await _row("SELECT * FROM find_account($1)", email)


async def member_session(
    token_hash: str, *, now: datetime, seen_since: datetime, organization: str | None = None
) -> Row | None:
    """The live session with its user and, in the organization (id or slug), the user's role.

    The row's organization_id is null where the user is no member or there is no such organization.
    """
    sql = "SELECT * FROM find_member_session($1, $2, $3, $4)"
    return await _row(sql, token_hash, now, seen_since, organization)


async def api_key(token_hash: str, *, now: datetime) -> Row | None:
    """The key with this token, unless it has expired or was revoked."""
    return await _row("SELECT * FROM find_api_key($1, $2)", token_hash, now)


async def one_time_token(token_hash: str, *, now: datetime) -> Row | None:
    """The one-time token, unless it has expired: id, user, purpose."""
    return await _row("SELECT * FROM find_one_time_token($1, $2)", token_hash, now)


async def invitation(token_hash: str) -> Row | None:
    """The invitation that this token opens, also when it has expired or was accepted."""
    return await _row("SELECT * FROM find_invitation($1)", token_hash)


async def purge_people(
    *,
    now: datetime,
    seen_since: datetime,
    records_since: datetime,
    invitations_since: datetime,
    batch: int,
) -> int:
    """How many outlived sessions, tokens, idempotency records and invitations are gone now."""
    row = await _row(
        "SELECT purge_people($1, $2, $3, $4, $5) AS number",
        now,
        seen_since,
        records_since,
        invitations_since,
        batch,
    )
    return int(row["number"]) if row else 0


async def log_in_account(account_id: str, email: str, *, now: datetime) -> str:
    """The id of the login account with this address, which is made now if there is none."""
    row = await _row("SELECT log_in_account($1, $2, $3) AS id", account_id, email, now)
    if row is None:
        message = "the function returns a row"
        raise RuntimeError(message)
    return str(row["id"])


async def purge_logins(
    *,
    now: datetime,
    spent_since: datetime,
    unused_since: datetime,
    disused_since: datetime,
    batch: int,
) -> int:
    """How many outlived flows, codes, tokens, grants and OAuth clients are gone now."""
    row = await _row(
        "SELECT purge_logins($1, $2, $3, $4, $5) AS number",
        now,
        spent_since,
        unused_since,
        disused_since,
        batch,
    )
    return int(row["number"]) if row else 0


async def roll_up(*, batch: int) -> bool:
    """Count about `batch` log rows of all organizations; whether there are more.

    False too while another process is at it.
    """
    row = await _row("SELECT roll_up($1) AS has_more", batch)
    return bool(row and row["has_more"])


async def unfinished_erasures(*, forgotten_before: datetime, limit: int) -> list[Row]:
    """End users forgotten by then of whom something may be left: organization_slug, end_user_id."""
    sql = "SELECT * FROM unfinished_erasures($1, $2)"
    found: list[Row] = await DB.run_ddl(sql, True, forgotten_before, limit)
    return found


async def _row(sql: str, *args: object) -> Row | None:
    rows = await DB.run_ddl(sql, True, *args)
    found: Row | None = rows[0] if rows else None
    return found
