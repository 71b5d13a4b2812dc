"""The composition root: settings in, a running platform out. It alone knows everything."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from multiprocessing import parent_process

from litestar.types import ASGIApp

from app.core.attempts import Attempts
from app.core.background import in_background
from app.core.limiter import Limiter
from app.core.log import configure_logging
from app.core.mail import MailQueue, mailer
from app.core.metrics import Metrics
from app.core.passwords import Passwords
from app.core.safe_fetch import SafeFetcher
from app.core.sealed import Sealer
from app.core.settings import DEVELOPMENT_ALIASES, SAMPLE_SLUG, Settings, read_settings
from app.domain.analytics_roll_up import keep_counting
from app.domain.client_documents import ClientDocuments
from app.domain.desk import Desk
from app.domain.housekeeping import keep_house
from app.domain.server_directory import ServerDirectory
from app.domain.upstream import Upstream
from app.graphql.endpoint import GraphqlEndpoint
from app.graphql.schema import build_schema
from app.mcp.endpoint import McpEndpoint
from app.mcp.warm import warm_up
from app.oauth.endpoint import OAuthEndpoint
from app.oauth.plane import Plane
from app.repositories import database
from app.repositories.opening import bring_up_to_date, database_url, pool
from app.web.app import Edge, build_app
from app.web.hosts import Hosts
from app.web.pages import LOGIN_POLICY, connect_page, message_page, page

SAMPLE_SECONDS = 5


def application() -> ASGIApp:
    """The application of this process's environment; what uvicorn calls in every worker."""
    settings = read_settings()
    configure_logging(
        level=settings.log_level, style=settings.log_format, bodies=settings.log_bodies
    )
    return create_app(settings)


def create_app(settings: Settings) -> ASGIApp:
    """The ASGI application; its lifespan holds the database, and everything that runs beside."""
    metrics = Metrics(settings.metrics_folder)
    limiter = Limiter(
        metrics=metrics,
        address_calls_per_minute=settings.address_calls_per_minute,
        redis_url=settings.redis_url.get_secret_value() if settings.redis_url else None,
    )
    directory = ServerDirectory()
    desk = desk_of(settings, limiter)
    endpoint = McpEndpoint(
        directory=directory,
        limiter=limiter,
        metrics=metrics,
        connect_page=connect_page,
        calls_per_minute=settings.calls_per_minute,
        is_production=settings.is_production,
    )
    edge = Edge(
        hosts=hosts_of(settings),
        trusted_proxies=settings.trusted_proxies,
        limiter=limiter,
        metrics=metrics,
        directory=directory,
        mcp=endpoint,
        oauth=OAuthEndpoint(oauth_plane(settings, desk), directory=directory, limiter=limiter),
        graphql=GraphqlEndpoint(
            build_schema(has_introspection=settings.graphql_introspection),
            desk=desk,
            origin=settings.base_url,
        ),
        desk=desk,
        has_graphiql=settings.serves_graphiql,
    )

    return build_app(edge, lifespan=lambda _app: _running(settings, edge))


def desk_of(settings: Settings, limiter: Limiter) -> Desk:
    """The front desk; without an SMTP server its mail goes into a folder of this machine."""
    smtp_url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    outbox = settings.data_folder / "outbox"
    return Desk(
        passwords=Passwords(),
        attempts=Attempts(limiter),
        mail=MailQueue(mailer(smtp_url, sender=settings.mail_from, outbox=outbox)),
        sealer=Sealer(
            settings.secret_key.get_secret_value(),
            *(key.get_secret_value() for key in settings.secret_key_old),
        ),
        fetcher=SafeFetcher(allows_loopback=not settings.is_production),
        base_url=settings.base_url,
    )


def oauth_plane(settings: Settings, desk: Desk) -> Plane:
    """What end users' logins work with; in development also with clients of this machine."""
    loopback = not settings.is_production
    return Plane(
        desk=desk,
        # One fetcher each: what strangers name must not hold up customers' logins.
        documents=ClientDocuments(SafeFetcher(allows_loopback=loopback)),
        upstream=Upstream(SafeFetcher(allows_loopback=loopback)),
        message_page=message_page,
        page=page,
        page_policy=LOGIN_POLICY,
    )


def hosts_of(settings: Settings) -> Hosts:
    """The sites that the settings describe."""
    loopback = () if settings.is_production else DEVELOPMENT_ALIASES
    aliases = {**dict.fromkeys(loopback, SAMPLE_SLUG), **settings.host_aliases}
    return Hosts.below(settings.base_url, aliases=aliases, loopback=loopback)


@asynccontextmanager
async def _running(settings: Settings, edge: Edge) -> AsyncIterator[None]:
    """Everything that runs as long as the application does."""
    async with AsyncExitStack() as stack:
        stack.callback(edge.desk.passwords.close)
        dsn = stack.enter_context(database_url(settings))
        await bring_up_to_date(settings, dsn)
        await stack.enter_async_context(pool(settings, dsn))
        await stack.enter_async_context(edge.limiter.running())
        await stack.enter_async_context(in_background(edge.directory.follow(dsn)))
        await stack.enter_async_context(edge.desk.mail.running())
        await stack.enter_async_context(in_background(keep_house()))
        await stack.enter_async_context(in_background(keep_counting()))
        await warm_up()
        await stack.enter_async_context(in_background(_sample(edge.metrics, edge.directory)))
        await stack.enter_async_context(in_background(_leave_with_the_supervisor()))
        yield


async def _sample(metrics: Metrics, directory: ServerDirectory) -> None:
    """Copy into the metrics what others count for themselves."""
    hits = misses = 0
    while True:
        idle, busy = database.connections()
        metrics.pool_connections.labels("idle").set(idle)
        metrics.pool_connections.labels("busy").set(busy)
        metrics.configuration_lookups.labels("hit").inc(directory.hits - hits)
        metrics.configuration_lookups.labels("miss").inc(directory.misses - misses)
        hits, misses = directory.hits, directory.misses
        await asyncio.sleep(SAMPLE_SECONDS)


async def _leave_with_the_supervisor() -> None:
    """End this worker when its supervisor was killed: it would hold the port, led by nobody."""
    supervisor = parent_process()
    if supervisor is None:
        return
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(supervisor.sentinel, gone.set)  # a pipe, whose other end closes with it
    try:
        await gone.wait()
    finally:
        loop.remove_reader(supervisor.sentinel)
    signal.raise_signal(signal.SIGTERM)
