"""What the tables themselves refuse, and what goes when its parent goes."""

from collections.abc import Sequence
from enum import StrEnum

import asyncpg
import pytest

from app.core import enums
from app.core.ids import new_id
from tests.support.tables import OWNERS, dump
from tests.tenancy.tenants import LOGINS, Tenant

# (table, column, the values it takes)
VOCABULARIES: list[tuple[str, str, type[StrEnum]]] = [
    ("server", "auth_type", enums.AuthType),
    ("server", "support_ticket_type", enums.SupportTicketType),
    ("server", "walkthrough_toolset", enums.Toolset),
    ("walkthrough", "status", enums.WalkthroughStatus),
    ("walkthrough", "type", enums.WalkthroughType),
    ("session", "kind", enums.SessionKind),
    ("tool_call", "outcome", enums.Outcome),
    ("ticket", "status", enums.TicketStatus),
    ("ticket", "priority", enums.TicketPriority),
    ("activity", "type", enums.ActivityType),
    ("oauth_client", "auth_method", enums.ClientAuthMethod),
    ("oauth_flow", "stage", enums.FlowStage),
    ("oauth_grant", "auth_type", enums.AuthType),
    ("oauth_token", "kind", enums.OAuthTokenKind),
]


async def test_a_closed_vocabulary_takes_its_words_and_no_others(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    for table, column, words in VOCABULARIES:
        change = f"UPDATE {table} SET {column} = $1 WHERE ctid = (SELECT min(ctid) FROM {table})"
        for word in words:
            assert await owner.execute(change, word.value) == "UPDATE 1"
        for stranger_word in ("", "none of them", words(next(iter(words))).value.upper()):
            with pytest.raises(asyncpg.CheckViolationError):
                await owner.execute(change, stranger_word)


# (table, columns that together exist once)
ONCE: list[tuple[str, Sequence[str]]] = [
    ("assignment", ("server_id", "walkthrough_id")),
    ("progress", ("end_user_id", "walkthrough_id")),
    ("completion", ("end_user_id", "walkthrough_id", "run", "step_id")),
    ("end_user", ("organization_id", "tracking_id")),
    ("ticket", ("organization_id", "number")),
    ("step", ("walkthrough_id", "position")),
    ("server", ("slug",)),
    ("organization", ("slug",)),
    ("account", ("email",)),
    ("login_account", ("email",)),
    ("oauth_config", ("organization_id", "server_id")),
    ("oauth_code", ("code_hash",)),
    ("oauth_token", ("token_hash",)),
    ("membership", ("organization_id", "user_id")),
]


async def test_what_exists_once_cannot_be_made_twice(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    before = await dump(owner)
    for table, columns in ONCE:
        with pytest.raises(asyncpg.UniqueViolationError) as refusal:
            await owner.execute(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table},"
                f" (SELECT to_jsonb(t) FROM {table} t WHERE t.{columns[-1]} IS NOT NULL LIMIT 1)"
                " || jsonb_build_object('id', $1::text))",
                new_id("twin"),
            )
        named = await owner.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0",
            refusal.value.constraint_name,
        )
        assert {row["attname"] for row in named} == set(columns)
    assert await dump(owner) == before


async def test_every_foreign_key_has_an_index_that_finds_its_children(
    owner: asyncpg.Connection,
) -> None:
    # Else removing one parent would read the whole table of its children.
    missing = await owner.fetch(
        """SELECT conrelid::regclass::text AS child, conname FROM pg_constraint c
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid
                AND i.indkey[0] IN (SELECT unnest(c.conkey))
                AND (i.indkey[0] <> (SELECT attnum FROM pg_attribute
                        WHERE attrelid = c.conrelid AND attname = 'organization_id')
                    OR c.conkey = ARRAY[i.indkey[0]]))"""
    )
    assert [tuple(row) for row in missing] == []


async def test_an_organization_takes_everything_of_its_own_along_and_nothing_else(
    victim: Tenant, stranger: Tenant, owner: asyncpg.Connection
) -> None:
    kept = [await dump(owner, owner_id=one) for one in (stranger.organization_id, stranger.user_id)]
    await owner.execute("DELETE FROM organization WHERE id = $1", victim.organization_id)
    left = {
        name: rows
        for name, rows in (await dump(owner, owner_id=victim.organization_id)).items()
        if rows
    }
    # A slug is never given out again, not even after its organization is gone.
    assert left.keys() == {"released_slug"}
    assert len(left["released_slug"]) == 2
    after = [
        await dump(owner, owner_id=one) for one in (stranger.organization_id, stranger.user_id)
    ]
    assert after == kept


async def counts(owner: asyncpg.Connection, organization_id: str) -> dict[str, int]:
    """How many rows each table has of this organization."""
    held = await dump(owner, owner_id=organization_id)
    return {name: len(rows) for name, rows in held.items() if OWNERS[name] == "organization_id"}


async def lost(owner: asyncpg.Connection, tenant: Tenant, statement: str) -> set[str]:
    """The tables that have fewer rows after a statement."""
    before = await counts(owner, tenant.organization_id)
    await owner.execute(statement)
    after = await counts(owner, tenant.organization_id)
    return {name for name in before if after[name] < before[name]}


async def test_a_server_takes_its_visits_along_and_leaves_progress_and_tickets(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    gone = await lost(owner, victim, "DELETE FROM server")
    assert gone == {"server", "session", "run_handle", "assignment", "tool_call", *LOGINS} - {
        "login_account"
    }
    assert await victim.world.rows(
        "SELECT DISTINCT server_id, current_step_id IS NULL FROM progress"
    ) == [(None, False)]
    assert await victim.world.rows("SELECT server_id, session_id, title FROM ticket") == [
        (None, None, "Cannot log in")
    ]


async def test_a_step_that_goes_leaves_progress_completions_and_tickets(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    assert await lost(owner, victim, "DELETE FROM step") == {"step"}
    places = await victim.world.rows(
        "SELECT DISTINCT current_step_id, cardinality(done_steps) FROM progress ORDER BY 2"
    )
    assert places == [(None, 0), (None, 1)]
    done = await victim.world.rows("SELECT DISTINCT step_id FROM completion")
    assert done == [(victim.guide.steps[0],)]
    tickets = await victim.world.rows("SELECT walkthrough_id, step_id FROM ticket")
    assert tickets == [(victim.guide.id, None)]


async def test_a_walkthrough_takes_its_steps_and_progress_along(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    gone = await lost(owner, victim, "DELETE FROM walkthrough")
    assert gone == {"walkthrough", "step", "assignment", "progress", "completion"}


async def test_an_end_user_takes_progress_along_and_leaves_calls_and_tickets_unnamed(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    gone = await lost(owner, victim, "DELETE FROM end_user")
    logins = {"oauth_grant", "oauth_code", "oauth_token"}  # who is forgotten is logged out
    assert gone == {"end_user", "run_handle", "progress", "completion"} | logins
    for table in ("tool_call", "session", "ticket"):
        rows = await victim.world.rows(f"SELECT DISTINCT end_user_id FROM {table}")
        assert rows == [(None,)]


async def test_done_steps_are_an_array_that_may_be_empty(
    victim: Tenant, owner: asyncpg.Connection
) -> None:
    rows = await victim.world.rows("SELECT done_steps FROM progress ORDER BY 1")
    assert rows == [([],), ([victim.guide.steps[0]],), ([victim.guide.steps[0]],)]
    with pytest.raises(asyncpg.NotNullViolationError):
        await owner.execute("UPDATE progress SET done_steps = NULL")
