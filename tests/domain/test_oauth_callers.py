"""Who calls with a token: the person, their session, and what the session began before."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from app.core.enums import AuthType
from app.domain import admission
from app.domain.admission import Credentials, UnknownSession
from app.domain.oauth_errors import InvalidToken
from app.domain.server_directory import ServerConfig
from app.models.engine import DB
from app.repositories import database as units
from tests.support.databases import tenant_role_of
from tests.support.logins import Door, door, refused
from tests.support.people import Reception, reception
from tests.support.walking import Walker
from tests.support.wire import Wire, wire
from tests.support.world import World, make_world

ANN, BOB = "ann@acme.test", "bob@acme.test"


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in at the platform."""
    return await door(world, people)


def opened(config: ServerConfig) -> ServerConfig:
    """The same server before its end users had to log in."""
    return replace(config, auth_type=AuthType.NONE)


async def anonymous(here: Door, session_id: str) -> Walker:
    """Whoever used the session before logging in was asked for."""
    config = opened(here.config)
    async with admission.unit_of_work(config):
        caller = await admission.admit(config, Credentials(session_id=session_id))
        return Walker(await admission.end_user(caller))


async def test_the_token_says_who_it_is_whatever_else_is_brought(here: Door) -> None:
    ann = await here.admitted((await here.tokens(ANN)).access.reveal())
    tracked = await here.admitted(
        (await here.tokens(BOB)).access.reveal(), tracking_id="ann", run="run_" + "a" * 32
    )
    assert tracked.end_user_id != ann.end_user_id
    assert tracked.verified_email == BOB
    assert (tracked.run, tracked.anonymous_id) == (None, None)


async def test_an_address_that_no_one_verified_is_not_a_verified_one(
    world: World, people: Reception
) -> None:
    here = await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)
    issued = await here.tokens("ann")
    await world.owner.execute("UPDATE end_user SET email_verified = false")
    caller = await here.admitted(issued.access.reveal())
    assert (caller.email, caller.verified_email) == ("ann@acme.test", None)


async def test_a_session_is_for_its_person_only(world: World, here: Door) -> None:
    token = (await here.tokens(ANN)).access.reveal()
    bob = (await here.tokens(BOB)).access.reveal()
    caller = await here.admitted(token)
    session_id = await here.new_session(caller)
    assert (await here.admitted(token, session_id=session_id)).is_kept_in_session
    await refused(world, here.admitted(bob, session_id=session_id), UnknownSession)
    for other in ("mcps_" + "a" * 32, ""):
        await refused(world, here.admitted(token, session_id=other), UnknownSession)
    wrong_address = here.admitted(token, session_id=session_id, tracking_id="ann")
    await refused(world, wrong_address, UnknownSession)
    no_token = here.admitted(None, session_id=session_id)
    await refused(world, no_token, InvalidToken)


async def test_a_session_without_anybody_becomes_that_of_who_first_calls_in_it(
    world: World, here: Door
) -> None:
    session_id = await here.new_session()
    token = (await here.tokens(ANN)).access.reveal()
    async with admission.unit_of_work(here.config):
        caller = await admission.admit(here.config, Credentials(token=token, session_id=session_id))
        scope = await admission.end_user(caller)
    assert await world.rows("SELECT end_user_id FROM session") == [(scope.end_user_id,)]
    await refused(
        world,
        here.admitted((await here.tokens(BOB)).access.reveal(), session_id=session_id),
        UnknownSession,
    )


async def test_what_the_session_began_anonymously_becomes_the_persons_at_the_first_tool_call(
    world: World, here: Door
) -> None:
    guide = await world.guide(3)
    session_id = await here.new_session()
    before = await anonymous(here, session_id)
    await before.start(guide.id)
    await before.complete(guide.steps[0])
    token = (await here.tokens(ANN)).access.reveal()
    async with admission.unit_of_work(here.config):
        caller = await admission.admit(here.config, Credentials(token=token, session_id=session_id))
        assert caller.anonymous_id == before.scope.end_user_id
        scope = await admission.known_end_user(caller)
        assert scope is not None
        await admission.end_user(caller)
    assert await world.rows("SELECT end_user_id, done_steps FROM progress") == [
        (scope.end_user_id, [guide.steps[0]])
    ]
    after = await here.admitted(token, session_id=session_id)
    assert (after.anonymous_id, after.is_kept_in_session) == (None, True)


async def test_what_a_run_began_anonymously_becomes_the_persons(world: World, here: Door) -> None:
    guide = await world.guide(3)
    config = opened(here.config)
    async with admission.unit_of_work(config):
        nobody = await admission.admit(config, Credentials(is_stateless=True))
        before = Walker(await admission.end_user(nobody))
    await before.start(guide.id)
    assert nobody.new_run is not None
    token = (await here.tokens(ANN)).access.reveal()
    given = Credentials(token=token, run=nobody.new_run, is_stateless=True, client=("a", "1"))
    async with admission.unit_of_work(here.config):
        scope = await admission.end_user(await admission.admit(here.config, given))
    assert await world.rows("SELECT end_user_id FROM progress") == [(scope.end_user_id,)]
    assert await world.rows("SELECT id FROM run_handle") == []


async def test_progress_of_a_tracking_id_is_never_a_persons(world: World, here: Door) -> None:
    guide = await world.guide(3)
    config = opened(here.config)
    given = Credentials(tracking_id="ann", is_stateless=True)
    async with admission.unit_of_work(config):
        tracked = Walker(await admission.end_user(await admission.admit(config, given)))
    await tracked.start(guide.id)
    token = (await here.tokens(ANN)).access.reveal()
    async with admission.unit_of_work(here.config):
        caller = await admission.admit(
            here.config, Credentials(token=token, tracking_id="ann", is_stateless=True)
        )
        scope = await admission.end_user(caller)
    assert scope.end_user_id != tracked.scope.end_user_id
    assert await world.rows("SELECT end_user_id FROM progress") == [(tracked.scope.end_user_id,)]


async def test_a_person_has_one_visit_with_a_client(world: World, here: Door) -> None:
    token = (await here.tokens(ANN)).access.reveal()
    given = Credentials(token=token, is_stateless=True, client=("cursor", "1"))
    for _ in range(3):
        async with admission.unit_of_work(here.config):
            await admission.end_user(await admission.admit(here.config, given))
    assert await world.rows("SELECT kind, client_name FROM session") == [("visit", "cursor")]


# Round trips


@pytest.fixture
async def counted(database_url: str) -> AsyncIterator[Wire]:
    """The wire that the pool's connections go over."""
    async with wire(database_url) as (counted, dsn):
        await DB.start(dsn, tenant_role=await tenant_role_of(database_url), pool_size=5)
        try:
            yield counted
        finally:
            await DB.stop()


async def test_a_token_is_admitted_in_one_round_trip(
    counted: Wire, owner: asyncpg.Connection
) -> None:
    async with reception() as people:
        here = await door(await make_world(owner), people)
        token = (await here.tokens(ANN)).access.reveal()
        session_id = await here.new_session(await here.admitted(token))
        given = Credentials(token=token, session_id=session_id)
        for _ in range(3):
            counted.reset()
            async with admission.unit_of_work(here.config):
                caller = await admission.admit(here.config, given)
                await admission.end_user(caller)
        assert (counted.waits, len(counted.connections)) == (1, 1)


async def test_every_lookup_of_a_token_uses_an_index(
    world: World, here: Door, owner: asyncpg.Connection
) -> None:
    issued = await here.tokens(ANN)
    token = issued.access.reveal()
    await owner.execute(
        "INSERT INTO oauth_token SELECT 'oato_' || n, organization_id, server_id, grant_id, kind,"
        " 'hash ' || n, scopes, created_at, expires_at FROM oauth_token,"
        " generate_series(1, 20000) n WHERE kind = 'access'"
    )
    await owner.execute("ANALYZE oauth_token")

    async def read_one_after_another() -> int:
        """How many rows have been read so far without an index."""
        async with admission.unit_of_work(here.config):
            for _ in range(5):
                await admission.admit(here.config, Credentials(token=token))
            await units.fetch("SELECT pg_stat_force_next_flush()")
        return int(
            await owner.fetchval(
                "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'oauth_token'"
            )
        )

    assert await read_one_after_another() == await read_one_after_another()
