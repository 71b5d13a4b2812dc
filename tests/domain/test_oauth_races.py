"""Many callers bring one code or refresh token at the same moment: exactly one of them wins."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from app.core.enums import AuthType
from app.core.ids import new_id
from app.core.secrets import digest, new_token
from app.domain import admission, oauth_configs, oauth_logins, oauth_tokens
from app.domain.end_users import Person
from app.domain.oauth_errors import FlowOver, InvalidGrant
from app.domain.oauth_tokens import Issued
from tests.support.logins import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    Door,
    configure,
    door,
    let_retries_pass,
    refused,
)
from tests.support.people import Reception
from tests.support.scale import scaled
from tests.support.walking import until_someone_waits
from tests.support.world import World

CALLERS = 50
SECRETS = scaled(20, 1000)  # fifty times the scale brings a thousand
pytestmark = pytest.mark.timeout(scaled(180, 600))

_GRANTS = """
INSERT INTO oauth_grant (id, organization_id, server_id, client_id, end_user_id, auth_type, scopes,
    created_at, ends_at)
SELECT id, $2, $3, $4, $5, 'platform_oauth', '{openid}', now(), now() + interval '1 day'
FROM unnest($1::text[]) AS id
"""
_CODES = """
INSERT INTO oauth_code (id, organization_id, server_id, grant_id, code_hash, redirect_uri,
    code_challenge, created_at, expires_at)
SELECT 'oaco_' || hash, $3, $4, grant_id, hash, $5, $6, now(), now() + interval '1 hour'
FROM unnest($1::text[], $2::text[]) AS n (grant_id, hash)
"""
_TOKENS = """
INSERT INTO oauth_token (id, organization_id, server_id, grant_id, kind, token_hash, scopes,
    created_at, expires_at)
SELECT 'oato_' || hash, $3, $4, grant_id, 'refresh', hash, '{openid}', now(),
    now() + interval '1 hour'
FROM unnest($1::text[], $2::text[]) AS n (grant_id, hash)
"""


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server with an end user who has logged in once."""
    here = await door(world, people)
    await here.tokens()
    return here


async def sown(world: World, here: Door, sql: str, *args: Any) -> list[str]:
    """So many fresh secrets, each of a grant of its own."""
    app = await here.the_client()
    ((end_user,),) = await world.rows("SELECT id FROM end_user")
    grants = [new_id("oagr") for _ in range(SECRETS)]
    secrets = [new_token("mcpc").reveal() for _ in range(SECRETS)]
    whose = (world.organization_id, world.server_id)
    await world.owner.execute(_GRANTS, grants, *whose, app.id, end_user)
    await world.owner.execute(sql, grants, [digest(one) for one in secrets], *whose, *args)
    return secrets


async def race(
    secrets: list[str], use: Callable[[str], Awaitable[Issued]]
) -> dict[str, list[Issued]]:
    """What the callers of each secret were given, all of them on their way at once."""

    async def attempt(secret: str) -> Issued | InvalidGrant:
        try:
            return await use(secret)
        except InvalidGrant as refusal:
            return refusal

    given: dict[str, list[Issued]] = {secret: [] for secret in secrets}
    batch_size = 10  # secrets at once: callers wait for a connection
    for at in range(0, len(secrets), batch_size):
        tried = [secret for secret in secrets[at : at + batch_size] for _ in range(CALLERS)]
        answers = await asyncio.gather(*map(attempt, tried))
        for secret, answer in zip(tried, answers, strict=True):
            given[secret] += [answer] if isinstance(answer, Issued) else []
    return given


async def test_one_of_fifty_callers_redeems_a_code(world: World, here: Door) -> None:
    codes = await sown(world, here, _CODES, CALLBACK, CHALLENGE)
    given = await race(codes, here.redeemed)
    assert {len(one) for one in given.values()} == {1}
    # Forty-nine replays: what the winner got is void.
    assert await world.rows(
        "SELECT count(*) FROM oauth_grant WHERE revoked_at IS NULL AND ends_at > now()"
    ) == [(1,)]
    assert await world.rows("SELECT count(*) FROM oauth_token") == [(2 * SECRETS + 2,)]


async def test_one_of_fifty_callers_refreshes_and_all_are_told_what_came_of_it(
    world: World, here: Door
) -> None:
    tokens = await sown(world, here, _TOKENS)
    given = await race(tokens, here.refreshed)
    assert {len(one) for one in given.values()} == {CALLERS}
    pairs = {(one.access.reveal(), one.refresh and one.refresh.reveal()) for one in all_of(given)}
    assert len(pairs) == SECRETS
    assert await world.rows("SELECT count(*) FROM oauth_grant WHERE revoked_at IS NULL") == [
        (SECRETS + 1,)
    ]
    assert await world.rows("SELECT count(*) FROM oauth_token") == [(3 * SECRETS + 2,)]


async def test_fifty_callers_who_come_too_late_get_nothing_and_end_it(
    world: World, here: Door
) -> None:
    tokens = await sown(world, here, _TOKENS)
    for token in tokens:
        await here.refreshed(token)
    await let_retries_pass(world)
    assert all_of(await race(tokens, here.refreshed)) == []
    assert await world.rows("SELECT count(*) FROM oauth_grant WHERE revoked_at IS NULL") == [(1,)]


def all_of(given: dict[str, list[Issued]]) -> list[Issued]:
    """All answers that gave tokens."""
    return [one for answers in given.values() for one in answers]


async def test_a_refresh_while_the_family_is_revoked_leaves_no_good_token(
    world: World, here: Door
) -> None:
    app = await here.the_client()
    for _ in range(10):
        issued = await here.tokens()
        assert issued.refresh is not None
        token = issued.refresh.reveal()
        answers = await asyncio.gather(
            here.refreshed(token),
            oauth_tokens.revoke(here.config, app, token=token),
            return_exceptions=True,
        )
        assert answers[1] is None
    ((number,),) = await world.rows("SELECT count(*) FROM oauth_grant WHERE revoked_at IS NULL")
    assert number == 1


@pytest.mark.parametrize("is_removed", [False, True], ids=["another provider", "no provider"])
async def test_the_provider_of_before_completes_no_login(
    world: World, people: Reception, *, is_removed: bool
) -> None:
    here = await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)
    await configure(here, ISSUER)
    key = await here.consented()
    await here.gone_upstream(key)
    if is_removed:
        owner = await admission.operator_as_owner(f"{world.slug}-org")
        await oauth_configs.delete_config(owner, here.config.id)
    else:
        await configure(here, "https://other.example.com")
    person = Person(issuer=ISSUER, subject="ann", email=None)
    await refused(world, oauth_logins.complete(here.config, key, person), FlowOver)


async def test_a_login_that_is_completed_while_the_provider_changes_ends_with_the_others(
    world: World, people: Reception, database_url: str
) -> None:
    here = await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)
    await configure(here, ISSUER)
    key = await here.consented()
    person = Person(issuer=ISSUER, subject="ann", email=None)
    async with asyncio.TaskGroup() as group, someone_else(database_url) as other:
        await other.execute(
            "INSERT INTO end_user (id, organization_id, issuer, subject, email_verified, profile,"
            " first_seen_at, last_seen_at) VALUES ($1, $2, $3, 'ann', false, '{}', now(), now())",
            new_id("mcpu"),
            world.organization_id,
            ISSUER,
        )
        group.create_task(oauth_logins.complete(here.config, key, person))
        await until_someone_waits(world.owner)
        group.create_task(configure(here, "https://other.example.com"))
        await until_someone_waits(world.owner, number=2)
    assert await world.rows("SELECT revoked_at IS NOT NULL FROM oauth_grant") == [(True,)]


@asynccontextmanager
async def someone_else(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of somebody else, which ends with the block."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()
