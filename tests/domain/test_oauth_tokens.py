"""Codes and tokens: what they are worth, to whom, how long, and what a replay does."""

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.enums import AuthType
from app.core.errors import ProductError, TooMany
from app.core.sealed import Sealer
from app.core.secrets import digest
from app.domain import oauth_tokens, servers
from app.domain.oauth_errors import (
    FlowOver,
    InvalidGrant,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
)
from app.domain.oauth_scopes import OFFERED, asked
from app.domain.oauth_tokens import Issued
from app.domain.servers import ServerPatch
from tests.support.logins import (
    CALLBACK,
    VERIFIER,
    Door,
    code_in,
    door,
    kept,
    let_retries_pass,
    refused,
)
from tests.support.people import Reception
from tests.support.world import World, make_world

ANN = "ann@acme.test"
RESOURCE = "https://acme-docs.example/api/mcpserver/mcp"
LATER = "now() - interval '1 millisecond'"


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in at the platform."""
    return await door(world, people)


def renewal(issued: Issued) -> str:
    """The refresh token."""
    assert issued.refresh is not None
    return issued.refresh.reveal()


def pair_of(issued: Issued) -> tuple[str, str]:
    """Both tokens."""
    return issued.access.reveal(), renewal(issued)


async def is_good(here: Door, issued: Issued) -> bool:
    """Whether the access token opens the server."""
    try:
        await here.admitted(issued.access.reveal())
    except InvalidToken:
        return False
    return True


# Codes


async def test_a_code_is_worth_an_access_and_a_refresh_token(world: World, here: Door) -> None:
    issued = await here.tokens(ANN)
    assert issued.expires_in_seconds == 900
    assert issued.scopes == ("openid", "profile", "email")
    caller = await here.admitted(issued.access.reveal())
    assert (caller.email, caller.verified_email, caller.is_identified) == (ANN, ANN, True)
    assert caller.access is not None
    assert caller.access.client_id == (await here.the_client()).client_id
    assert caller.access.scopes == issued.scopes
    lives = await world.rows(
        "SELECT kind, expires_at - created_at = CASE kind WHEN 'access' THEN interval '15 minutes'"
        " ELSE interval '30 days' END FROM oauth_token ORDER BY kind"
    )
    assert lives == [("access", True), ("refresh", True)]
    assert await world.rows("SELECT expires_at - created_at = interval '60 s' FROM oauth_code") == [
        (True,)
    ]
    assert await world.rows("SELECT last_used_at IS NULL FROM oauth_client") == [(False,)]


async def test_a_code_is_worth_nothing_to_whoever_lacks_a_part(world: World, here: Door) -> None:
    completed = await here.logged_in(resource=RESOURCE)
    code, stranger = code_in(completed), await here.registered()
    attempts: list[tuple[dict[str, Any], type[ProductError]]] = [
        ({"app": stranger}, InvalidGrant),
        ({"code_verifier": None}, InvalidGrant),
        ({"code_verifier": ""}, InvalidGrant),
        ({"code_verifier": "w" * 43}, InvalidGrant),
        ({"code_verifier": VERIFIER[:-1]}, InvalidGrant),
        ({"code_verifier": VERIFIER + "v" * 90}, InvalidGrant),
        ({"code_verifier": oauth_tokens.challenge_of(VERIFIER)}, InvalidGrant),
        ({"code_verifier": "é" * 43}, InvalidGrant),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, InvalidGrant),
        ({"redirect_uri": CALLBACK + "/"}, InvalidGrant),
        ({"redirect_uri": ""}, InvalidGrant),
        ({"resource": RESOURCE + "/x"}, InvalidTarget),
        ({"resource": ""}, InvalidTarget),
    ]
    for asking, error in attempts:
        told = await refused(world, here.redeemed(code, **asking), error)
        assert told.code in {"invalid_grant", "invalid_target"}
    for unknown in ("", "mcpc_" + "a" * 56, code + "x", code[:-1], "\ud800\x00"):
        await refused(world, here.redeemed(unknown), InvalidGrant)
    assert await is_good(here, await here.redeemed(code, resource=RESOURCE))


async def test_a_verifier_is_enough_where_the_redirect_uri_is_left_out(here: Door) -> None:
    code = code_in(await here.logged_in())
    assert await is_good(here, await here.redeemed(code, redirect_uri=None))


async def test_a_code_is_worth_nothing_after_a_minute(world: World, here: Door) -> None:
    code = code_in(await here.logged_in())
    await world.owner.execute(f"UPDATE oauth_code SET expires_at = {LATER}")
    await refused(world, here.redeemed(code), InvalidGrant)


async def test_a_replayed_code_ends_all_that_came_of_it(world: World, here: Door) -> None:
    bystander = await here.tokens(ANN)
    code = code_in(await here.logged_in(ANN))
    first = await here.redeemed(code)
    second = await here.refreshed(renewal(first))
    assert await is_good(here, first)
    assert await is_good(here, second)
    with pytest.raises(InvalidGrant):
        await here.redeemed(code)
    assert not await is_good(here, first)
    assert not await is_good(here, second)
    await refused(world, here.refreshed(renewal(second)), InvalidGrant)
    assert await is_good(here, bystander)


async def test_a_replay_is_logged_without_what_was_replayed(world: World, here: Door) -> None:
    code = code_in(await here.logged_in())
    token = renewal(await here.redeemed(code))
    with capture_logs() as told:
        await here.refreshed(token)
        await let_retries_pass(world)
        for replay in (here.redeemed(code), here.refreshed(token)):
            with pytest.raises(InvalidGrant):
                await replay
    facts = {"event": "login replayed", "log_level": "warning", "server": "acme-docs"}
    facts["client"] = (await here.the_client()).client_id
    assert told == [facts | {"reason": what} for what in ("authorization code", "refresh token")]


async def test_a_replay_with_a_wrong_verifier_ends_it_too(here: Door) -> None:
    code = code_in(await here.logged_in())
    first = await here.redeemed(code)
    with pytest.raises(InvalidGrant):
        await here.redeemed(code, code_verifier="w" * 43)
    assert not await is_good(here, first)


async def test_a_client_without_refresh_tokens_gets_none_unless_it_asks_for_offline_access(
    here: Door,
) -> None:
    app = await here.registered(grant_types=["authorization_code"])
    assert (await here.tokens(ANN, app)).refresh is None
    offline = await here.tokens(ANN, app, scopes=asked("openid offline_access"))
    assert offline.refresh is not None
    assert offline.scopes == ("openid", "offline_access")


# Refreshing


async def test_a_refresh_token_is_worth_new_tokens_once(here: Door) -> None:
    first = await here.tokens(ANN)
    second = await here.refreshed(renewal(first))
    third = await here.refreshed(renewal(second))
    assert len({renewal(one) for one in (first, second, third)}) == 3
    for issued in (first, second, third):
        assert await is_good(here, issued)


async def test_a_refresh_that_is_tried_again_at_once_is_told_the_same(
    world: World, here: Door
) -> None:
    first = await here.tokens(ANN, scopes=asked("openid email"))
    second = await here.refreshed(renewal(first), scope_asked="email")
    before = await kept(world)
    again = await here.refreshed(renewal(first))
    assert await kept(world) == before
    assert pair_of(again) == pair_of(second)
    assert again.scopes == second.scopes == ("email",)
    assert second.expires_in_seconds - 20 < again.expires_in_seconds <= second.expires_in_seconds
    third = await here.refreshed(renewal(again))
    for issued in (first, second, third):
        assert await is_good(here, issued)


async def test_whoever_lacks_the_platforms_key_cannot_tell_the_next_token(
    world: World, people: Reception
) -> None:
    here = await door(world, people)
    first = await here.tokens(ANN)
    second = await here.refreshed(renewal(first))
    guesses = Sealer("another key").successors("mcpr", renewal(first))
    assert renewal(second) not in {guess.reveal() for guess in guesses}
    assert renewal(second).startswith("mcpr_")
    assert len(renewal(second)) == len(renewal(first))


async def test_a_refresh_is_told_again_though_the_platforms_key_was_changed_meanwhile(
    world: World, people: Reception
) -> None:
    async def at_a_process_with(*keys: str) -> Issued:
        desk = replace(people.desk, sealer=Sealer(*keys))
        return await Door(here.config, Reception(desk, people.postbox), here.clients).refreshed(
            token
        )

    here = await door(world, people)
    token = renewal(await here.tokens(ANN))
    told = [await at_a_process_with(*keys) for keys in (["old"], ["new", "old"], ["old", "new"])]
    assert len(set(map(pair_of, told))) == 1


@pytest.mark.parametrize("went_on", [False, True], ids=["too late", "after others went on"])
async def test_a_refresh_token_that_comes_again_ends_the_family(
    world: World, here: Door, *, went_on: bool
) -> None:
    bystander = await here.tokens(ANN)
    first = await here.tokens(ANN)
    second = await here.refreshed(renewal(first))
    if went_on:
        second = await here.refreshed(renewal(second))
    else:
        await let_retries_pass(world)
    with pytest.raises(InvalidGrant):
        await here.refreshed(renewal(first))
    for issued in (first, second):
        assert not await is_good(here, issued)
        await refused(world, here.refreshed(renewal(second)), InvalidGrant)
    assert await is_good(here, bystander)
    await here.refreshed(renewal(bystander))


async def test_a_refresh_is_told_again_to_its_own_client_and_for_its_own_resource_only(
    world: World, here: Door
) -> None:
    first = await here.tokens(ANN, resource=RESOURCE)
    await here.refreshed(renewal(first))
    stranger = await here.registered()
    await refused(world, here.refreshed(renewal(first), stranger), InvalidGrant)
    await refused(world, here.refreshed(renewal(first), resource=RESOURCE + "/x"), InvalidTarget)
    assert await is_good(here, first)


async def test_no_one_finds_out_by_a_wrong_scope_whether_a_refresh_token_was_used(
    world: World, here: Door
) -> None:
    """A thief who knew could wait for each refresh of the owner's, and hear what came of it."""
    first = await here.tokens(ANN)
    unused = await refused(
        world, here.refreshed(renewal(first), scope_asked="payments"), InvalidScope
    )
    second = await here.refreshed(renewal(first))
    used = await refused(
        world, here.refreshed(renewal(first), scope_asked="payments"), InvalidScope
    )
    assert used.message == unused.message
    assert pair_of(await here.refreshed(renewal(first))) == pair_of(second)


async def test_a_refresh_is_not_told_again_once_the_login_was_ended(
    world: World, here: Door
) -> None:
    first = await here.tokens(ANN)
    second = await here.refreshed(renewal(first))
    await oauth_tokens.revoke(here.config, await here.the_client(), token=renewal(second))
    await refused(world, here.refreshed(renewal(first)), InvalidGrant)


async def test_one_login_refreshes_thirty_times_a_minute(world: World, here: Door) -> None:
    issued, other = await here.tokens(ANN), await here.tokens(ANN)
    for _ in range(29):
        issued = await here.refreshed(renewal(issued))
    last = renewal(issued)
    issued = await here.refreshed(last)
    await refused(world, here.refreshed(renewal(issued)), TooMany)
    assert pair_of(await here.refreshed(last)) == pair_of(issued)
    await here.refreshed(renewal(other))
    await world.owner.execute("UPDATE oauth_token SET created_at = created_at - interval '61 s'")
    await here.refreshed(renewal(issued))


async def test_one_login_refreshes_a_thousand_times_a_day(world: World, here: Door) -> None:
    issued, other = await here.tokens(ANN), await here.tokens(ANN)
    (grant_id,) = await world.rows("SELECT grant_id FROM oauth_token ORDER BY created_at LIMIT 1")
    await world.owner.execute(
        """INSERT INTO oauth_token (id, organization_id, server_id, grant_id, kind, token_hash,
            scopes, created_at, expires_at)
        SELECT t.id || n, organization_id, server_id, grant_id, kind, token_hash || n, scopes,
            created_at - n * interval '86 s', expires_at - n * interval '86 s'
        FROM oauth_token t, generate_series(1, 999) n WHERE grant_id = $1""",
        *grant_id,
    )
    await world.owner.execute("DELETE FROM oauth_token WHERE expires_at <= now()")  # as purges do
    issued = await here.refreshed(renewal(issued))
    error = await refused(world, here.refreshed(renewal(issued)), TooMany)
    assert isinstance(error, TooMany)
    assert 0 < error.retry_after_seconds <= 24 * 60 * 60 - 999 * 86
    await here.refreshed(renewal(other))
    await world.owner.execute("UPDATE oauth_token SET created_at = created_at - interval '10 min'")
    await here.refreshed(renewal(issued))


async def test_a_login_that_ends_after_the_server_asks_otherwise_is_worth_nothing(
    world: World, here: Door, people: Reception
) -> None:
    """A process that has not heard yet of the change lets nobody in who stays when it goes back."""
    key = await here.consented()
    code = await here.mailed_code(key, ANN)
    await world.change_server(auth_type=AuthType.NONE.value)
    await refused(world, here.try_code(key, code), FlowOver)
    await world.change_server(auth_type=AuthType.PLATFORM_OAUTH.value)
    assert (await here.try_code(key, code)).code is not None


async def test_what_is_no_living_refresh_token_of_the_client_is_worth_nothing(
    world: World, here: Door
) -> None:
    issued = await here.tokens(ANN, resource=RESOURCE)
    stranger = await here.registered()
    token = renewal(issued)
    await refused(world, here.refreshed(token, stranger), InvalidGrant)
    await refused(world, here.refreshed(issued.access.reveal()), InvalidGrant)
    await refused(world, here.refreshed(token, resource=RESOURCE + "/x"), InvalidTarget)
    for unknown in ("", token[:-1], "\ud800\x00"):
        await refused(world, here.refreshed(unknown), InvalidGrant)
    await world.owner.execute(f"UPDATE oauth_token SET expires_at = {LATER}")
    await refused(world, here.refreshed(token), InvalidGrant)


async def test_a_refresh_may_ask_for_less_and_never_for_more(world: World, here: Door) -> None:
    first = await here.tokens(ANN, scopes=asked("openid email"))
    for more in ("openid profile", "openid email offline_access", "admin"):
        await refused(world, here.refreshed(renewal(first), scope_asked=more), InvalidScope)
    second = await here.refreshed(renewal(first), scope_asked="email")
    caller = await here.admitted(second.access.reveal())
    assert caller.access is not None
    assert caller.access.scopes == second.scopes == ("email",)
    third = await here.refreshed(renewal(second))
    assert third.scopes == ("openid", "email")


async def test_a_login_lasts_a_year_however_often_it_is_used(world: World, here: Door) -> None:
    first = await here.tokens(ANN)
    older = "UPDATE oauth_grant SET created_at = now() - interval '364 days 23 hours 50 minutes'"
    await world.owner.execute(older)
    second = await here.refreshed(renewal(first))
    assert 590 <= second.expires_in_seconds <= 600
    ends = "SELECT DISTINCT t.expires_at - g.created_at = interval '365 days' FROM oauth_grant g"
    ends += " JOIN oauth_token t ON t.grant_id = g.id"
    ends += " WHERE t.token_hash = ANY($1::text[])"
    hashes = [digest(second.access.reveal()), digest(renewal(second))]
    assert await world.rows(ends, hashes) == [(True,)]


# Revoking


async def test_revoking_a_refresh_token_ends_the_family_and_an_access_token_itself(
    world: World, here: Door
) -> None:
    app = await here.the_client()
    first, other = await here.tokens(ANN), await here.tokens(ANN)
    for _ in range(2):
        await oauth_tokens.revoke(here.config, app, token=first.access.reveal())
    assert not await is_good(here, first)
    second = await here.refreshed(renewal(first))
    for _ in range(2):
        await oauth_tokens.revoke(here.config, app, token=renewal(second))
    assert not await is_good(here, second)
    await refused(world, here.refreshed(renewal(second)), InvalidGrant)
    assert await is_good(here, other)


async def test_nobody_revokes_what_is_not_theirs(world: World, here: Door) -> None:
    issued, stranger = await here.tokens(ANN), await here.registered()
    for token in (issued.access.reveal(), renewal(issued)):
        await oauth_tokens.revoke(here.config, stranger, token=token)
    await oauth_tokens.revoke(here.config, await here.the_client(), token="unknown")
    assert await is_good(here, issued)
    await here.refreshed(renewal(issued))


# What opens a server


async def test_what_is_no_access_token_opens_nothing_and_writes_nothing(
    world: World, here: Door
) -> None:
    issued, code = await here.tokens(ANN), code_in(await here.logged_in())
    for token in (None, "", renewal(issued), code, issued.access.reveal() + "x", "\ud800\x00"):
        error = await refused(world, here.admitted(token), InvalidToken)
        assert error.code == "invalid_token"
    await world.owner.execute(f"UPDATE oauth_token SET expires_at = {LATER}")
    await refused(world, here.admitted(issued.access.reveal()), InvalidToken)


async def test_tokens_of_another_way_to_log_in_open_nothing(world: World, here: Door) -> None:
    issued, completed = await here.tokens(ANN), await here.logged_in()
    moved = Door(replace(here.config, auth_type=AuthType.CUSTOM_OAUTH), here.people, here.clients)
    assert not await is_good(moved, issued)
    await refused(world, moved.refreshed(renewal(issued)), InvalidGrant)
    await refused(world, moved.redeemed(code_in(completed)), InvalidGrant)
    assert await is_good(here, issued)


async def test_who_is_forgotten_is_logged_out(world: World, here: Door) -> None:
    issued = await here.tokens(ANN)
    await world.owner.execute("DELETE FROM end_user")
    assert not await is_good(here, issued)
    assert await world.rows("SELECT * FROM oauth_token") == []


async def test_only_the_diagonal_of_twenty_servers_and_tokens_is_accepted(
    world: World, people: Reception
) -> None:
    doors = [await door(world, people)]
    for number in range(19):
        other = await make_world(world.owner, slug=f"docs-number-{number}")
        if number % 2:  # every other one in the same organization
            await world.owner.execute(
                "UPDATE server SET organization_id = $1 WHERE id = $2",
                world.organization_id, other.server_id,
            )  # fmt: skip
        doors.append(await door(other, people))
    tokens = [await one.tokens(ANN) for one in doors]
    accepted = [[await is_good(one, token) for token in tokens] for one in doors]
    assert accepted == [[row == column for column in range(20)] for row in range(20)]
    refreshed = []
    for row, one in enumerate(doors):
        for column, token in enumerate(tokens):
            if row != column:
                app = await doors[column].the_client()
                with pytest.raises(InvalidGrant):
                    await one.refreshed(renewal(token), app)
        refreshed.append(await one.refreshed(renewal(tokens[row])))
    assert len(refreshed) == 20


# Scopes


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (None, OFFERED[:3]),
        ("", OFFERED[:3]),
        ("  ", OFFERED[:3]),
        ("email openid", ("openid", "email")),
        ("openid mcp:tools openid", ("openid",)),
        ("offline_access", ("offline_access",)),
        (" ".join(OFFERED), OFFERED),
    ],
)
def test_scopes_that_are_offered_are_asked_for(text: str | None, scopes: tuple[str, ...]) -> None:
    assert asked(text) == scopes


def test_none_that_is_offered_is_an_error() -> None:
    with pytest.raises(InvalidScope) as refusal:
        asked("admin root")
    assert refusal.value.code == "invalid_scope"


async def test_tokens_stay_void_when_logins_are_switched_off_and_on_again(
    world: World, here: Door
) -> None:
    # World's server is without logins in the database: on, off and on again.
    issued = await here.tokens(ANN)
    for auth_type in (AuthType.PLATFORM_OAUTH, AuthType.NONE, AuthType.PLATFORM_OAUTH):
        patch = ServerPatch(auth_type=auth_type)
        await servers.configure(here.scope, here.config.id, patch=patch)
    assert not await is_good(here, issued)
    await refused(world, here.refreshed(renewal(issued)), InvalidGrant)
