"""Which clients may ask, what they may be called, and where people may be sent back to."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock
from app.core.attempts import Attempts
from app.core.enums import ClientAuthMethod
from app.core.errors import ProductError, TooMany
from app.core.secrets import digest
from app.domain import oauth_clients
from app.domain.oauth_client_rules import (
    METADATA_MAX_BYTES,
    NAMELESS,
    check_redirect_uri,
    clean_name,
    is_match,
)
from app.domain.oauth_errors import (
    InvalidClient,
    InvalidClientMetadata,
    InvalidRedirectUri,
    InvalidRequest,
)
from tests.support.logins import CALLBACK, METADATA, Door, door, refused
from tests.support.people import Reception, client, reception
from tests.support.standing_clock import Clock
from tests.support.world import World, make_world

URL = "https://app.example.com/client.json"

GOOD_URIS = [
    "https://app.example.com/callback",
    "https://app.example.com:8443/callback?a=b",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:33418/callback",
    "http://[::1]:33418/",
    "http://localhost:8080/callback",
    "com.example.app:/callback",
    "com.example.app://callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "vscode://vscode.mcp/callback",
]
BAD_URIS = [
    "",
    "callback",
    "/callback",
    "//app.example.com/callback",
    "https://",
    "https:app.example.com",
    "https:///callback",
    "https://app.example.com/callback#",
    "https://app.example.com/callback#fragment",
    "https://user@app.example.com/callback",
    "https://user:password@app.example.com/callback",
    "https://@app.example.com/callback",
    "https://app.example.com:x/callback",
    "https://app.example.com:99999/callback",
    "https://app.example.com\\@evil.example/callback",
    "https://app.example.com /callback",
    "https://app.example.com/call back",
    "https://app.example.com/\ncallback",
    "https://app.example.com/\x00",
    "https://app.exämple.com/callback",
    "https://app.example.com/<script>",
    "https://*.example.com/callback",
    "http://app.example.com/callback",
    "http://127.0.0.1.evil.example/callback",
    "http://localhost.evil.example/callback",
    "http://127.0.0.1@evil.example/callback",
    "http://127.1/callback",
    "http://2130706433/callback",
    "http://0.0.0.0/callback",
    "http://[::]/callback",
    "http://192.168.0.1/callback",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "blob:https://app.example.com/x",
    "about:blank",
    "view-source:https://app.example.com",
    "mailto:ann@acme.test",
    "ws://127.0.0.1/callback",
    "ftp://app.example.com/",
    "myapp://callback",
    " https://app.example.com/callback",
    "https://app.example.com/" + "a" * 2000,
]


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in."""
    return await door(world, people)


# Redirect URIs


@pytest.mark.parametrize("uri", GOOD_URIS)
def test_an_address_of_the_client_is_accepted(uri: str) -> None:
    check_redirect_uri(uri)


@pytest.mark.parametrize("uri", BAD_URIS)
def test_an_address_that_could_be_someone_elses_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRedirectUri) as refusal:
        check_redirect_uri(uri)
    assert refusal.value.field == "redirect_uris"
    assert refusal.value.message.isprintable()


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    for uri in (text, f"https://{text}", f"http://127.0.0.1{text}"):
        try:
            check_redirect_uri(uri)
        except InvalidRedirectUri:
            continue
        assert uri.isascii()
        assert "#" not in uri


LOOPBACK = "http://127.0.0.1:1/callback?a=b"


MATCHES = [
    (LOOPBACK, LOOPBACK, True),
    (LOOPBACK, "http://127.0.0.1:65535/callback?a=b", True),
    (LOOPBACK, "http://127.0.0.1/callback?a=b", True),
    ("http://[::1]/callback", "http://[::1]:5/callback", True),
    ("http://localhost/callback", "http://localhost:5/callback", True),
    (LOOPBACK, "http://localhost:1/callback?a=b", False),
    (LOOPBACK, "http://127.0.0.1:1/callback", False),
    (LOOPBACK, "http://127.0.0.1:1/callback/?a=b", False),
    (LOOPBACK, "http://127.0.0.1:1/other?a=b", False),
    (LOOPBACK, "https://127.0.0.1:1/callback?a=b", False),
    (LOOPBACK, "http://127.0.0.1:1@evil.example/callback?a=b", False),
    (LOOPBACK, "http://evil.example/callback?a=b", False),
    (LOOPBACK, LOOPBACK + "#x", False),
    ("https://a.example/cb", "https://a.example:444/cb", False),
    ("https://a.example/cb", "https://a.example/cb/", False),
    ("https://a.example/cb", "https://a.example/cb?x", False),
    ("https://a.example/cb", "https://A.example/cb", False),
    ("https://a.example/cb", "https://a.example/x/../cb", False),
    ("https://a.example/cb", "https://a.example.evil.example/cb", False),
    ("com.example.app:/cb", "com.example.app:/cb/x", False),
    ("com.example.app:/cb", "com.example.app://cb", False),
]


def test_an_address_matches_exactly_but_for_the_port_on_loopback() -> None:
    wrong = [case for case in MATCHES if is_match(case[0], case[1]) is not case[2]]
    assert wrong == []


async def test_people_are_sent_to_registered_addresses_only(here: Door) -> None:
    one = await here.registered()
    two = await here.registered(redirect_uris=[CALLBACK, "https://a.example/cb"])
    assert oauth_clients.redirect_uri_of(one, None) == CALLBACK
    assert oauth_clients.redirect_uri_of(two, "https://a.example/cb") == "https://a.example/cb"
    elsewhere = "http://127.0.0.1:9/callback"
    assert oauth_clients.redirect_uri_of(one, elsewhere) == elsewhere
    for app, asked in ((two, None), (one, "https://a.example/cb"), (one, "")):
        with pytest.raises(InvalidRequest):
            oauth_clients.redirect_uri_of(app, asked)


# Names


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("Cursor", "Cursor"),
        ("  Cursor \n\t IDE ", "Cursor IDE"),
        ("Cursor\u202egnp", "Cursorgnp"),
        ("Cur\u200bsor\ufeff", "Cursor"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\u2066x\u2069", "x"),
        ("\ud800", ""),
        ("a" * 500, "a" * 100),
        ("日本語 🚀", "日本語 🚀"),
        ("한글 ⠓⠊", "한글 ⠓⠊"),
        ("Cursor\u3164", "Cursor"),
        ("\u3164", ""),
        ("\u115f\u1160\uffa0", ""),
        ("\u2800 \u2800", ""),
        ("\U0001d159\U00013441\U00013442", ""),
        ("\u034f\ufe0f\u0301\u17b4", ""),
        ("\u3164" * 90 + "Cursor", "Cursor"),
        (None, ""),
        (7, ""),
        (["Cursor"], ""),
    ],
)
def test_a_name_is_shown_without_what_hides_or_turns_text(given_name: object, shown: str) -> None:
    assert clean_name(given_name) == shown


# Registration


async def test_a_client_registers_and_is_known_from_then_on(here: Door) -> None:
    made = await oauth_clients.register(
        here.scope,
        here.people.desk,
        client(),
        METADATA
        | {
            "client_uri": "https://cursor.example",
            "logo_uri": "javascript:alert(1)",
            "software_id": "cursor\u202e",
            "unknown": {"a": 1},
        },
    )
    assert made.secret is None
    assert await oauth_clients.by_client_id(here.scope, made.client.client_id) == made.client
    assert (made.client.name, made.client.redirect_uris) == ("Cursor", (CALLBACK,))
    assert made.client.grant_types == ("authorization_code", "refresh_token")
    assert made.client.auth_method is ClientAuthMethod.NONE
    assert made.client.metadata == {"client_uri": "https://cursor.example", "software_id": "cursor"}


async def test_a_client_that_registers_twice_is_two_clients(here: Door) -> None:
    one, other = await here.registered(), await here.registered()
    assert one.client_id != other.client_id
    assert await oauth_clients.by_client_id(here.scope, one.client_id) == one


def _sized(size: int) -> dict[str, Any]:
    """Metadata that take so many bytes."""
    empty = len(msgspec.json.encode({**METADATA, "client_uri": ""}))
    return {**METADATA, "client_uri": "x" * (size - empty)}


async def test_metadata_may_be_as_long_as_a_document(here: Door) -> None:
    assert METADATA_MAX_BYTES == 5 * 1024
    await here.registered(**_sized(METADATA_MAX_BYTES))


NO_METADATA: list[tuple[dict[str, Any], type[ProductError]]] = [
    ({}, InvalidRedirectUri),
    ({"redirect_uris": []}, InvalidRedirectUri),
    ({"redirect_uris": CALLBACK}, InvalidRedirectUri),
    ({"redirect_uris": [7]}, InvalidRedirectUri),
    ({"redirect_uris": [CALLBACK, "javascript:alert(1)"]}, InvalidRedirectUri),
    ({"redirect_uris": [f"{CALLBACK}/{n}" for n in range(21)]}, InvalidRedirectUri),
    ({**METADATA, "grant_types": ["implicit"]}, InvalidClientMetadata),
    ({**METADATA, "grant_types": "authorization_code"}, InvalidClientMetadata),
    ({**METADATA, "grant_types": ["client_credentials"]}, InvalidClientMetadata),
    ({**METADATA, "response_types": ["token"]}, InvalidClientMetadata),
    ({**METADATA, "response_types": [7]}, InvalidClientMetadata),
    (_sized(METADATA_MAX_BYTES + 1), InvalidClientMetadata),
    ({**METADATA, "client_name": "\ud800"}, InvalidClientMetadata),
]


async def test_a_client_with_other_metadata_is_refused(world: World, here: Door) -> None:
    for metadata, error in NO_METADATA:
        work = oauth_clients.register(here.scope, here.people.desk, client(), metadata)
        await refused(world, work, error)


async def test_a_client_without_a_name_is_told_so(here: Door) -> None:
    for name in ("\u200b", "\u3164", "\u115f\u1160", "\uffa0", "\u2800\u2800", "\u034f"):
        assert (await here.registered(client_name=name)).name == NAMELESS


async def test_a_client_that_asks_for_a_secret_proves_itself_with_it(
    world: World, here: Door
) -> None:
    told = {**METADATA, "token_endpoint_auth_method": "client_secret_basic"}
    made = await oauth_clients.register(here.scope, here.people.desk, client(), told)
    assert made.secret is not None
    secret = made.secret.reveal()
    oauth_clients.check_secret(made.client, secret)
    for wrong in (None, "", secret + "x", digest(secret)):
        with pytest.raises(InvalidClient):
            oauth_clients.check_secret(made.client, wrong)
    oauth_clients.check_secret(await here.registered(), None)
    assert secret not in str(await world.rows("SELECT * FROM oauth_client"))


async def test_another_method_makes_the_client_a_public_one(here: Door) -> None:
    made = await here.registered(token_endpoint_auth_method="private_key_jwt")
    assert made.auth_method is ClientAuthMethod.NONE


async def test_an_unknown_client_has_to_register(world: World, here: Door) -> None:
    for client_id in ("", "oacl_", "oacl_" + "a" * 16, URL, "oacl_\x00", "\ud800", "x" * 5000):
        work = oauth_clients.by_client_id(here.scope, client_id)
        assert (await refused(world, work, InvalidClient)).code == "invalid_client"


async def test_a_client_is_known_at_its_own_server_only(
    world: World, here: Door, people: Reception
) -> None:
    made = await here.registered()
    other = await door(await make_world(world.owner, slug="other-docs"), people)
    await refused(world, oauth_clients.by_client_id(other.scope, made.client_id), InvalidClient)


async def test_an_address_registers_thirty_clients_a_minute(world: World, database: str) -> None:
    async with reception(Attempts()) as people:
        here = await door(world, people)
        for _ in range(30):
            await here.registered()
        await refused(world, here.registered(), TooMany)


async def test_an_address_registers_so_many_clients_a_day(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth_clients, "REGISTRATIONS_PER_DAY", 40)
    clock = Clock()
    async with reception(Attempts(monotonic=clock)) as people:
        here = await door(world, people)
        for _ in range(40):
            clock.seconds += 120
            await here.registered()
        clock.seconds += 120
        error = await refused(world, here.registered(), TooMany)
        assert "hours" in error.message


# Metadata documents


async def test_a_document_is_remembered_and_replaced_by_what_it_says_later(here: Door) -> None:
    assert await oauth_clients.known_document(here.scope, URL) is None
    later = clock.now() + timedelta(hours=1)
    first = await oauth_clients.remember_document(here.scope, URL, METADATA, fresh_until=later)
    known = await oauth_clients.known_document(here.scope, URL)
    assert known is not None
    assert (known.client, known.fresh_until, known.is_fresh) == (first, later, True)
    assert (first.client_id, first.auth_method) == (URL, ClientAuthMethod.NONE)
    said = {**METADATA, "client_name": "Windsurf", "token_endpoint_auth_method": "none"}
    second = await oauth_clients.remember_document(here.scope, URL, said, fresh_until=clock.now())
    assert (second.id, second.name) == (first.id, "Windsurf")
    known = await oauth_clients.known_document(here.scope, URL)
    assert known is not None
    assert not known.is_fresh
    assert await oauth_clients.by_client_id(here.scope, URL) == second


async def test_a_document_makes_no_client_with_a_secret(here: Door) -> None:
    made = await oauth_clients.remember_document(
        here.scope,
        URL,
        {**METADATA, "token_endpoint_auth_method": "client_secret_post"},
        fresh_until=clock.now(),
    )
    assert (made.auth_method, made.secret_hash) == (ClientAuthMethod.NONE, None)


async def test_a_document_that_breaks_a_rule_changes_nothing(world: World, here: Door) -> None:
    now = clock.now()
    await oauth_clients.remember_document(here.scope, URL, METADATA, fresh_until=now)
    bad = {**METADATA, "redirect_uris": ["javascript:alert(1)"]}
    work = oauth_clients.remember_document(here.scope, URL, bad, fresh_until=now)
    await refused(world, work, InvalidRedirectUri)
    long = oauth_clients.remember_document(here.scope, URL + "a" * 2000, METADATA, fresh_until=now)
    await refused(world, long, InvalidClient)
