"""Health, readiness and metrics, with the database and Redis there and away."""

from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from app.core.embedded_postgres import embedded_postgres
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.models.engine import DB
from app.repositories.migrations import migrate, tenant_role
from tests.support.edge import ask, edge
from tests.support.redis_servers import free_port, hanging_server, redis_server
from tests.support.world import World

BASE = "http://localhost:8000"
HEALTH = "/api/mcpserver/health"


async def health_with_redis(url: str) -> httpx.Response:
    limiter = Limiter(metrics=Metrics(), address_calls_per_minute=1000, redis_url=url)
    async with aclosing(limiter):
        return await ask(edge(limiter=limiter), f"{BASE}{HEALTH}")


async def test_health_on_the_base_host_counts_the_servers(world: World) -> None:
    response = await ask(edge(), f"{BASE}{HEALTH}")
    assert response.status_code == 200
    assert response.json() == {
        "status": "healthy",
        "checks": {"database": "connected", "redis": "not_configured", "registeredServers": 1},
    }


@pytest.mark.parametrize("host", ["acme-docs.localhost:8000", "nobody-here.localhost"])
async def test_health_on_a_servers_host_counts_nothing(world: World, host: str) -> None:
    response = await ask(edge(), f"http://{host}{HEALTH}")
    assert response.status_code == 200
    assert response.json() == {
        "status": "healthy",
        "checks": {"database": "connected", "redis": "not_configured"},
    }


async def test_in_development_health_at_this_machines_address_is_the_platforms(
    database: str,
) -> None:
    response = await ask(edge(), f"http://127.0.0.1:8000{HEALTH}")
    assert response.json()["checks"]["registeredServers"] == 0


async def test_health_and_ready_are_503_while_the_database_is_gone(tmp_path: Path) -> None:
    app = edge()
    with embedded_postgres(tmp_path) as dsn:
        await migrate(dsn)
        await DB.start(dsn, tenant_role=tenant_role("mcplatform"))
        before = await ask(app, f"{BASE}/ready")
    health = await ask(app, f"{BASE}{HEALTH}")
    ready = await ask(app, f"{BASE}/ready")
    live = await ask(app, f"{BASE}/live")
    await DB.stop()
    assert [answer.status_code for answer in (before, health, ready, live)] == [200, 503, 503, 200]
    assert health.json() == {
        "status": "unhealthy",
        "checks": {"database": "disconnected", "redis": "not_configured"},
    }
    assert ready.headers["retry-after"] == "5"


async def test_a_redis_that_answers_is_connected(database: str) -> None:
    with redis_server() as url:
        response = await health_with_redis(url)
    assert (response.status_code, response.json()["status"]) == (200, "healthy")
    assert response.json()["checks"]["redis"] == "connected"


async def test_a_redis_that_is_away_degrades_health_and_no_more(database: str) -> None:
    dead = await health_with_redis(f"redis://127.0.0.1:{free_port()}")
    async with hanging_server() as url:
        hanging = await health_with_redis(url)
    for response in (dead, hanging):
        assert (response.status_code, response.json()["status"]) == (200, "degraded")
        assert response.json()["checks"]["redis"] == "disconnected"


@pytest.mark.parametrize("host", ["localhost:8000", "10.0.0.5:8000", "pod-7.internal", ""])
async def test_probes_and_scrapers_are_answered_at_any_address(database: str, host: str) -> None:
    app = edge()
    for path in ("/live", "/ready"):
        assert (await ask(app, f"{BASE}{path}", headers={"host": host})).status_code == 200
    metrics = await ask(app, f"{BASE}/metrics", headers={"host": host})
    assert metrics.status_code == 200
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert "mcplatform_requests_total" in metrics.text
