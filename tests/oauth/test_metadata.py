"""What clients read first: RFC 9728, RFC 8414, OpenID Connect Discovery."""

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oauth2.rfc9207 import AuthorizationServerMetadata as IssuerParameterMetadata
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.core.settings import SAMPLE_SLUG
from app.oauth import metadata
from app.oauth.resource import is_mcp_path
from app.web.hosts import Hosts, mcp_path
from tests.support.logins import Door
from tests.support.oauth_site import ORIGIN, Site, site_of
from tests.support.world import World, make_world

RESOURCE = "/.well-known/oauth-protected-resource"
SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
MCP = "/api/mcpserver/mcp"


@pytest.mark.parametrize("path", ["", MCP, "/api/mcpserver/user-1/mcp", "/api/mcpserver/a%40b/mcp"])
async def test_the_resource_is_the_very_address_that_was_asked_about(site: Site, path: str) -> None:
    response = await site.get(f"{RESOURCE}{path}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.json() == {
        "resource": f"{ORIGIN}{path}",
        "authorization_servers": [ORIGIN],
        "scopes_supported": ["openid", "profile", "email"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Acme Docs",
    }
    ProtectedResourceMetadata.model_validate(response.json())


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/api/mcpserver/health",
        "/api/mcpserver/sse/mcp",
        f"{MCP}/x",
        f"{MCP}/",
        "/api/mcpserver//mcp",
    ],
)
async def test_there_is_no_metadata_of_what_is_no_mcp_address(site: Site, path: str) -> None:
    response = await site.get(f"{RESOURCE}{path}")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


async def test_the_authorization_server_tells_what_it_does(site: Site) -> None:
    response = await site.get(SERVER)
    assert response.status_code == 200
    methods = ["none", "client_secret_basic", "client_secret_post"]
    assert response.json() == {
        "issuer": ORIGIN,
        "authorization_endpoint": f"{ORIGIN}/oauth/authorize",
        "token_endpoint": f"{ORIGIN}/oauth/token",
        "registration_endpoint": f"{ORIGIN}/oauth/register",
        "revocation_endpoint": f"{ORIGIN}/oauth/revoke",
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }
    OAuthMetadata.model_validate(response.json())


def test_the_metadata_keep_the_rules_of_rfc_8414() -> None:
    issuer = "https://acme-docs.mcplatform.example"
    document = metadata.document_of(issuer)
    AuthorizationServerMetadata(document).validate(metadata_classes=[IssuerParameterMetadata])
    assert get_well_known_url(issuer) == SERVER


async def test_the_openid_address_tells_the_same_and_what_such_clients_ask_for(site: Site) -> None:
    told, besides = (await site.get(SERVER)).json(), (await site.get(OPENID)).json()
    assert besides == told | {
        "jwks_uri": f"{ORIGIN}/oauth/jwks",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    assert (await site.get("/oauth/jwks")).json() == {"keys": []}


async def test_every_address_that_the_metadata_name_is_served(site: Site) -> None:
    told = (await site.get(OPENID)).json()
    for name, url in told.items():
        if name.endswith(("_endpoint", "_uri")) and name != "authorization_endpoint":
            method = "GET" if name == "jwks_uri" else "POST"
            assert (await site.send(method, url)).status_code in {200, 400, 401}


async def test_each_server_is_an_issuer_of_its_own(site: Site, world: World) -> None:
    other = await make_world(world.owner, slug="other-docs")
    await other.change_server(auth_type="custom_oauth")
    origin = "http://other-docs.localhost:8000"
    assert (await site.get(SERVER, origin=origin)).json()["issuer"] == origin
    assert (await site.get(f"{RESOURCE}{MCP}", origin=origin)).json()["authorization_servers"] == [
        origin
    ]


async def test_an_alias_of_a_server_is_an_issuer_too(site: Site, world: World) -> None:
    await world.owner.execute("UPDATE server SET slug = $1", SAMPLE_SLUG)
    origin = "http://127.0.0.1:8000"
    told = (await site.get(f"{RESOURCE}{MCP}", origin=origin)).json()
    assert (told["resource"], told["authorization_servers"]) == (f"{origin}{MCP}", [origin])
    assert (await site.get(SERVER, origin=origin)).json()["issuer"] == origin


@pytest.mark.parametrize("path", [RESOURCE, f"{RESOURCE}{MCP}", SERVER, OPENID])
@pytest.mark.parametrize(
    ("own", "host"),
    [
        ("docs.acme.test", b"docs.acme.test:1337"),
        ("docs.acme.test", b"docs.acme.test:"),
        ("docs.acme.test", b"docs.acme.test."),
        ("docs.acme.test", b"DOCS.acme.test"),
        ("acme-docs.localhost", b"acme-docs.localhost:1337"),
        ("acme-docs.localhost", b"acme-docs.localhost."),
        ("acme-docs.localhost", b"ACME-docs.localhost:"),
    ],
)
async def test_no_host_header_has_a_say_in_what_caches_keep(
    here: Door, path: str, own: str, host: bytes
) -> None:
    hosts = Hosts.below("http://localhost:8000", aliases={"docs.acme.test": "acme-docs"})
    site = site_of(here, hosts=hosts)
    plain = await site.get(path, origin=f"http://{own}:8000")
    told = await site.get(path, headers=[(b"host", host), (b"x-forwarded-proto", b"https")])
    assert (plain.status_code, told.status_code) == (200, 200)
    assert f"http://{own}:8000" in plain.text
    assert told.content == plain.content
    proxied = [(b"host", host), (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", host)]
    assert (await site.get(path, headers=proxied, peer="10.0.0.1")).content == plain.content


@pytest.mark.parametrize("auth_type", ["none", "collect_email"])
@pytest.mark.parametrize("path", [RESOURCE, f"{RESOURCE}{MCP}", SERVER, OPENID, "/oauth/jwks"])
async def test_a_server_without_logins_has_no_metadata(
    site: Site, world: World, auth_type: str, path: str
) -> None:
    await world.change_server(auth_type=auth_type)
    response = await site.get(path)
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/oauth/register", "/oauth/token", "/oauth/revoke"])
async def test_a_server_without_logins_has_nothing_to_send_to(
    site: Site, world: World, path: str
) -> None:
    await world.change_server(auth_type="none")
    assert (await site.send("POST", path)).status_code == 404


@pytest.mark.parametrize("origin", ["http://nowhere.localhost:8000", "http://localhost:8000"])
async def test_where_no_server_is_there_are_no_metadata(site: Site, origin: str) -> None:
    assert (await site.get(SERVER, origin=origin)).status_code == 404


async def test_a_host_that_is_none_of_ours_is_refused(site: Site) -> None:
    assert (await site.get(SERVER, origin="http://evil.example")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", SERVER, "GET"), ("GET", "/oauth/token", "POST"), ("PUT", "/oauth/register", "POST")],
)
async def test_another_method_is_told_which_one_is_right(
    site: Site, method: str, path: str, allowed: str
) -> None:
    response = await site.send(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert response.json()["error"] == "method_not_allowed"


async def test_a_head_has_no_body_and_begins_no_login(site: Site) -> None:
    response = await site.send("HEAD", SERVER)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0
    assert (await site.send("HEAD", "/oauth/authorize")).status_code == 405


# Scripts of other sites


@pytest.mark.parametrize("path", [RESOURCE, SERVER, OPENID, "/oauth/jwks"])
async def test_a_script_of_any_page_may_read_metadata(site: Site, path: str) -> None:
    response = await site.get(path, headers={"origin": "https://app.example"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", ["/oauth/register", "/oauth/token", "/oauth/revoke"])
async def test_a_script_of_any_page_may_be_a_client(site: Site, path: str) -> None:
    asking = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, mcp-protocol-version",
    }
    allowed = await site.send("OPTIONS", path, headers=asking)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert allowed.headers["access-control-allow-methods"] == "POST"
    assert {"content-type", "mcp-protocol-version", "authorization"} <= set(
        allowed.headers["access-control-allow-headers"].split(", ")
    )
    refused = await site.send("POST", path, headers={"origin": "https://app.example"})
    assert refused.status_code == 400
    assert refused.headers["access-control-allow-origin"] == "*"
    for response in (allowed, refused):
        assert "access-control-allow-credentials" not in response.headers


# Limits and faults


async def test_an_address_that_asks_too_often_is_told_when_to_come_back(here: Door) -> None:
    site = site_of(here, limiter=Limiter(metrics=Metrics(), address_calls_per_minute=2))
    for _ in range(2):
        assert (await site.get(SERVER)).status_code == 200
    response = await site.get(SERVER)
    assert (response.status_code, response.json()["error"]) == (429, "too_many_requests")
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["access-control-allow-origin"] == "*"
    assert (await site.get(SERVER, peer="192.0.2.8")).status_code == 200


async def test_both_planes_know_the_same_mcp_addresses() -> None:
    names = [
        "",
        "mcp",
        "sse",
        "health",
        "mcpx",
        "x",
        "a%40b",
        "a@b.c",
        "x/y",
        "x" * 128,
        "%zz",
        "é",
    ]
    paths = [f"/api/mcpserver/{name}/mcp" for name in names]
    paths += [MCP, "/api/mcpserver/health", "/api/mcpserver/", "/mcp"]
    for path in paths:
        known = mcp_path(path)
        assert is_mcp_path(path) is (known is not None and known.is_valid), path
