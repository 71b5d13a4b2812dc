"""Whether the process lives, is ready, and how the things it stands on are."""

import asyncio

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from app.core.errors import Unavailable
from app.core.limiter import Limiter
from app.core.metrics import CONTENT_TYPE, Metrics
from app.domain.server_directory import ServerDirectory
from app.web.hosts import Base
from app.web.sites import SiteHere

DATABASE_TIMEOUT_SECONDS = 2
_OK = 200
_UNAVAILABLE = 503
_NO_STORE = {"cache-control": "no-store"}


class Checks(msgspec.Struct, omit_defaults=True):
    """The state of each thing that the process stands on."""

    database: str
    redis: str
    registeredServers: int | None = None  # noqa: N815 - the wire's spelling


class Health(msgspec.Struct):
    """healthy; degraded while Redis is away; unhealthy without the database."""

    status: str
    checks: Checks


@get("/live", sync_to_thread=False)
def live() -> Response[dict[str, str]]:
    """Answer, which is all that there is to say."""
    return Response({"status": "live"}, headers=_NO_STORE)


@get("/ready")
async def ready(directory: NamedDependency[ServerDirectory]) -> Response[dict[str, str]]:
    """200 when calls can be served: the database answers."""
    if await _server_count(directory) is None:
        return Response(
            {"status": "not ready", "reason": "The database does not answer."},
            status_code=_UNAVAILABLE,
            headers={**_NO_STORE, "retry-after": "5"},
        )
    return Response({"status": "ready"}, headers=_NO_STORE)


@get("/api/mcpserver/health")
async def health(
    directory: NamedDependency[ServerDirectory],
    limiter: NamedDependency[Limiter],
    site: SiteHere,
) -> Response[Health]:
    """How database and Redis are; on the platform's own host, how many servers there are too."""
    count = await _server_count(directory)
    redis = await _redis(limiter)
    status = "degraded" if redis == "disconnected" else "healthy"
    if count is None:
        status = "unhealthy"
    checks = Checks(
        database="disconnected" if count is None else "connected",
        redis=redis,
        registeredServers=count if isinstance(site, Base) else None,
    )
    return Response(
        Health(status, checks),
        status_code=_UNAVAILABLE if count is None else _OK,
        headers=_NO_STORE,
    )


@get("/metrics", sync_to_thread=False)
def metrics(metrics: NamedDependency[Metrics]) -> Response[bytes]:
    """The counts of this process, or of all workers, for Prometheus."""
    return Response(metrics.exposition(), media_type=CONTENT_TYPE, headers=_NO_STORE)


async def _server_count(directory: ServerDirectory) -> int | None:
    """How many servers there are; None when the database does not say in time."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_SECONDS):
            return await directory.server_count()
    except (Unavailable, TimeoutError):
        return None


async def _redis(limiter: Limiter) -> str:
    if not limiter.uses_redis:
        return "not_configured"
    return "connected" if await limiter.reach_redis() else "disconnected"
