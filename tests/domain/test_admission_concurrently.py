"""First calls that come at once make one end user, one visit, one owner of a session."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core import clock
from app.core.scope import EndUserScope
from app.domain import admission
from app.domain.admission import Credentials
from app.domain.server_directory import ServerConfig, ServerDirectory
from tests.support.walking import Walker, sibling, walker
from tests.support.world import World

AT_ONCE = 15


@pytest.fixture
async def config(world: World) -> ServerConfig:
    """The configuration of the world's server."""
    found = await ServerDirectory().by_slug(world.slug)
    assert found is not None
    return found


async def enter(config: ServerConfig, credentials: Credentials) -> EndUserScope:
    """What the first call of this caller makes of them."""
    async with admission.unit_of_work(config):
        return await admission.end_user(await admission.admit(config, credentials))


async def at_once(config: ServerConfig, credentials: Credentials) -> set[tuple[str, str | None]]:
    """The end users and sessions that simultaneous first calls are given."""
    scopes = await asyncio.gather(*(enter(config, credentials) for _ in range(AT_ONCE)))
    return {(scope.end_user_id, scope.session_id) for scope in scopes}


async def open_session(config: ServerConfig, tracking_id: str | None = None) -> str:
    """The id of a new session."""
    async with admission.unit_of_work(config):
        return await admission.open_session(config, client=("a", "1"), tracking_id=tracking_id)


async def test_first_calls_of_one_new_session_make_one_end_user(
    world: World, config: ServerConfig
) -> None:
    session_id = await open_session(config)
    [(end_user_id, found)] = await at_once(config, Credentials(session_id=session_id))
    assert found == session_id
    rows = await world.owner.fetch("SELECT id FROM end_user")
    assert [row["id"] for row in rows] == [end_user_id]
    assert await world.owner.fetchval("SELECT end_user_id FROM session") == end_user_id


async def test_first_calls_with_one_tracking_id_make_one_end_user(
    world: World, config: ServerConfig
) -> None:
    assert len(await at_once(config, Credentials(tracking_id="ann"))) == 1
    assert await world.owner.fetchval("SELECT count(*) FROM end_user") == 1


async def test_first_calls_of_several_sessions_with_one_tracking_id_make_one_end_user(
    world: World, config: ServerConfig
) -> None:
    sessions = [await open_session(config, "ann") for _ in range(AT_ONCE)]
    scopes = await asyncio.gather(
        *(enter(config, Credentials(session_id=one, tracking_id="ann")) for one in sessions)
    )
    assert len({scope.end_user_id for scope in scopes}) == 1
    assert {scope.session_id for scope in scopes} == set(sessions)
    owners = await world.owner.fetch("SELECT DISTINCT end_user_id FROM session")
    assert [row["end_user_id"] for row in owners] == [scopes[0].end_user_id]


async def test_anonymous_calls_without_a_session_are_strangers_to_each_other(
    world: World, config: ServerConfig
) -> None:
    assert len(await at_once(config, Credentials())) == AT_ONCE
    assert await world.owner.fetchval("SELECT count(*) FROM run_handle") == AT_ONCE


async def test_simultaneous_calls_of_one_client_open_one_visit(
    world: World, config: ServerConfig
) -> None:
    given = Credentials(tracking_id="ann", client=("claude", "1"), is_stateless=True)
    assert len(await at_once(config, given)) == 1
    other = replace(given, client=("cursor", "1"))
    assert len(await at_once(config, given) | await at_once(config, other)) == 2
    assert await world.owner.fetchval("SELECT count(*) FROM session WHERE kind = 'visit'") == 2


async def test_after_the_gap_simultaneous_calls_open_one_new_visit(
    world: World, config: ServerConfig
) -> None:
    given = Credentials(tracking_id="ann", client=("claude", "1"), is_stateless=True)
    first = await at_once(config, given)
    await world.owner.execute(
        "UPDATE session SET last_seen_at = $1", clock.now() - timedelta(minutes=31)
    )
    second = await at_once(config, given)
    assert len(second) == 1
    assert first != second
    rows = await world.owner.fetch("SELECT ended_at FROM session ORDER BY connected_at")
    assert [row["ended_at"] is None for row in rows] == [False, True]


async def test_first_starts_of_one_new_session_make_one_progress(
    world: World, config: ServerConfig
) -> None:
    guide = await world.guide(3)
    session_id = await open_session(config)

    async def begin() -> None:
        scope = await enter(config, Credentials(session_id=session_id))
        await Walker(scope).start(guide.id)

    await asyncio.gather(*(begin() for _ in range(AT_ONCE)))
    rows = await world.owner.fetch("SELECT run, done_steps FROM progress")
    assert [tuple(row) for row in rows] == [(1, [])]


async def test_first_calls_on_two_servers_at_once_make_one_end_user(world: World) -> None:
    labs = await sibling(world)
    people = await asyncio.gather(*(walker(one, "ann") for one in [world, labs] * 7))
    assert len({one.scope.end_user_id for one in people}) == 1
    assert {one.scope.server_id for one in people} == {world.server_id, labs.server_id}
