"""A login from the client's request to the code: each stage, and everything that ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from app.core.attempts import Attempts
from app.core.enums import AuthType, FlowStage
from app.core.errors import Invalid, TooMany, Unavailable
from app.domain import oauth_endings, oauth_flows, oauth_logins, oauth_tokens
from app.domain.end_users import Person
from app.domain.oauth_clients import Client
from app.domain.oauth_endings import Completed
from app.domain.oauth_errors import FlowOver, InvalidRequest, WrongCode
from app.domain.oauth_flows import FlowKey
from tests.support.logins import (
    CALLBACK,
    CHALLENGE,
    ISSUER,
    Door,
    code_in,
    configure,
    door,
    kept,
    refused,
)
from tests.support.people import Away, Reception, client, reception
from tests.support.world import World, make_world

ANN = "ann@acme.test"


@pytest.fixture
async def platform(world: World, people: Reception) -> Door:
    """A server whose end users log in at the platform."""
    return await door(world, people)


@pytest.fixture
async def custom(world: World, people: Reception) -> Door:
    """A server whose end users log in at the customer's own provider."""
    return await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)


# Beginning


async def test_a_login_keeps_what_the_client_asked_for(platform: Door) -> None:
    key = await platform.begun(resource="https://acme-docs.example/api/mcpserver/mcp")
    flow = await oauth_flows.held(platform.config, key)
    assert (flow.client, flow.redirect_uri, flow.state) == (
        await platform.the_client(), CALLBACK, "the state",
    )  # fmt: skip
    assert flow.scopes == ("openid", "profile", "email")
    assert flow.resource == "https://acme-docs.example/api/mcpserver/mcp"
    assert (flow.stage, flow.email, flow.codes_sent) == (FlowStage.CONSENT, None, 0)


NO_REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"code_challenge": None}, "code_challenge"),
    ({"code_challenge": ""}, "code_challenge"),
    ({"code_challenge": "too-short"}, "code_challenge"),
    ({"code_challenge": CHALLENGE + "="}, "code_challenge"),
    ({"code_challenge": CHALLENGE[:-1] + "é"}, "code_challenge"),
    ({"code_challenge_method": None}, "code_challenge_method"),
    ({"code_challenge_method": "plain"}, "code_challenge_method"),
    ({"code_challenge_method": "s256"}, "code_challenge_method"),
    ({"state": "s" * 4001}, "state"),
    ({"state": "a\nb"}, "state"),
    ({"state": "a\x00"}, "state"),
    ({"resource": "r" * 2001}, "resource"),
]


async def test_a_request_without_s256_or_with_spoilt_text_begins_nothing(
    world: World, platform: Door
) -> None:
    await platform.the_client()
    for asking, field in NO_REQUESTS:
        error = await refused(world, platform.begun(**asking), InvalidRequest)
        assert (error.code, error.field) == ("invalid_request", field)


# Who may go on


def spoilt(key: FlowKey) -> dict[str, FlowKey]:
    """Keys of those who must not go on."""
    return {
        "another cookie": replace(key, cookie="mcpf_" + "a" * 56),
        "no cookie": replace(key, cookie=""),
        "an unknown login": replace(key, flow_id="oafl_" + "a" * 16),
        "no login": replace(key, flow_id=""),
        "a login that cannot be": replace(key, flow_id="oafl_\x00"),
        "strange letters": replace(key, cookie="é\ud800"),
    }


def forms(door: Door) -> dict[str, Callable[[FlowKey], Awaitable[object]]]:
    """Everything that a form does."""
    config, desk = door.config, door.people.desk
    return {
        "consent": lambda key: oauth_flows.consent(config, key),
        "deny": lambda key: oauth_endings.deny(config, key),
        "ask for a code": lambda key: oauth_logins.request_email_code(
            config, desk, client(), key, email=ANN
        ),
        "enter a code": lambda key: oauth_logins.check_email_code(
            config, desk, client(), key, code="12345678"
        ),
        "go upstream": lambda key: oauth_logins.go_upstream(config, desk, client(), key),
    }


async def test_only_the_browser_that_began_goes_on(world: World, platform: Door) -> None:
    key = await platform.consented()
    await platform.mailed_code(key, ANN)
    for work in (lambda it: oauth_flows.held(platform.config, it), *forms(platform).values()):
        for other in spoilt(key).values():
            error = await refused(world, work(other), FlowOver)
            assert error.message == oauth_flows.over().message


async def test_a_form_without_its_hidden_field_does_nothing(world: World, platform: Door) -> None:
    key = await platform.consented()
    await platform.mailed_code(key, ANN)
    for csrf in ("", "x" * 43, "é", "\ud800"):
        for work in forms(platform).values():
            await refused(world, work(replace(key, csrf=csrf)), FlowOver)


async def test_one_browsers_field_is_no_good_in_another_login(world: World, platform: Door) -> None:
    key, other = await platform.begun(), await platform.begun()
    await refused(
        world, oauth_flows.consent(platform.config, replace(key, csrf=other.csrf)), FlowOver
    )


async def test_a_login_is_over_after_ten_minutes(world: World, platform: Door) -> None:
    key = await platform.consented()
    await world.owner.execute("UPDATE oauth_flow SET expires_at = now()")
    for work in (lambda it: oauth_flows.held(platform.config, it), *forms(platform).values()):
        await refused(world, work(key), FlowOver)


async def test_another_servers_login_is_unknown(world: World, platform: Door) -> None:
    key = await platform.consented()
    other = await door(await make_world(world.owner, slug="other-docs"), platform.people)
    for work in (lambda it: oauth_flows.held(other.config, it), *forms(other).values()):
        await refused(world, work(key), FlowOver)


async def test_saying_no_ends_the_login(world: World, platform: Door) -> None:
    key = await platform.begun()
    flow = await oauth_endings.deny(platform.config, key)
    assert (flow.redirect_uri, flow.state) == (CALLBACK, "the state")
    assert await world.rows("SELECT stage FROM oauth_flow") == [("done",)]
    await refused(world, oauth_flows.held(platform.config, key), FlowOver)
    await refused(world, oauth_flows.consent(platform.config, key), FlowOver)


async def test_saying_no_twice_is_saying_no(world: World, platform: Door) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    first = await oauth_endings.deny(platform.config, key)
    before = await kept(world)
    second = await oauth_endings.deny(platform.config, key)
    assert (second.redirect_uri, second.state) == (first.redirect_uri, first.state)
    assert await kept(world) == before
    await refused(world, platform.try_code(key, code), FlowOver)
    await world.owner.execute("UPDATE oauth_flow SET expires_at = now()")
    await refused(world, oauth_endings.deny(platform.config, key), FlowOver)


async def test_agreeing_twice_is_agreeing(platform: Door) -> None:
    key = await platform.begun()
    for _ in range(2):
        assert (await oauth_flows.consent(platform.config, key)).stage is FlowStage.LOGIN


async def test_nobody_says_who_they_are_before_they_agree(world: World, platform: Door) -> None:
    key = await platform.begun()
    doors = forms(platform)
    for name in ("ask for a code", "enter a code", "go upstream"):
        await refused(world, doors[name](key), InvalidRequest)


# The code by mail


async def test_the_code_that_was_mailed_ends_the_login(world: World, platform: Door) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, " Ann@Acme.test ".strip().lower())
    assert len(code) == 8
    completed = await platform.try_code(key, f"{code[:4]} {code[4:]}")
    assert (completed.redirect_uri, completed.state) == (CALLBACK, "the state")
    ((issuer, subject, email, verified),) = await world.rows(
        "SELECT issuer, subject, email, email_verified FROM end_user"
    )
    assert (issuer, email, verified) == (platform.people.desk.base_url, ANN, True)
    assert await world.rows("SELECT id, email FROM login_account") == [(subject, ANN)]
    assert await world.rows("SELECT stage FROM oauth_flow") == [("done",)]
    assert await world.rows("SELECT * FROM account") == []


async def test_one_address_is_one_person_on_all_servers_of_an_organization(
    world: World, platform: Door
) -> None:
    await platform.logged_in(ANN)
    await platform.logged_in(ANN)
    assert len(await world.rows("SELECT * FROM end_user")) == 1
    other = await door(await make_world(world.owner, slug="other-docs"), platform.people)
    await other.logged_in(ANN)
    assert len(await world.rows("SELECT DISTINCT organization_id FROM end_user")) == 2
    assert len(await world.rows("SELECT * FROM login_account")) == 1
    assert len({row[0] for row in await world.rows("SELECT subject FROM end_user")}) == 1


async def test_a_wrong_code_leaves_four_more_and_the_fifth_ends_the_login(
    world: World, platform: Door
) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    wrong = str(10**8 - 1 - int(code)).zfill(8)
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongCode, match=f"{left} more time"):
            await platform.try_code(key, wrong)
    with pytest.raises(FlowOver, match="Too many wrong codes"):
        await platform.try_code(key, wrong)
    await refused(world, platform.try_code(key, code), FlowOver)
    assert await world.rows("SELECT * FROM oauth_code") == []
    assert await world.rows("SELECT * FROM login_account") == []


async def test_wrong_codes_at_once_are_five_and_no_more(world: World, platform: Door) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    wrong = str(10**8 - 1 - int(code)).zfill(8)
    answers = await asyncio.gather(
        *(platform.try_code(key, wrong) for _ in range(30)), return_exceptions=True
    )
    kinds = [type(answer) for answer in answers]
    assert (kinds.count(WrongCode), kinds.count(FlowOver)) == (4, 26)


async def test_the_right_code_at_once_ends_one_login(world: World, platform: Door) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    answers = await asyncio.gather(
        *(platform.try_code(key, code) for _ in range(30)), return_exceptions=True
    )
    assert len({code_in(answer) for answer in answers if isinstance(answer, Completed)}) == 1
    assert [type(answer) for answer in answers].count(Completed) == 30
    assert len(await world.rows("SELECT * FROM oauth_code")) == 1
    assert len(await world.rows("SELECT * FROM oauth_grant")) == 1


async def test_a_form_that_is_sent_twice_gets_the_same_answer_until_the_client_used_it(
    world: World, platform: Door
) -> None:
    """Somebody clicks twice: the browser follows the second answer only."""
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    done = await platform.try_code(key, code)
    before = await kept(world)
    again = await platform.try_code(key, code)
    assert await kept(world) == before
    assert (code_in(again), again.state) == (code_in(done), done.state)
    await refused(world, platform.try_code(key, str(10**8 - 1 - int(code)).zfill(8)), FlowOver)
    stranger = replace(key, cookie=f"{key.cookie}x")
    await refused(world, platform.try_code(stranger, code), FlowOver)
    for form in (oauth_flows.consent, oauth_endings.deny, oauth_flows.held):
        await refused(world, form(platform.config, key), FlowOver)
    issued = await platform.redeemed(code_in(again))
    before = await kept(world)
    assert (await platform.try_code(key, code)).code is None
    assert await kept(world) == before
    assert issued.refresh is not None
    await oauth_tokens.revoke(
        platform.config, await platform.the_client(), token=issued.refresh.reveal()
    )
    await refused(world, platform.try_code(key, code), FlowOver)


async def test_a_login_that_went_well_is_known_for_half_a_minute(
    world: World, platform: Door
) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    await platform.try_code(key, code)
    lasts = "SELECT expires_at BETWEEN now() + interval '5 s' AND now() + interval '30 s'"
    assert await world.rows(f"{lasts} FROM oauth_flow") == [(True,)]
    await world.owner.execute("UPDATE oauth_flow SET expires_at = now()")
    await refused(world, platform.try_code(key, code), FlowOver)


async def test_another_code_makes_the_one_before_void_and_wrong_ones_still_count(
    platform: Door,
) -> None:
    key = await platform.consented()
    first = await platform.mailed_code(key, ANN)
    second = await platform.mailed_code(key, "ann@other.test")
    for left, code in ((4, first), (3, "")):
        if code != second:
            with pytest.raises(WrongCode, match=f"{left} more"):
                await platform.try_code(key, code)
    flow = await oauth_flows.held(platform.config, key)
    assert (flow.email, flow.codes_sent) == ("ann@other.test", 2)
    await platform.try_code(key, second)


async def test_a_code_is_no_good_in_another_login(platform: Door) -> None:
    mine, theirs = await platform.consented(), await platform.consented()
    await platform.mailed_code(mine, ANN)
    code = await platform.mailed_code(theirs, ANN)
    with pytest.raises(WrongCode):
        await platform.try_code(mine, code)


async def test_five_codes_are_sent_for_a_login_and_no_more(world: World, platform: Door) -> None:
    key = await platform.consented()
    for _ in range(5):
        await platform.mailed_code(key, ANN)
    await refused(world, platform.mailed_code(key, ANN), InvalidRequest)
    assert len(await platform.people.mails_to(ANN)) == 5


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "ann@acme.test\nbob@acme.test", "á@acme.test"]
)
async def test_what_is_no_address_gets_no_code(world: World, platform: Door, email: str) -> None:
    key = await platform.consented()
    await refused(world, platform.mailed_code(key, email), Invalid)
    assert platform.people.postbox.mails == []


async def test_no_code_is_entered_before_one_was_sent(world: World, platform: Door) -> None:
    key = await platform.consented()
    await refused(world, platform.try_code(key, "00000000"), InvalidRequest)


async def test_the_mail_names_the_server_and_shows_the_code_in_the_text_only(
    platform: Door,
) -> None:
    key = await platform.consented()
    code = await platform.mailed_code(key, ANN)
    (mail,) = await platform.people.mails_to(ANN)
    assert mail.subject == "Your code to log in to Acme Docs"
    assert f"{code[:4]} {code[4:]}" in mail.text
    assert code[:4] not in mail.subject
    assert mail.good_until == (await oauth_flows.held(platform.config, key)).expires_at


async def test_no_servers_name_puts_a_link_into_the_mail(world: World, people: Reception) -> None:
    await world.change_server(name="Acme: first see evil.example/now")
    here = await door(world, people)
    await here.mailed_code(await here.consented(), ANN)
    (mail,) = await people.mails_to(ANN)
    assert mail.subject == "Your code to log in to acme-docs"
    assert "evil" not in mail.text


# Limits


async def test_an_address_gets_three_codes_a_minute(world: World, database: str) -> None:
    async with reception(Attempts()) as people:
        here = await door(world, people)
        for _ in range(3):
            await here.mailed_code(await here.consented(), ANN)
        key = await here.consented()
        await refused(world, here.mailed_code(key, ANN), TooMany)
        await here.mailed_code(key, "bob@acme.test")


async def test_what_sends_no_mail_uses_up_nobodys_limit(world: World, database: str) -> None:
    async with reception(Attempts()) as people:
        here = await door(world, people)
        spent = await here.consented()
        await world.owner.execute("UPDATE oauth_flow SET email_codes_sent = 5")
        other = Door(replace(here.config, auth_type=AuthType.CUSTOM_OAUTH), people, here.clients)
        fresh = await here.consented()
        for _ in range(15):
            await refused(world, here.mailed_code(spent, ANN), InvalidRequest)
            await refused(world, other.mailed_code(fresh, ANN), InvalidRequest)
        assert await here.mailed_code(fresh, ANN)


async def test_without_its_redis_no_one_logs_in_and_tokens_go_on_working(
    world: World, platform: Door
) -> None:
    key, tokens = await platform.consented(), await platform.tokens()
    async with reception(Attempts(Away())) as people:
        away = Door(platform.config, people, platform.clients)
        for work in (
            away.registered,
            away.begun,
            lambda: away.mailed_code(key, ANN),
            lambda: away.try_code(key, "12345678"),
        ):
            error = await refused(world, work(), Unavailable)
            assert "Logging in is not possible just now" in error.message
        assert (await away.admitted(tokens.access.reveal())).email == ANN
        assert tokens.refresh is not None
        await away.refreshed(tokens.refresh.reveal())


# The customer's provider


async def test_a_trip_upstream_comes_back_once_and_in_the_same_browser(
    world: World, custom: Door
) -> None:
    key, other = await custom.consented(), await custom.consented()
    sent = await custom.gone_upstream(key)
    theirs = await custom.gone_upstream(other)
    assert oauth_logins.flow_of_state(sent.state) == key.flow_id
    assert len({sent.nonce, sent.state, sent.code_verifier, theirs.nonce, theirs.state}) == 5
    callback = replace(key, csrf="")
    for state in (theirs.state, "", key.flow_id, sent.state + "x", "é"):
        work = oauth_logins.back_from_upstream(custom.config, callback, state=state)
        await refused(world, work, FlowOver)
    second_browser = oauth_logins.back_from_upstream(
        custom.config, replace(callback, cookie=other.cookie), state=sent.state
    )
    await refused(world, second_browser, FlowOver)
    back = await oauth_logins.back_from_upstream(custom.config, callback, state=sent.state)
    assert back == sent
    again = oauth_logins.back_from_upstream(custom.config, callback, state=sent.state)
    await refused(world, again, FlowOver)


async def test_an_answer_to_an_earlier_trip_is_void(world: World, custom: Door) -> None:
    key = await custom.consented()
    first = await custom.gone_upstream(key)
    second = await custom.gone_upstream(key)
    late = oauth_logins.back_from_upstream(custom.config, key, state=first.state)
    await refused(world, late, FlowOver)
    assert await oauth_logins.back_from_upstream(custom.config, key, state=second.state) == second


async def test_a_login_makes_five_trips_and_the_sixth_ends_it(world: World, custom: Door) -> None:
    key = await custom.consented()
    for _ in range(5):
        trip = await custom.gone_upstream(key)
        await oauth_logins.back_from_upstream(custom.config, key, state=trip.state)
    with pytest.raises(FlowOver, match="Too many attempts"):
        await custom.gone_upstream(key)
    assert await world.rows("SELECT * FROM oauth_flow") == []


async def test_one_client_makes_thirty_trips_a_minute(world: World) -> None:
    async with reception(Attempts()) as people:
        here = await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)
        keys = [await here.consented() for _ in range(11)]
        for number in range(30):
            await here.gone_upstream(keys[number // 3])
        await refused(world, here.gone_upstream(keys[10]), TooMany)


async def test_an_address_that_the_provider_does_not_vouch_for_any_more_is_nobodys(
    world: World, custom: Door
) -> None:
    await configure(custom, ISSUER)
    for email, kept_address in (("ann@acme.test", True), (None, False), ("ann@beta.test", True)):
        key = await custom.consented()
        await custom.gone_upstream(key)
        person = Person(issuer=ISSUER, subject="ann", email=email)
        await oauth_logins.complete(custom.config, key, person)
        assert await world.rows("SELECT email, email_verified FROM end_user") == [
            (email, kept_address)
        ]


async def test_nobody_comes_back_who_was_never_sent(world: World, custom: Door) -> None:
    key = await custom.consented()
    never_sent = oauth_logins._round(key, 0, None)
    work = oauth_logins.back_from_upstream(custom.config, key, state=never_sent.state)
    await refused(world, work, FlowOver)


async def test_one_provider_answer_at_a_time(custom: Door) -> None:
    key = await custom.consented()
    sent = await custom.gone_upstream(key)
    answers = await asyncio.gather(
        *(oauth_logins.back_from_upstream(custom.config, key, state=sent.state) for _ in range(20)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers].count(FlowOver) == 19


async def test_the_customers_people_are_known_by_issuer_and_subject(
    world: World, custom: Door
) -> None:
    await custom.logged_in("ann")
    await custom.logged_in("ann")
    await custom.logged_in("bob")
    assert sorted(await world.rows("SELECT subject, email, email_verified FROM end_user")) == [
        ("ann", "ann@acme.test", True),
        ("bob", "bob@acme.test", True),
    ]
    assert await world.rows("SELECT * FROM login_account") == []


async def test_one_person_who_first_logs_in_ten_times_at_once_is_one_end_user(
    world: World, platform: Door
) -> None:
    keys = [await platform.consented() for _ in range(10)]
    codes = [await platform.mailed_code(key, ANN) for key in keys]
    await asyncio.gather(*map(platform.try_code, keys, codes))
    assert len(await world.rows("SELECT * FROM end_user")) == 1
    assert len(await world.rows("SELECT * FROM login_account")) == 1
    assert len(await world.rows("SELECT * FROM oauth_grant")) == 10


async def test_ten_first_logins_at_once_with_the_provider_are_one_end_user(
    world: World, custom: Door
) -> None:
    await custom.the_client()
    await asyncio.gather(*(custom.logged_in("ann") for _ in range(10)))
    assert len(await world.rows("SELECT * FROM end_user")) == 1
    assert len(await world.rows("SELECT * FROM oauth_grant")) == 10


async def test_each_kind_of_login_is_for_servers_of_that_kind(
    world: World, platform: Door, custom: Door
) -> None:
    key = await custom.consented()
    for name in ("ask for a code",):
        await refused(world, forms(custom)[name](key), InvalidRequest)
    here = Door(replace(custom.config, auth_type=AuthType.PLATFORM_OAUTH), custom.people)
    await refused(world, here.gone_upstream(key), InvalidRequest)


async def test_a_client_is_told_apart_from_its_twin(platform: Door) -> None:
    one, other = await platform.registered(), await platform.registered()
    assert isinstance(one, Client)
    assert one.id != other.id
