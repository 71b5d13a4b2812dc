"""Serving: starting, refusing to start, and leaving without dropping a call."""

import asyncio
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.support import databases
from tests.support.command import run, serving
from tests.support.plain_owners import plainly_owned_database
from tests.support.redis_servers import free_port, redis_server
from tests.support.world import World

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_it_serves_until_it_is_asked_to_leave(
    world: World, database_url: str, tmp_path: Path
) -> None:
    async with (
        serving(tmp_path, free_port(), "serve", DATABASE_URL=database_url) as server,
        httpx.AsyncClient() as client,
    ):
        host = {"host": "acme-docs.localhost"}
        health = await client.get(f"{server.url}/api/mcpserver/health")
        page = await client.get(f"{server.url}/", headers=host)
        ping = await client.post(f"{server.url}/api/mcpserver/mcp", headers=host, json=PING)
        metrics = await client.get(f"{server.url}/metrics")
        ended = await server.leave()
    pool = re.findall(r'mcplatform_pool_connections{state="(?:idle|busy)"} (\d)', metrics.text)
    assert sum(map(int, pool)) == 2  # whatever runs in the background just then
    assert health.json()["checks"]["registeredServers"] == 1
    assert "Connect your agent to Acme Docs" in page.text
    assert ping.status_code == 200
    assert "server" not in ping.headers
    assert (ended.code, ended.stdout) == (0, "")
    assert "Traceback" not in ended.stderr


async def test_it_serves_while_nobody_reads_what_it_logs(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"DATABASE_URL": database_url, "PYTHONVERBOSE": "2"}
    async with serving(tmp_path, free_port(), "serve", **settings) as server:
        ended = await server.leave()
    assert ended.code == 0
    assert len(ended.stderr) > 1_000_000  # more than any pipe holds
    assert capsys.readouterr().err.endswith(ended.stderr[-1000:])  # what a failure would show


async def test_a_call_under_way_is_answered_before_it_leaves(
    world: World, database_url: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, free_port(), "serve", DATABASE_URL=database_url) as server:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(server.url[-5:].lstrip(":"))
        )
        body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        writer.write(
            b"POST /api/mcpserver/mcp HTTP/1.1\r\nhost: acme-docs.localhost\r\n"
            b"content-length: %d\r\n\r\n" % len(body) + body[:10]
        )
        await writer.drain()
        await asyncio.sleep(0.2)
        leaving = asyncio.ensure_future(server.leave())  # noqa: TID251 - awaited below
        await asyncio.sleep(0.3)
        writer.write(body[10:])
        answer = await reader.read(200)
        ended = await leaving
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert ended.code == 0


async def test_ctrl_c_is_no_failure(database_url: str, tmp_path: Path) -> None:
    async with serving(tmp_path, free_port(), "serve", DATABASE_URL=database_url) as server:
        ended = await server.leave(signal.SIGINT)
    assert ended.code == 0
    assert "Traceback" not in ended.stderr


async def test_workers_share_the_port_the_limits_and_the_metrics(
    world: World, database_url: str, tmp_path: Path
) -> None:
    with redis_server() as redis_url:
        settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        async with (
            serving(tmp_path, free_port(), "serve", "--workers", "2", **settings) as server,
            httpx.AsyncClient() as client,
        ):
            for _ in range(20):
                await client.get(f"{server.url}/live", headers={"connection": "close"})
            metrics = await client.get(f"{server.url}/metrics")
            health = await client.get(f"{server.url}/api/mcpserver/health")
            ended = await server.leave()
    assert health.json()["checks"]["redis"] == "connected"
    counted = [line for line in metrics.text.splitlines() if 'plane="web",status="200"' in line]
    assert float(counted[0].split()[1]) >= 21
    assert ended.code == 0


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["--workers", "2"], {}, "REDIS_URL is required with more than one worker"),
        ([], {"MCPLATFORM_POOL_SIZE": "many"}, "MCPLATFORM_POOL_SIZE should be a valid integer"),
        ([], {"MCPLATFORM_BASE_URL": "https://a.example"}, "DATABASE_URL is required"),
        (
            [],
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
            "The database cannot be reached",
        ),
        ([], {"MCPLATFORM_PG_BIN": "/nowhere"}, "are not in /nowhere"),
    ],
)
async def test_what_keeps_it_from_starting_is_said_in_a_sentence(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], sentence: str
) -> None:
    ended = await run(tmp_path, "serve", "--port", str(free_port()), *arguments, **settings)
    assert ended.code == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        ended = await run(tmp_path, "serve", "--port", str(port))
    assert ended.code == 1
    assert ended.stderr == (
        f"Error: Port {port} is in use. Stop what uses it, or choose another with --port.\n"
    )
    assert names(tmp_path) == []


async def test_a_database_that_nobody_migrated_is_not_served(
    cluster_url: str, tmp_path: Path
) -> None:
    async with databases.empty_database(cluster_url) as dsn:
        ended = await run(tmp_path, "serve", "--port", str(free_port()), DATABASE_URL=dsn)
    assert ended.code == 1
    assert "Run `mcplatform migrate`, then start again." in ended.stderr


async def test_a_restored_database_is_not_served_until_it_is_migrated(
    superusers_cluster: str, tmp_path: Path
) -> None:
    async with plainly_owned_database(superusers_cluster) as plain:
        settings = {"DATABASE_URL": plain.dsn}
        await run(tmp_path, "migrate", **settings)
        await plain.lose_tenant()
        refused = await run(tmp_path, "serve", "--port", str(free_port()), **settings)
        await run(tmp_path, "migrate", **settings)
        async with serving(tmp_path, free_port(), "serve", **settings) as server:
            ended = await server.leave()
    assert refused.code == 1
    assert refused.stderr == (
        "Error: The database lacks the role that the pool works as, or its grants, as after a "
        "restore. Run `mcplatform migrate`, then start again.\n"
    )
    assert ended.code == 0
