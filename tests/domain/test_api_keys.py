"""API keys: shown once, for what they were made, until they expire or are revoked."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from app.core import clock
from app.core.enums import ActorKind, KeyScope, Role
from app.core.errors import Conflict, Invalid, NotFound, NotSignedIn
from app.core.scope import MemberScope
from app.domain import admission, api_keys, audit, members
from app.domain.api_keys import MOST_LIVE_KEYS, IssuedKey
from app.domain.permissions import NotPermitted
from tests.support.people import Reception


async def issue(scope: MemberScope, *scopes: KeyScope, days: int = 90) -> IssuedKey:
    """A key of the deployment script."""
    wanted = scopes or (KeyScope.READ,)
    return await api_keys.issue(scope, name="Deployment", scopes=wanted, life_days=days)


async def test_a_key_lets_its_script_in_with_its_scopes(people: Reception) -> None:
    scope = await people.owner()
    issued = await issue(scope, KeyScope.WRITE, KeyScope.READ)
    admitted = await admission.api_key(issued.token.reveal())
    assert admitted == MemberScope(
        organization_id=scope.organization_id,
        actor_kind=ActorKind.API_KEY,
        actor_id=issued.key.id,
        actor_name="Deployment",
        key_scopes=frozenset({KeyScope.READ, KeyScope.WRITE}),
    )
    assert issued.key.scopes == (KeyScope.READ, KeyScope.WRITE)
    assert issued.key.hint == issued.token.reveal()[-4:]
    assert (
        timedelta(0)
        <= clock.now() + timedelta(days=90) - issued.key.expires_at
        < timedelta(minutes=1)
    )


async def test_the_token_is_kept_nowhere(people: Reception, owner: asyncpg.Connection) -> None:
    scope = await people.owner()
    issued = await issue(scope)
    token = issued.token.reveal()
    for table in ("api_key", "audit_entry"):
        rows = await owner.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
        assert rows
        assert not any(token in row["row"] for row in rows)
    assert token not in repr(issued)
    (entry,) = (await audit.entries(scope, limit=1)).items
    assert "token_hash" not in entry.after


@pytest.mark.parametrize("change", ["expires_at = now()", "revoked_at = now()"])
async def test_a_key_that_is_over_lets_no_one_in(
    people: Reception, owner: asyncpg.Connection, change: str
) -> None:
    issued = await issue(await people.owner())
    await owner.execute(f"UPDATE api_key SET {change}")
    with pytest.raises(NotSignedIn):
        await admission.api_key(issued.token.reveal())


async def test_a_session_token_is_no_key_and_a_key_no_session(people: Reception) -> None:
    token = await people.founder()
    issued = await issue(await admission.member(token, "acme-tools"))
    with pytest.raises(NotSignedIn):
        await admission.api_key(token)
    with pytest.raises(NotSignedIn):
        await admission.signed_in(issued.token.reveal())


async def test_a_revoked_key_stays_in_the_list(people: Reception) -> None:
    scope = await people.owner()
    issued = await issue(scope)
    results = await asyncio.gather(*(api_keys.revoke(scope, issued.key.id) for _ in range(5)))
    assert len(set(results)) == 1
    assert results[0].revoked_at is not None
    assert (await api_keys.page(scope)).items == (results[0],)
    with pytest.raises(NotSignedIn):
        await admission.api_key(issued.token.reveal())
    actions = [entry.action for entry in (await audit.entries(scope)).items]
    assert actions.count("api_key.revoked") == 1


async def test_last_use_is_written_at_most_once_a_minute(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    token = (await issue(scope)).token.reveal()
    await admission.api_key(token)
    (key,) = (await api_keys.page(scope)).items
    assert key.last_used_at is not None
    await admission.api_key(token)
    assert (await api_keys.page(scope)).items == (key,)
    await owner.execute("UPDATE api_key SET last_used_at = now() - interval '61 seconds'")
    await admission.api_key(token)
    (later,) = (await api_keys.page(scope)).items
    assert later.last_used_at is not None
    assert later.last_used_at > key.last_used_at


async def test_what_is_wrong_with_a_key_is_named_at_once(people: Reception) -> None:
    scope = await people.owner()
    with pytest.raises(Invalid) as refused:
        await api_keys.issue(scope, name=" ", scopes=(), life_days=0)
    assert [fault.field for fault in refused.value.faults] == ["name", "lifeDays", "scopes"]


async def test_no_key_and_no_plain_member_reaches_keys_or_people(people: Reception) -> None:
    scope = await people.owner()
    issued = await issue(scope, *KeyScope)
    key = await admission.api_key(issued.token.reveal())
    member = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    (owner_member, *_) = (await members.page(scope)).items
    for actor in (key, member):
        for attempt in (
            issue(actor),
            api_keys.page(actor),
            api_keys.revoke(actor, issued.key.id),
            audit.entries(actor),
            members.remove(actor, owner_member.id),
        ):
            with pytest.raises(NotPermitted):
                await attempt
    with pytest.raises(NotPermitted):
        await members.leave(key)


async def test_another_organizations_keys_are_not_found(people: Reception) -> None:
    scope = await people.owner()
    issued = await issue(scope)
    stranger = await people.owner("eve@evil.test", "evil-tools")
    with pytest.raises(NotFound):
        await api_keys.revoke(stranger, issued.key.id)
    assert (await api_keys.page(stranger)).items == ()
    assert (await admission.api_key(issued.token.reveal())).actor_id == issued.key.id


async def test_an_organization_has_so_many_keys_and_no_more(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    await issue(scope)
    await owner.execute(
        "INSERT INTO api_key SELECT 'key_' || n, organization_id, name, scopes, 'hash' || n, hint,"
        " created_by_id, created_by_name, created_at, expires_at"
        " FROM api_key, generate_series(1, $1) AS n",
        MOST_LIVE_KEYS - 2,
    )
    results = await asyncio.gather(*(issue(scope) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, IssuedKey) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 4


async def test_the_operator_issues_keys_from_the_command_line(people: Reception) -> None:
    scope = await people.owner()
    operator = await admission.operator_as_owner("acme-tools")
    issued = await issue(operator)
    assert issued.key.created_by_name == "operator"
    (entry,) = (await audit.entries(scope, limit=1)).items
    assert (entry.actor_kind, entry.action) == (ActorKind.OPERATOR, "api_key.issued")
    with pytest.raises(NotFound):
        await admission.operator_as_owner("no-such-tools")
