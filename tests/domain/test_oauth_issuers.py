"""Which issuers of providers may be entered, and what else may not; nothing is fetched for it."""

from dataclasses import replace

import asyncpg
import pytest

from app.core.errors import Invalid
from tests.domain.test_oauth_configs import CANARY, GIVEN, enter, issuer_of
from tests.support.logins import Door, door
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.world import World

ISSUERS = [
    "https://id.example.com",
    "https://id.example.com/",
    "https://id.example.com:8443/tenants/acme/v2.0",
    "http://localhost:9000",
    "http://127.0.0.1:9000/realms/acme",
    "https://localhost:9443",
]
NO_ISSUERS = [
    "",
    "id.example.com",
    "ftp://id.example.com",
    "http://id.example.com",
    "http://127.0.0.1.example.com",
    "https://",
    "https://id.example.com?x=1",
    "https://id.example.com#x",
    "https://user@id.example.com",
    "https://id.example.com:99999",
    "https://id.example.com/\x00",
    "https://id.example.com/a b",
    "https://ID.example.com",
    "https://id.exämple.com",
    "https://[::1",
    "http://localhost:8000",
    "http://acme-docs.localhost:8000",
    "javascript:alert(1)",
    "https://id.example.com/" + "a" * 500,
    "https://id.example.com:9443",
    "https://id.example.com:80",
    "https://id.example.com/a/../b",
    "https://10.0.0.5",
    "https://2130706433",
    "https://[2001:db8::1]",
    "https://intranet",
    "https://id.example.com/.well-known/openid-configuration",
    "https://id.example.com/tenants/acme/.well-known/oauth-authorization-server",
    "https://id.example.com/.well-known",
]
NO_ISSUERS_IN_PRODUCTION = [
    "http://localhost:9000",
    "http://127.0.0.1",
    "https://localhost",
    "https://id.localhost:8443",
    "https://127.0.0.1:8443",
    "https://[::1]",
    "https://acme.mcp.example.com",
]


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in."""
    return await door(world, people)


async def test_an_address_of_a_provider_is_accepted(world: World, here: Door) -> None:
    for issuer in ISSUERS:
        await enter(world, here, replace(GIVEN, issuer=issuer))
        assert await issuer_of(world) == issuer


async def test_anything_else_is_refused(
    world: World, here: Door, owner: asyncpg.Connection
) -> None:
    bad = [(replace(GIVEN, issuer=issuer), "issuer") for issuer in NO_ISSUERS] + [
        (replace(GIVEN, client_id=""), "clientId"),
        (replace(GIVEN, client_id="a\nb"), "clientId"),
        (replace(GIVEN, client_id="a" * 501), "clientId"),
        (replace(GIVEN, client_secret=""), "clientSecret"),
        (replace(GIVEN, client_secret="a\x00"), "clientSecret"),
        (replace(GIVEN, client_secret=CANARY * 200), "clientSecret"),
        (replace(GIVEN, scopes=()), "scopes"),
        (replace(GIVEN, scopes=("email",)), "scopes"),
        (replace(GIVEN, scopes=("openid", "a b")), "scopes"),
        (replace(GIVEN, scopes=("openid", 'a"b')), "scopes"),
        (replace(GIVEN, scopes=("openid", *(f"s{n}" for n in range(20)))), "scopes"),
    ]
    before = await dump(owner)
    for settings, field in bad:
        with pytest.raises(Invalid) as refusal:
            await enter(world, here, settings)
        assert (refusal.value.field, CANARY in refusal.value.message) == (field, False), settings
    assert await dump(owner) == before


async def test_in_production_a_provider_on_this_machine_is_refused(
    world: World, here: Door
) -> None:
    desk = replace(here.people.desk, base_url="https://mcp.example.com")
    for issuer in NO_ISSUERS_IN_PRODUCTION:
        with pytest.raises(Invalid):
            await enter(world, here, replace(GIVEN, issuer=issuer), desk=desk)
    await enter(world, here, desk=desk)


@pytest.mark.parametrize(
    ("base_url", "issuer", "told"),
    [
        ("https://mcp.example.com", "http://x.example", "issuer must begin with https://."),
        (
            "http://localhost:8000",
            "http://x.example",
            "issuer must begin with https://, or be http:// on this machine.",
        ),
        (
            "https://mcp.example.com",
            "https://10.0.0.5",
            "issuer cannot be used. The URL must name a public host, and no address.",
        ),
        (
            "https://mcp.example.com",
            "https://id.example.com:9443",
            "issuer cannot be used. The URL must use port 443 or 8443.",
        ),
        (
            "https://mcp.example.com",
            "https://id.example.com/.well-known/openid-configuration",
            "issuer is the part before /.well-known/: enter that alone.",
        ),
    ],
)
async def test_a_refused_issuer_is_told_what_would_do(
    world: World, here: Door, base_url: str, issuer: str, told: str
) -> None:
    desk = replace(here.people.desk, base_url=base_url)
    with pytest.raises(Invalid) as refusal:
        await enter(world, here, replace(GIVEN, issuer=issuer), desk=desk)
    assert refusal.value.message == told
