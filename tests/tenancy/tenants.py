"""Two organizations with something in every table, each with people of its own."""

from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from app.core import clock
from app.core.ids import new_id
from tests.support.agent import STATELESS, Agent
from tests.support.figures import rolled_up
from tests.support.tables import OWNERS
from tests.support.world import Guide, World, make_world

PEOPLES = (
    "account",
    "member_session",
    "one_time_token",
    "membership",
    "invitation",
    "api_key",
    "audit_entry",
    "idempotency_record",
)
LOGINS = (
    "oauth_config",
    "oauth_client",
    "oauth_flow",
    "oauth_grant",
    "oauth_code",
    "oauth_token",
    "login_account",
)
_PERSONS = ("account", "login_account")  # whose rows belong to themselves
HELP = {"title": "Cannot log in", "problemDescription": "Error 42"}


@dataclass(slots=True)
class Tenant:
    """One organization, what is in it, and somebody who works there.

    `session_id` is Ann's, at the address of her tracking id; `plain_session_id` nobody's, at the
    plain address; `run` an anonymous caller's handle.
    """

    world: World
    user_id: str
    guide: Guide
    session_id: str
    plain_session_id: str
    run: str

    @property
    def organization_id(self) -> str:
        """The organization."""
        return self.world.organization_id

    def owner_id(self, table: str) -> str:
        """What the owner column of a table holds in this tenant's rows."""
        is_personal = table in _PERSONS or OWNERS[table] == "user_id"
        return self.user_id if is_personal else self.organization_id

    def agent(self, **told: Any) -> Agent:
        """A client of this organization's server."""
        return Agent(slug=self.world.slug, **told)


async def settle(owner: asyncpg.Connection, slug: str, *, word: str) -> Tenant:
    """Make an organization at `slug`; `word` is in everything that its authors and users wrote."""
    world = await make_world(owner, slug=slug)
    await world.change_server(walkthrough_toolset="both", name=f"{word} Docs")
    guide = await world.guide(3, title=f"{word} course")
    await world.guide(1, title=f"{word} other course")
    await owner.execute(
        "UPDATE step SET title = $1 || ' ' || title, section_title = $1,"
        " content_fields = content_fields || jsonb_build_object('contentForUser', $1)"
        " WHERE organization_id = $2",
        word,
        world.organization_id,
    )
    ann = Agent(slug=slug, tracking_id="ann")
    await ann.initialize()
    await ann.call("start_walkthrough", name=guide.id)
    await ann.call("get_next_step", currentStepId=guide.steps[0])
    email = f"ann@{word.lower()}.example"
    await ann.call("get_support", **HELP, problemContext=f"{word} context", email=email)
    plain = Agent(slug=slug)
    await plain.initialize()
    await plain.call("start_walkthrough", name=guide.id)
    anonymous = Agent(slug=slug, version=STATELESS)
    await anonymous.call("start_walkthrough", name=guide.id)
    await anonymous.call("get_next_step", currentStepId=guide.steps[0])
    await rolled_up(owner)
    await world.change_server(slug=f"{slug}-new")  # which releases a slug
    world.slug = f"{slug}-new"
    user_id = await _hire(world, word)
    await _log_in(world, word, user_id)
    assert ann.session_id is not None
    assert plain.session_id is not None
    assert anonymous.run is not None
    return Tenant(world, user_id, guide, ann.session_id, plain.session_id, anonymous.run)


async def _hire(world: World, word: str) -> str:
    """The id of a user who has one of everything that people have."""
    user_id = new_id("usr")
    # Each table takes of these what it has columns for.
    facts: dict[str, object] = {
        "organization_id": world.organization_id,
        "user_id": user_id,
        "email": f"boss@{word.lower()}.example",
        "name": word,
        "password_hash": word,
        "user_agent": word,
        "purpose": "verify_email",
        "role": "owner",
        "scopes": ["read"],
        "hint": word,
        "invited_by_id": user_id,
        "invited_by_name": word,
        "created_by_id": user_id,
        "created_by_name": word,
        "actor_kind": "user",
        "actor_id": user_id,
        "actor_name": word,
        "action": word,
        "subject_type": "server",
        "subject_id": world.server_id,
        "before": {},
        "after": {},
        "principal_id": user_id,
        "key": word,
        "request_hash": word,
        "result": {},
        **dict.fromkeys(
            ("created_at", "updated_at", "last_seen_at", "sent_at", "expires_at"), clock.now()
        ),
    }
    for table in PEOPLES:
        told = facts | {
            "id": user_id if table == "account" else new_id(table),
            "token_hash": f"{word} {table}",
        }
        await world.owner.execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)",
            msgspec.json.encode(told).decode(),
        )
    return user_id


async def _log_in(world: World, word: str, user_id: str) -> None:
    """One of everything that logins of end users are made of."""
    end_user_id = await world.owner.fetchval(
        "SELECT min(id) FROM end_user WHERE organization_id = $1", world.organization_id
    )
    now = clock.now()
    client_id = new_id("oauth_client")
    # Each table takes of these what it has columns for.
    facts: dict[str, object] = {
        "organization_id": world.organization_id,
        "server_id": world.server_id,
        "client_id": client_id,
        "end_user_id": end_user_id,
        "grant_id": f"oauth_grant of {word}",
        "issuer": f"https://{word.lower()}.example",
        "name": word,
        "email": f"ann@{word.lower()}.example",
        "redirect_uri": f"https://{word.lower()}.example/callback",
        "redirect_uris": [],
        "scopes": [],
        "grant_types": [],
        "auth_method": "none",
        "metadata": {},
        "code_challenge": word,
        "stage": "consent",
        "auth_type": "platform_oauth",
        "kind": "access",
        **dict.fromkeys(("email_codes_sent", "wrong_codes", "upstream_round"), 0),
        **dict.fromkeys(
            ("created_at", "updated_at", "expires_at", "ends_at", "last_login_at"), now
        ),
    }
    ids = {"oauth_client": client_id, "oauth_grant": facts["grant_id"], "login_account": user_id}
    for table in LOGINS:
        hashes = dict.fromkeys(("cookie_hash", "code_hash", "token_hash"), f"{word} {table}")
        told = facts | hashes | {"id": ids.get(table, new_id(table))}
        await world.owner.execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)",
            msgspec.json.encode(told).decode(),
        )
