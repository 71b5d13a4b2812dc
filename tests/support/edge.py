"""The web application in this process, with a stand-in for the MCP plane where a test wants one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import httpx
import msgspec
from litestar import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send

from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.core.safe_fetch import SafeFetcher
from app.core.settings import DEVELOPMENT_ALIASES, SAMPLE_SLUG
from app.domain.client_documents import ClientDocuments
from app.domain.desk import Desk
from app.domain.server_directory import ServerDirectory
from app.domain.upstream import Upstream
from app.graphql.endpoint import GraphqlEndpoint
from app.graphql.schema import build_schema
from app.mcp.address import McpAddress
from app.oauth.endpoint import OAuthEndpoint
from app.oauth.plane import Plane
from app.web.app import Edge, build_app
from app.web.hosts import Hosts
from app.web.pages import LOGIN_POLICY, message_page, page
from tests.support.people import Postbox, new_desk

HOSTS = Hosts.below(
    "http://localhost:8000",
    aliases=dict.fromkeys(DEVELOPMENT_ALIASES, SAMPLE_SLUG),
    loopback=DEVELOPMENT_ALIASES,
)


async def told_address(
    _scope: Scope, _receive: Receive, send: Send, *, address: McpAddress
) -> None:
    """An MCP plane that answers with the address that it was given."""
    body = msgspec.json.encode(address)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def edge(**changes: Any) -> ASGIApp:
    """The application at http://localhost:8000, in development, behind proxies in 10.0.0.0/8."""
    metrics = changes.pop("metrics", None) or Metrics()
    desk = changes.pop("desk", None) or new_desk(Postbox())
    limiter = changes.pop("limiter", None) or Limiter(
        metrics=metrics, address_calls_per_minute=1000
    )
    directory = changes.pop("directory", None) or ServerDirectory()
    parts: dict[str, Any] = {
        "hosts": HOSTS,
        "trusted_proxies": (ip_network("10.0.0.0/8"),),
        "limiter": limiter,
        "metrics": metrics,
        "directory": directory,
        "mcp": told_address,
        "oauth": OAuthEndpoint(oauth_plane(desk), directory=directory, limiter=limiter),
        "graphql": GraphqlEndpoint(build_schema(), desk=desk, origin="http://localhost:8000"),
        "desk": desk,
    }
    return build_app(Edge(**{**parts, **changes}), lifespan=_nothing)


def oauth_plane(desk: Desk, fetcher: SafeFetcher | None = None) -> Plane:
    """What logins work with, in development."""
    safe = fetcher or SafeFetcher(allows_loopback=True)
    return Plane(
        desk=desk,
        documents=ClientDocuments(safe),
        upstream=Upstream(safe),
        message_page=message_page,
        page=page,
        page_policy=LOGIN_POLICY,
    )


@asynccontextmanager
async def _nothing(_app: Litestar) -> AsyncIterator[None]:
    yield


async def ask(
    app: ASGIApp,
    url: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    peer: str = "192.0.2.7",
    content: bytes | AsyncIterator[bytes] | None = None,
) -> httpx.Response:
    """The answer to one request, whose Host header is the URL's unless `headers` has one."""
    transport = httpx.ASGITransport(app=app, client=(peer, 50000), raise_app_exceptions=False)  # type: ignore[arg-type]  # the same interface, typed apart
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.request(method, url, headers=headers, content=content)
