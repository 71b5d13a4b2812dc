"""The web application: the MCP plane in front, everything else on Litestar."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final, Protocol

from litestar import Litestar, MediaType, Response, get
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from app.core.errors import ProductError
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.domain.desk import Desk
from app.domain.server_directory import ServerDirectory
from app.mcp.address import McpAddress
from app.oauth.address import OAuthAddress
from app.web import health
from app.web.errors import (
    Refusal,
    http_error_response,
    internal_error_response,
    product_error_response,
)
from app.web.graphiql import asks_for_page
from app.web.hosts import (
    GRAPHQL_PATH,
    HEALTH_PATH,
    MCP_PREFIX,
    BadHost,
    Base,
    Hosts,
    McpPath,
    Site,
    Vhost,
    arrival,
    is_sse_path,
    mcp_path,
)
from app.web.member_pages import member_pages
from app.web.middleware import ALIAS, Frame
from app.web.pages import connect_page, landing_page, message_page
from app.web.sites import SiteHere, provide_site, set_site

# Probes and scrapers come to an address and not to a host name; no server's site has these paths.
OPERATIONS_PATHS: Final = frozenset({"/live", "/ready", "/metrics"})
_UNCOUNTED_PATHS: Final = OPERATIONS_PATHS | {HEALTH_PATH, "/"}


class McpPlane(Protocol):
    """The MCP endpoint, as the edge hands requests over to it."""

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, *, address: McpAddress
    ) -> None:
        """Answer one HTTP request to an MCP address."""


class OAuthPlane(Protocol):
    """End users' login, as the edge hands requests over to it."""

    def serves(self, path: str) -> bool:
        """Whether a server's site has something for logins at this path."""

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, *, address: OAuthAddress
    ) -> None:
        """Answer one HTTP request to a path that is served."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What the web application is made of."""

    hosts: Hosts
    trusted_proxies: Sequence[IPv4Network | IPv6Network]
    limiter: Limiter
    metrics: Metrics
    directory: ServerDirectory
    mcp: McpPlane
    oauth: OAuthPlane
    graphql: ASGIApp
    desk: Desk
    has_graphiql: bool = False


def build_app(
    edge: Edge, *, lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]
) -> ASGIApp:
    """The ASGI application that serves every site of the platform while `lifespan` lasts."""
    litestar = Litestar(
        [
            health.live,
            health.ready,
            health.health,
            health.metrics,
            front_page,
            member_pages(edge.hosts, has_graphiql=edge.has_graphiql),
        ],
        dependencies={
            "desk": Provide(lambda: edge.desk, sync_to_thread=False),
            "directory": Provide(lambda: edge.directory, sync_to_thread=False),
            "limiter": Provide(lambda: edge.limiter, sync_to_thread=False),
            "metrics": Provide(lambda: edge.metrics, sync_to_thread=False),
            "hosts": Provide(lambda: edge.hosts, sync_to_thread=False),
            "has_graphiql": Provide(lambda: edge.has_graphiql, sync_to_thread=False),
            "site": Provide(provide_site, sync_to_thread=False),
        },
        exception_handlers={
            ProductError: product_error_response,
            HTTPException: http_error_response,
            Exception: internal_error_response,
        },
        lifespan=[lifespan],
        logging_config=None,
        openapi_config=None,
    )
    front = Front(edge, rest=litestar)
    return Frame(front, metrics=edge.metrics, is_secure=edge.hosts.scheme == "https")


class Front:
    """Tells sites apart and takes MCP requests before Litestar sees them.

    Litestar's mount would cost an MCP call 6 µs more (1.3 against 7.1 on one core).
    """

    def __init__(self, edge: Edge, *, rest: ASGIApp) -> None:
        self._edge = edge
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or hand it to the MCP plane or to Litestar."""
        if scope["type"] != ScopeType.HTTP:
            await self._rest(scope, receive, send)
            return
        edge = self._edge
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        peer = scope["client"][0] if scope["client"] else ""
        come = arrival(scope["headers"], peer, edge.trusted_proxies)
        target = mcp_path(path)
        is_login = edge.oauth.serves(path)
        is_servers = target is not None or is_login
        site = edge.hosts.site(come.host, is_mcp=is_servers, scheme=come.scheme)
        if isinstance(site, Vhost) and site.is_alias:
            scope.setdefault("state", {})[ALIAS] = True
        refusal = _misdirected(path, target, site)
        is_graphql = path == GRAPHQL_PATH and isinstance(site, Base)
        if refusal is None and not is_servers and _is_counted(path, site):
            refusal = self._over_limit(come.client_address)  # a server's planes ask themselves
        if refusal is not None:
            await refusal.send(send, path=path)
        elif target is not None and isinstance(site, Vhost):
            address = McpAddress(
                slug=site.slug,
                tracking_id=target.tracking_id,
                client_address=come.client_address,
                url=f"{site.origin}{path}",
            )
            await edge.mcp(scope, receive, send, address=address)
        elif is_login and isinstance(site, Vhost):
            login = OAuthAddress(site.slug, site.origin, path, come.client_address)
            await edge.oauth(scope, receive, send, address=login)
        else:
            set_site(scope, site, host=come.host)
            scope["client"] = (come.client_address, 0)
            is_page = edge.has_graphiql and is_graphql and asks_for_page(scope)
            await (edge.graphql if is_graphql and not is_page else self._rest)(scope, receive, send)

    def _over_limit(self, client_address: str) -> Refusal | None:
        wait = self._edge.limiter.hit_address(client_address)
        if not wait:
            return None
        message = f"Too many requests from this address. Try again in {wait} seconds."
        return Refusal(429, "too_many", message, retry_after_seconds=wait)


def _misdirected(path: str, target: McpPath | None, site: Site) -> Refusal | None:
    """Why nothing can be at this path of this site, if nothing can."""
    if path in OPERATIONS_PATHS and not isinstance(site, Vhost):
        return None
    if isinstance(site, BadHost):
        return Refusal(400, "bad_host", site.reason)
    if target is None:
        return _nothing_there(path, site)
    if isinstance(site, Base):
        message = (
            "MCP is served on a server's own subdomain, not on this host: "
            "put the server's slug and a dot before the host name."
        )
        return Refusal(400, "subdomain_required", message)
    if not target.is_valid:
        message = (
            "A tracking id has 1 to 128 of the characters A-Z a-z 0-9 . _ ~ @ : + - "
            "and is none of the words mcp, sse and health."
        )
        return Refusal(400, "invalid_tracking_id", message)
    return None


def _is_counted(path: str, site: Site) -> bool:
    """Whether the request counts towards what one client address may send."""
    return isinstance(site, Vhost) or path not in _UNCOUNTED_PATHS


def _nothing_there(path: str, site: Site) -> Refusal | None:
    if is_sse_path(path):
        message = "The SSE transport is not served: use Streamable HTTP at the path ending in /mcp."
        return Refusal(404, "not_found", message)
    if path.startswith(MCP_PREFIX) and path != HEALTH_PATH:
        message = "There is nothing at this path: an MCP address ends in /mcp."
        return Refusal(404, "not_found", message)
    if path in OPERATIONS_PATHS and isinstance(site, Vhost):
        return Refusal(404, "not_found", f"There is nothing at {path}.")
    return None


@get("/", media_type=MediaType.HTML)
async def front_page(
    site: SiteHere, hosts: NamedDependency[Hosts], directory: NamedDependency[ServerDirectory]
) -> Response[str]:
    """What this site is; on a server's, how to connect to the server."""
    headers = {"cache-control": "no-store"}
    if not isinstance(site, Vhost):
        example = f"{hosts.scheme}://your-server.{hosts.authority}{MCP_PREFIX}mcp"
        return Response(landing_page(example), headers=headers)
    config = await directory.by_slug(site.slug)
    if config is None:
        page = message_page("No server here", "There is no MCP server at this address.")
        return Response(page, status_code=404, headers=headers)
    page = connect_page(
        config.name, f"{site.origin}{MCP_PREFIX}mcp", asks_login=config.auth_type.is_oauth
    )
    return Response(page, headers=headers)
