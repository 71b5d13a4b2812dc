"""Which requests the edge refuses, and whom it hands the others to."""

import pytest

from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.web.hosts import Hosts
from tests.support.edge import ask, edge
from tests.support.world import World

SERVER = "http://acme-docs.localhost:8000"


async def test_an_mcp_request_goes_to_the_plane_with_its_address() -> None:
    response = await ask(edge(), f"{SERVER}/api/mcpserver/user-1/mcp", method="POST")
    assert response.json() == {
        "slug": "acme-docs",
        "tracking_id": "user-1",
        "client_address": "192.0.2.7",
        "url": f"{SERVER}/api/mcpserver/user-1/mcp",
    }


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_every_method_is_the_planes_to_judge(method: str) -> None:
    response = await ask(edge(), f"{SERVER}/api/mcpserver/mcp", method=method)
    assert response.status_code == 200


async def test_in_development_this_machines_address_leads_to_the_sample_server() -> None:
    response = await ask(edge(), "http://127.0.0.1:8000/api/mcpserver/mcp", method="POST")
    assert (response.json()["slug"], response.json()["url"]) == (
        "sample-tool",
        "http://127.0.0.1:8000/api/mcpserver/mcp",
    )


async def test_an_encoded_tracking_id_is_decoded_once() -> None:
    response = await ask(edge(), f"{SERVER}/api/mcpserver/bob%40corp.example/mcp", method="POST")
    assert response.json()["tracking_id"] == "bob@corp.example"


async def test_a_trusted_proxy_names_host_and_client() -> None:
    headers = {
        "host": "inner",
        "x-forwarded-host": "acme-docs.localhost",
        "x-forwarded-for": "203.0.113.9",
    }
    url = "http://inner/api/mcpserver/mcp"
    believed = await ask(edge(), url, method="POST", headers=headers, peer="10.0.0.1")
    assert (believed.json()["slug"], believed.json()["client_address"]) == (
        "acme-docs",
        "203.0.113.9",
    )
    ignored = await ask(edge(), url, method="POST", headers=headers)
    assert ignored.status_code == 400


BASE_ONLY = Hosts.below("https://mcp.example.com", aliases={})


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("https://mcp.example.com/api/mcpserver/mcp", 400, "subdomain_required"),
        ("https://mcp.example.com/api/mcpserver/user-1/mcp", 400, "subdomain_required"),
        ("https://a.b.mcp.example.com/api/mcpserver/mcp", 400, "bad_host"),
        ("https://evil.example/api/mcpserver/mcp", 400, "bad_host"),
        ("https://127.0.0.1/api/mcpserver/mcp", 400, "bad_host"),
        ("https://acme-docs.mcp.example.com/api/mcpserver/sse", 404, "not_found"),
        ("https://acme-docs.mcp.example.com/api/mcpserver/user-1/sse", 404, "not_found"),
        ("https://mcp.example.com/api/mcpserver/sse", 404, "not_found"),
        ("https://acme-docs.mcp.example.com/api/mcpserver/a/b/mcp", 404, "not_found"),
        ("https://acme-docs.mcp.example.com/api/mcpserver/a%2Fb/mcp", 400, "invalid_tracking_id"),
        ("https://acme-docs.mcp.example.com/api/mcpserver/mcp/mcp", 400, "invalid_tracking_id"),
        ("https://acme-docs.mcp.example.com/api/mcpserver//mcp", 400, "invalid_tracking_id"),
    ],
)
async def test_a_misdirected_mcp_request_is_refused_in_the_clients_own_terms(
    url: str, status: int, code: str
) -> None:
    response = await ask(edge(hosts=BASE_ONLY), url, method="POST")
    body = response.json()
    assert response.status_code == status
    assert (body["jsonrpc"], body["id"]) == ("2.0", None)
    assert body["error"]["code"] == -32600
    assert body["error"]["data"] == {"code": code}


async def test_on_the_base_host_the_client_is_told_of_the_subdomain() -> None:
    url = "https://mcp.example.com/api/mcpserver/mcp"
    response = await ask(edge(hosts=BASE_ONLY), url, method="POST")
    assert "server's own subdomain" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("http://localhost:8000/nothing", 404, "not_found"),
        (f"{SERVER}/nothing", 404, "not_found"),
        ("http://localhost:8000/api/mcpserver", 404, "not_found"),
        ("http://evil.example/", 400, "bad_host"),
        ("http://evil.example/api", 400, "bad_host"),
        (f"{SERVER}/metrics", 404, "not_found"),
        (f"{SERVER}/live", 404, "not_found"),
    ],
)
async def test_everything_else_is_refused_as_plain_json(url: str, status: int, code: str) -> None:
    response = await ask(edge(), url)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["message"].endswith(".")


async def test_a_method_that_a_path_does_not_have_is_405_with_those_that_it_has() -> None:
    response = await ask(edge(), "http://localhost:8000/live", method="POST")
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "GET, OPTIONS"


async def test_the_base_host_says_what_it_is() -> None:
    response = await ask(edge(), "http://localhost:8000/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "http://your-server.localhost:8000/api/mcpserver/mcp" in response.text


async def test_a_servers_site_tells_how_to_connect(world: World) -> None:
    await world.change_server(name="Acme <Docs>")
    response = await ask(edge(), f"{SERVER}/")
    assert response.status_code == 200
    assert "Connect your agent to Acme &lt;Docs&gt;" in response.text
    assert f"{SERVER}/api/mcpserver/mcp" in response.text
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


async def test_a_site_without_a_server_says_so(database: str) -> None:
    response = await ask(edge(), "http://nobody-here.localhost:8000/")
    assert response.status_code == 404
    assert "There is no MCP server at this address." in response.text


async def test_a_servers_site_counts_towards_the_address_limit(database: str) -> None:
    metrics = Metrics()
    limiter = Limiter(metrics=metrics, address_calls_per_minute=1)
    app = edge(metrics=metrics, limiter=limiter)
    await ask(app, f"{SERVER}/")
    response = await ask(app, f"{SERVER}/")
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 120
    assert response.json()["error"]["code"] == "too_many"


async def test_over_the_limit_graphql_clients_read_an_error_of_their_own_kind() -> None:
    metrics = Metrics()
    limiter = Limiter(metrics=metrics, address_calls_per_minute=1)
    app = edge(metrics=metrics, limiter=limiter)
    await ask(app, "http://localhost:8000/graphql", method="POST")
    response = await ask(app, "http://localhost:8000/graphql", method="POST")
    assert response.status_code == 429
    (error,) = response.json()["errors"]
    assert error["extensions"] == {
        "code": "TOO_MANY",
        "retryAfterSeconds": int(response.headers["retry-after"]),
    }
