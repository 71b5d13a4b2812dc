"""Of logins, what has outlived its use goes, and whatever a replay would be noticed by stays."""

import asyncio
from datetime import timedelta

import pytest

from app.core import clock
from app.domain import housekeeping, oauth_clients
from app.domain.housekeeping import purge_logins
from app.domain.oauth_errors import InvalidGrant
from tests.support.logins import METADATA, TABLES, Door, door
from tests.support.people import Reception
from tests.support.world import World

OLD = "now() - interval '1 second'"
LONG_AGO = "now() - interval '25 hours'"


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in at the platform."""
    return await door(world, people)


async def counts(world: World) -> dict[str, int]:
    """How many rows there are of each."""
    found = {}
    for table in TABLES:
        ((found[table],),) = await world.rows(f"SELECT count(*) FROM {table}")
    return found


async def test_what_lives_stays(world: World, here: Door) -> None:
    await here.tokens()
    await here.begun()
    await here.logged_in()
    before = await counts(world)
    assert await purge_logins() == 0
    assert await counts(world) == before


async def test_logins_codes_and_tokens_go_when_they_are_over(world: World, here: Door) -> None:
    await here.tokens()
    await here.begun()
    await here.logged_in()
    await world.owner.execute(f"UPDATE oauth_flow SET expires_at = {OLD}")
    await world.owner.execute(f"UPDATE oauth_token SET expires_at = {OLD} WHERE kind = 'access'")
    assert await purge_logins() == 4
    await world.owner.execute(f"UPDATE oauth_code SET expires_at = {LONG_AGO}")
    assert await purge_logins() == 2
    found = await counts(world)
    assert (found["oauth_flow"], found["oauth_code"], found["oauth_token"]) == (0, 0, 1)
    assert (found["oauth_grant"], found["oauth_client"], found["end_user"]) == (2, 1, 1)


async def test_a_used_refresh_token_stays_to_be_noticed(world: World, here: Door) -> None:
    issued = await here.tokens()
    assert issued.refresh is not None
    again = await here.refreshed(issued.refresh.reveal())
    await world.owner.execute(f"UPDATE oauth_token SET expires_at = {OLD} WHERE kind = 'access'")
    assert await purge_logins() == 2
    with pytest.raises(InvalidGrant):
        await here.refreshed(issued.refresh.reveal())
    assert again.refresh is not None
    with pytest.raises(InvalidGrant):
        await here.refreshed(again.refresh.reveal())


async def test_a_grant_goes_with_its_last_token_and_when_it_was_revoked(
    world: World, here: Door
) -> None:
    await here.tokens()
    await world.owner.execute(f"UPDATE oauth_grant SET revoked_at = {OLD}, ends_at = {OLD}")
    assert await purge_logins() == 0
    await world.owner.execute(
        f"UPDATE oauth_grant SET revoked_at = {LONG_AGO}, ends_at = {LONG_AGO}"
    )
    assert await purge_logins() == 3
    found = await counts(world)
    assert (found["oauth_grant"], found["oauth_token"], found["oauth_code"]) == (0, 0, 0)
    assert (found["oauth_client"], found["end_user"], found["login_account"]) == (1, 1, 1)


async def test_a_code_that_nobody_redeemed_takes_its_grant_along(world: World, here: Door) -> None:
    await here.logged_in()
    await world.owner.execute(f"UPDATE oauth_grant SET ends_at = {LONG_AGO}")
    assert await purge_logins() == 1
    assert (await counts(world))["oauth_code"] == 0


async def test_abandoned_clients_go_and_used_ones_stay(world: World, here: Door) -> None:
    used = await here.the_client()
    await here.tokens()
    waiting = await here.registered()
    await here.begun(waiting)
    await here.registered(client_name="Never used")
    await oauth_clients.remember_document(
        here.scope, "https://app.example.com/client.json", METADATA, fresh_until=clock.now()
    )
    assert await purge_logins() == 0
    await world.owner.execute("UPDATE oauth_client SET created_at = now() - interval '3 days'")
    assert await purge_logins() == 2
    await world.owner.execute(
        "UPDATE oauth_client SET last_used_at = now() - interval '181 days'"
        " WHERE last_used_at IS NOT NULL"
    )
    assert await purge_logins() == 0
    left = {row[0] for row in await world.rows("SELECT id FROM oauth_client")}
    assert left == {used.id, waiting.id}
    await world.owner.execute("DELETE FROM oauth_grant")
    await world.owner.execute("DELETE FROM oauth_flow WHERE stage = 'done'")
    assert await purge_logins() == 1


async def test_a_purge_takes_a_bounded_number_and_two_at_once_do_not_meet(
    world: World, here: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.tokens()
    await world.owner.execute(
        "INSERT INTO oauth_token SELECT 'oato_' || n, organization_id, server_id, grant_id, kind,"
        " 'hash ' || n, scopes, created_at, $1 FROM oauth_token, generate_series(1, 100) n"
        " WHERE kind = 'access'",
        clock.now() - timedelta(seconds=1),
    )
    monkeypatch.setattr(housekeeping, "BATCH", 30)
    assert await purge_logins() == 30
    gone = await asyncio.gather(purge_logins(), purge_logins())
    assert sum(gone) + 30 + await purge_logins() + await purge_logins() == 100
