"""Clients that register by themselves: RFC 7591, as the MCP specification asks for it."""

import json
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import KeySet
from mcp.shared.auth import OAuthClientInformationFull

from app.core.attempts import Attempts
from tests.support.logins import CALLBACK, METADATA, Door, door
from tests.support.oauth_site import Site, site_of
from tests.support.people import Away, reception
from tests.support.scale import scaled
from tests.support.world import World

NOT_METADATA: tuple[bytes, ...] = (b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 5000)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no redirect URI": ({"redirect_uris": None}, "invalid_redirect_uri"),
    "an empty list of them": ({"redirect_uris": []}, "invalid_redirect_uri"),
    "a text for a list": ({"redirect_uris": CALLBACK}, "invalid_redirect_uri"),
    "a script": ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
    "data": ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
    "a file": ({"redirect_uris": ["file:///etc/passwd"]}, "invalid_redirect_uri"),
    "plain http": ({"redirect_uris": ["http://app.example/cb"]}, "invalid_redirect_uri"),
    "a fragment": ({"redirect_uris": ["https://app.example/cb#x"]}, "invalid_redirect_uri"),
    "somebody's name": ({"redirect_uris": ["https://a@app.example/"]}, "invalid_redirect_uri"),
    "one bad among good ones": (
        {"redirect_uris": [CALLBACK, "vbscript:x"]}, "invalid_redirect_uri",
    ),
    "another grant": ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
    "the implicit flow": ({"response_types": ["token"]}, "invalid_client_metadata"),
    "contacts that are no list": ({"contacts": "ann@acme.test"}, "invalid_client_metadata"),
    "a link that is none": ({"client_uri": "javascript:x"}, "invalid_client_metadata"),
    "a link of another kind": ({"logo_uri": {"a": 1}}, "invalid_client_metadata"),
    "keys that are none": ({"jwks": {"keys": [1]}}, "invalid_client_metadata"),
    "keys without a type": ({"jwks": {"keys": [{}]}}, "invalid_client_metadata"),
    "a key set without keys": ({"jwks": {"a": {}}}, "invalid_client_metadata"),
    "a key set of one key": ({"jwks": {"keys": {"kty": "EC"}}}, "invalid_client_metadata"),
    "a list for a key set": ({"jwks": [{"kty": "EC"}]}, "invalid_client_metadata"),
    "keys here and elsewhere": (
        {"jwks": {"keys": []}, "jwks_uri": "https://app.example/keys"}, "invalid_client_metadata",
    ),
    "too much": ({"software_id": "x" * 5 * 1024}, "invalid_client_metadata"),
}  # fmt: skip

TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    [CALLBACK, "https://app.example/", "https://[::1", "https://a:b@c", "//x:99999", "none", "code"]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS | st.sampled_from(["keys", "kty", "n", "d"]), inner, max_size=4)
    ),
    max_leaves=8,
)
MEMBERS = TEXTS | st.sampled_from(
    [*ClientMetadataClaims.REGISTERED_CLAIMS, "application_type", "client_id", "client_secret"]
)


async def clients(world: World) -> int:
    """How many there are."""
    return len(await world.rows("SELECT id FROM oauth_client"))


def told(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, which nobody may keep."""
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error", "error_description"}
    return response.status_code, body["error"]


async def test_a_client_is_public_unless_it_asks_for_a_secret(site: Site) -> None:
    response = await site.register()
    assert response.status_code == 201
    assert (response.headers["cache-control"], response.headers["pragma"]) == (
        "no-store",
        "no-cache",
    )
    made = response.json()
    assert made.pop("client_id").startswith("oacl_")
    assert isinstance(made.pop("client_id_issued_at"), int)
    assert made == {
        "client_name": "Cursor",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    OAuthClientInformationFull.model_validate(response.json())


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_that_asks_for_a_secret_is_told_it_once(
    site: Site, world: World, method: str
) -> None:
    made = await site.registered(token_endpoint_auth_method=method)
    assert made["token_endpoint_auth_method"] == method
    assert made["client_secret"].startswith("mcpo_")
    assert made["client_secret_expires_at"] == 0
    kept = str(await world.rows("SELECT * FROM oauth_client"))
    assert made["client_id"] in kept
    assert made["client_secret"] not in kept


async def test_a_client_that_registers_twice_is_two_clients(site: Site, world: World) -> None:
    first, second = await site.registered(), await site.registered()
    assert first["client_id"] != second["client_id"]
    assert await clients(world) == 2


async def test_what_real_clients_send_besides_is_no_hindrance(site: Site) -> None:
    made = await site.registered(
        client_uri="https://cursor.example",
        logo_uri="",
        tos_uri="",
        contacts=[],
        scope="openid profile email read:everything",
        token_endpoint_auth_method="private_key_jwt",
        application_type="native",
        software_id="cursor",
        redirect_uris=[
            CALLBACK,
            "http://localhost/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/callback",
        ],
        some_other_member={"a": [1, None]},
    )
    assert made["token_endpoint_auth_method"] == "none"
    assert made["client_uri"] == "https://cursor.example"
    assert len(made["redirect_uris"]) == 4
    assert "some_other_member" not in made


async def test_what_is_no_json_object_is_refused(site: Site, world: World) -> None:
    for body in NOT_METADATA:
        response = await site.send("POST", "/oauth/register", content=body)
        assert told(response) == (400, "invalid_client_metadata"), body[:20]
    assert await clients(world) == 0


async def test_what_the_specification_does_not_allow_is_refused(site: Site, world: World) -> None:
    for name, (metadata, code) in REFUSED.items():
        assert told(await site.register(**metadata)) == (400, code), name
    assert await clients(world) == 0


async def test_a_body_that_is_too_long_is_not_read(site: Site, world: World) -> None:
    response = await site.send("POST", "/oauth/register", content=b" " * 70_000)
    assert told(response) == (413, "invalid_request")
    assert await clients(world) == 0


async def test_a_description_has_only_the_characters_that_it_may_have(site: Site) -> None:
    response = await site.register(redirect_uris=['x"\\é\n:'])
    assert told(response) == (400, "invalid_redirect_uri")
    description = response.json()["error_description"]
    assert description.isascii()
    assert description.isprintable()
    assert not set(description) & {'"', "\\"}


async def test_registrations_from_one_address_are_limited(world: World) -> None:
    async with reception(Attempts()) as people:
        site = site_of(await door(world, people))
        for _ in range(30):
            assert (await site.register()).status_code == 201
        response = await site.register()
        assert told(response) == (429, "too_many_requests")
        assert int(response.headers["retry-after"]) >= 1
        assert await clients(world) == 30
        sent = {"client_name": "Other", "redirect_uris": [CALLBACK]}
        elsewhere = await site.send("POST", "/oauth/register", json=sent, peer="192.0.2.9")
        assert elsewhere.status_code == 201


async def test_all_addresses_of_one_ipv6_subscriber_count_as_one(world: World) -> None:
    async with reception(Attempts()) as people:
        site = site_of(await door(world, people))
        peers = [f"2001:db8:0:{number:x}::1" for number in range(31)] + ["2001:db8:1::1"]
        statuses = [
            (await site.send("POST", "/oauth/register", json=METADATA, peer=peer)).status_code
            for peer in peers
        ]
        assert statuses == [201] * 30 + [429, 201]


async def test_a_method_that_is_no_text_is_one_that_is_not_known(site: Site) -> None:
    for method in (["none"], {"a": 1}, 5):
        made = await site.registered(token_endpoint_auth_method=method)
        assert made["token_endpoint_auth_method"] == "none"


async def test_keys_are_not_made_of_what_a_client_sends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private key without its factors, of 16384 bits, would take nine seconds."""
    made: list[object] = []
    monkeypatch.setattr(KeySet, "import_key_set", made.append)
    long = "AQ" * 1000
    keys = [{"kty": "RSA", "n": long, "e": "AQAB", "d": long[2:]}, {"kty": "quantum"}]
    client = await site.registered(jwks={"keys": keys})
    assert "jwks" not in client
    assert made == []


@settings(
    max_examples=scaled(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(metadata=st.dictionaries(MEMBERS, JSON, max_size=6))
async def test_any_metadata_make_a_client_or_are_refused(
    site: Site, metadata: dict[str, Any]
) -> None:
    sent = json.dumps({"redirect_uris": [CALLBACK], **metadata})
    response = await site.send("POST", "/oauth/register", content=sent)
    if response.status_code != 201:
        status, code = told(response)
        assert (status, code) in {
            (400, "invalid_client_metadata"),
            (400, "invalid_redirect_uri"),
        }


async def test_while_redis_is_away_nobody_registers_and_is_told_so(world: World) -> None:
    async with reception(Attempts(Away())) as people:
        response = await site_of(await door(world, people)).register()
    assert told(response) == (503, "temporarily_unavailable")
    assert int(response.headers["retry-after"]) >= 1
    assert await clients(world) == 0


async def test_a_fault_of_ours_is_told_without_its_insides(
    here: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        message = "secret-insides"
        raise RuntimeError(message)

    monkeypatch.setattr("app.domain.oauth_clients.register", broken)
    response = await site_of(here).register()
    assert told(response) == (500, "server_error")
    assert "secret-insides" not in response.text
    assert response.headers["x-request-id"] in response.text
