"""Ids, headers and log lines around every request, and the last door for errors."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar.types import Receive, Scope, Send
from structlog.testing import capture_logs
from typing_extensions import override

from app.core.log import note
from app.core.metrics import Metrics
from app.domain.server_directory import ServerDirectory
from app.mcp.address import McpAddress
from app.web import middleware
from app.web.hosts import Hosts
from tests.support.agent import endpoint
from tests.support.edge import ask, edge
from tests.support.world import World

VHOST = "http://acme-docs.localhost:8000"
MCP = f"{VHOST}/api/mcpserver/mcp"
LIVE = "http://localhost:8000/live"


async def broken_plane(
    _scope: Scope, _receive: Receive, _send: Send, *, address: McpAddress
) -> None:
    raise RuntimeError(f"the password of {address.slug} is hunter2")


async def half_plane(_scope: Scope, _receive: Receive, send: Send, *, address: McpAddress) -> None:
    del address
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("too late")


async def noting_plane(
    _scope: Scope, _receive: Receive, send: Send, *, address: McpAddress
) -> None:
    note(tool="get_support", outcome="ok", server=address.slug)
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b"four", "more_body": False})


class BrokenDirectory(ServerDirectory):
    """Fails as no database does."""

    @override
    async def server_count(self) -> int:
        raise RuntimeError("hunter2")


async def test_every_answer_has_a_request_id_of_its_own() -> None:
    app = edge()
    ids = [(await ask(app, LIVE)).headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"req_[a-z2-7]{16}", one) for one in ids)


async def test_a_sane_request_id_is_kept() -> None:
    response = await ask(edge(), LIVE, headers={"x-request-id": "trace-1234:abc"})
    assert response.headers["x-request-id"] == "trace-1234:abc"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", "new\tline-1234", "<script>"])
async def test_any_other_is_replaced(given: str) -> None:
    response = await ask(edge(), LIVE, headers={"x-request-id": given})
    assert response.headers["x-request-id"].startswith("req_")


async def test_every_answer_has_the_security_headers_once() -> None:
    response = await ask(edge(), MCP, method="POST")
    for name in ("x-content-type-options", "referrer-policy", "content-security-policy"):
        assert len(response.headers.get_list(name)) == 1
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in response.headers


async def test_where_the_public_comes_by_https_it_must_keep_to_it() -> None:
    app = edge(hosts=Hosts.below("https://mcp.example.com", aliases={}))
    for origin in ("https://mcp.example.com", "https://acme-docs.mcp.example.com"):
        for path in ("/", "/live", "/graphql", "/api/mcpserver/mcp", "/oauth/authorize"):
            response = await ask(app, f"{origin}{path}")
            told = response.headers["strict-transport-security"]
            assert told == "max-age=31536000; includeSubDomains"  # hosts below could set cookies


async def test_what_is_below_an_alias_is_not_ours_to_bind() -> None:
    aliases = {"docs.acme.test": "acme-docs"}
    app = edge(hosts=Hosts.below("https://mcp.example.com", aliases=aliases))
    for path in ("/", "/api/mcpserver/mcp", "/nothing"):
        response = await ask(app, f"https://docs.acme.test{path}")
        assert response.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_request_is_one_line_with_what_its_plane_noted() -> None:
    with capture_logs() as logs:
        await ask(edge(mcp=noting_plane), MCP, method="POST")
    (line,) = logs
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request completed",
        "log_level": "info",
        "method": "POST",
        "path": "/api/mcpserver/mcp",
        "status": 202,
        "response_bytes": 4,
        "tool": "get_support",
        "outcome": "ok",
        "server": "acme-docs",
    }


async def test_a_tracking_id_stays_out_of_the_log() -> None:
    with capture_logs() as logs:
        for path in ("bob@corp.example/mcp", "bob@corp.example/sse", "bob%40corp.example/x/mcp"):
            await ask(edge(), f"http://acme-docs.localhost/api/mcpserver/{path}", method="POST")
    assert "corp.example" not in str(logs)
    assert [line["path"] for line in logs] == [
        "/api/mcpserver/{id}/mcp",
        "/api/mcpserver/…",
        "/api/mcpserver/…",
    ]


async def test_probes_are_logged_at_debug_only() -> None:
    with capture_logs() as logs:
        await ask(edge(), LIVE)
    assert [line["log_level"] for line in logs] == ["debug"]


async def test_an_unexpected_error_tells_the_client_its_request_id_and_nothing_else() -> None:
    with capture_logs() as logs:
        response = await ask(edge(mcp=broken_plane), MCP, method="POST")
    assert response.status_code == 500
    request_id = response.headers["x-request-id"]
    assert response.json() == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {
            "code": -32603,
            "message": (
                f"Something went wrong on our side. If it lasts, report request {request_id}."
            ),
            "data": {"code": "internal_error"},
        },
    }
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("request failed", "error"),
        ("request completed", "info"),
    ]
    assert isinstance(logs[0]["exc_info"], RuntimeError)


async def test_an_unexpected_error_behind_litestar_reads_the_same() -> None:
    with capture_logs() as logs:
        response = await ask(edge(directory=BrokenDirectory()), "http://localhost:8000/ready")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert response.headers["x-request-id"] in response.json()["error"]["message"]
    assert "hunter2" not in response.text
    assert logs[0]["event"] == "request failed"


async def test_an_error_after_the_first_byte_is_logged_and_not_answered_twice() -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/mcpserver/mcp",
        "headers": [(b"host", b"acme-docs.localhost")],
        "client": None,
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with capture_logs() as logs:
        await edge(mcp=half_plane)(scope, None, send)  # type: ignore[arg-type]  # all it reads
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert [line["event"] for line in logs] == ["request failed", "request completed"]


async def test_requests_are_counted_by_plane_and_status() -> None:
    metrics = Metrics()
    app = edge(metrics=metrics)
    await ask(app, MCP, method="POST")
    await ask(app, "http://localhost:8000/api/mcpserver/x/sse")
    await ask(app, LIVE)
    await ask(app, "http://localhost:8000/graphql")
    text = metrics.exposition().decode()
    for plane, status in (("mcp", 200), ("mcp", 404), ("web", 200), ("graphql", 405)):
        assert f'mcplatform_requests_total{{plane="{plane}",status="{status}"}} 1.0' in text


@pytest.mark.parametrize(
    ("url", "content_type"),
    [
        (f"{VHOST}/api/mcpserver/mcp", "application/json"),
        (f"{VHOST}/oauth/token", "application/x-www-form-urlencoded"),
        ("http://localhost:8000/graphql", "application/json"),
        ("http://localhost:8000/sign-in", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_does_not_come_is_not_waited_for_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str, content_type: str
) -> None:
    await world.change_server(auth_type="platform_oauth")
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.2)
    directory = ServerDirectory()
    app = edge(directory=directory, mcp=endpoint(directory=directory))
    never = asyncio.Event()

    async def half_a_body() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    headers = {"content-type": content_type, "origin": "http://localhost:8000"}
    if VHOST in url:
        headers = {"content-type": content_type, "authorization": "Bearer some-token"}
    response = await ask(app, url, method="POST", content=half_a_body(), headers=headers)
    assert 400 <= response.status_code < 500
    assert response.headers["connection"] == "close"
    never.set()
    answered = await ask(app, url, method="POST", content=b"{}", headers=headers)
    assert "connection" not in answered.headers
