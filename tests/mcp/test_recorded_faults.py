"""One row a call, whatever breaks under it: product.md §4."""

import asyncio
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.domain import progress
from app.mcp import prose
from app.models.engine import DB
from app.repositories import database as units
from tests.mcp.tool_cases import TOOLS, filled, ready, record_of
from tests.support import databases
from tests.support.agent import HANDSHAKE, Agent
from tests.support.world import Guide, World


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_call_that_breaks_is_one_row_and_tells_nothing_of_the_inside(
    world: World, guide: Guide, version: str, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready(guide, tool, version)

    async def broken(*_: object, **__: object) -> None:
        message = "SELECT secret FROM internals"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(*TOOLS[tool].works_with, broken)
    answer, row = await record_of(world, agent, tool, filled(TOOLS[tool].good, guide))
    assert row["outcome"] == "error"
    twin = answer.json()["result"]["structuredContent"]
    assert twin["kind"] == "error"
    assert [error["code"] for error in twin["errors"]] == ["internal_error"]
    assert "request id" in twin["text"]
    for inside in ("secret", "ZeroDivision", "Traceback", "SELECT", "app/"):
        assert inside not in answer.text


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_call_that_the_database_refuses_is_one_row(
    world: World, guide: Guide, version: str, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready(guide, tool, version)

    async def refused_by_the_database(*_: object, **__: object) -> None:
        async with units.transaction(units.current()):  # type: ignore[arg-type]  # any scope will do
            await units.fetch("DELETE FROM tool_call")
            await units.fetch("SELECT 1 / 0")

    monkeypatch.setattr(*TOOLS[tool].works_with, refused_by_the_database)
    answer, row = await record_of(world, agent, tool, filled(TOOLS[tool].good, guide))
    assert row["outcome"] == "error"
    assert answer.json()["result"]["structuredContent"]["kind"] == "error"
    assert "division" not in answer.text
    if TOOLS[tool].begins:  # what the call began to write is taken back
        assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == 2


@pytest.fixture
async def impatient(database: str) -> None:
    """The pool with a short statement timeout."""
    await DB.stop()
    role = await databases.tenant_role_of(database)
    await DB.start(database, tenant_role=role, pool_size=4, statement_timeout_seconds=0.3)


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_call_that_times_out_in_the_database_is_one_row(
    world: World, guide: Guide, impatient: None, version: str, tool: str
) -> None:
    agent = await ready(guide, tool, version)
    arguments = filled(TOOLS[tool].good, guide)
    async with world.owner.transaction():
        await world.owner.execute(f"LOCK TABLE {TOOLS[tool].reads} IN ACCESS EXCLUSIVE MODE")
        params = {"name": tool, "arguments": arguments}
        answer = await agent.post("tools/call", params)
    twin = answer.json()["result"]["structuredContent"]
    assert [error["code"] for error in twin["errors"]] == ["unavailable"]
    rows = await world.owner.fetch(
        "SELECT tool, outcome, duration_ms FROM tool_call ORDER BY created_at DESC, id"
    )
    assert len(rows) == 1 + TOOLS[tool].begins
    assert (rows[0]["tool"], rows[0]["outcome"]) == (tool, "error")
    assert rows[0]["duration_ms"] > 300


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_call_whose_connection_dies_is_one_row(
    world: World, guide: Guide, version: str, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready(guide, tool, version)

    async def killed(*_: object, **__: object) -> None:
        process = (await units.fetch("SELECT pg_backend_pid() AS id"))[0]["id"]
        await world.owner.execute("SELECT pg_terminate_backend($1)", process)
        await units.fetch("SELECT pg_sleep(5)")

    monkeypatch.setattr(*TOOLS[tool].works_with, killed)
    answer, row = await record_of(world, agent, tool, filled(TOOLS[tool].good, guide))
    assert row["outcome"] == "error"
    twin = answer.json()["result"]["structuredContent"]
    assert [error["code"] for error in twin["errors"]] == ["unavailable"]


async def test_while_the_database_is_gone_calls_are_answered_503_without_a_row(
    world: World, guide: Guide, cluster_url: str, version: str
) -> None:
    agent = await ready(guide, "start_walkthrough", version)
    name = await world.owner.fetchval("SELECT current_database()")
    outside = await asyncpg.connect(cluster_url)
    try:
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await outside.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            " AND application_name = 'mcplatform'",
            name,
        )
        params = {"name": "start_walkthrough", "arguments": {}}
        for _ in range(4):  # first the pool's own connections, then new ones
            refused = await agent.post("tools/call", params)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
            assert refused.json()["error"]["data"] == {"code": "unavailable"}
    finally:
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await outside.close()
    assert await world.owner.fetchval("SELECT count(*) FROM tool_call") == 0
    assert (await agent.call("start_walkthrough"))["isError"] is False


async def test_work_that_was_done_keeps_its_row_when_the_words_for_it_fail(
    world: World, guide: Guide, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready(guide, "get_next_step", version)

    def speechless(*_: object, **__: object) -> None:
        message = "no words"
        raise ValueError(message)

    monkeypatch.setattr(prose, "advanced", speechless)
    arguments = {"currentStepId": guide.steps[0]}
    answer, row = await record_of(world, agent, "get_next_step", arguments)
    assert row["outcome"] == "ok"
    assert answer.json()["result"]["structuredContent"]["kind"] == "error"
    assert await world.owner.fetchval("SELECT done_steps FROM progress") == [guide.steps[0]]


@pytest.mark.parametrize("gone", ["server", "session", "end_user"])
async def test_a_call_whose_ground_is_removed_under_it_is_asked_to_come_again(
    world: World, guide: Guide, version: str, gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready(guide, "get_next_step", version)
    honest = progress.advance

    async def removed(*given: Any, **named: Any) -> Any:
        await world.owner.execute(f"DELETE FROM {gone}")
        return await honest(*given, **named)

    monkeypatch.setattr(progress, "advance", removed)
    params = {"name": "get_next_step", "arguments": {"currentStepId": guide.steps[0]}}
    refused = await agent.post("tools/call", params)
    assert refused.status_code == 503
    assert refused.json()["error"]["data"] == {"code": "unavailable"}
    monkeypatch.undo()
    again = await agent.post("tools/call", params)
    is_session_lost = gone != "end_user" and version == HANDSHAKE
    assert again.status_code == (404 if gone == "server" or is_session_lost else 200)


async def test_a_session_on_a_server_that_was_just_removed_is_asked_to_come_again(
    world: World,
) -> None:
    agent = Agent()
    config = await agent.endpoint._directory.by_slug(world.slug)
    agent.endpoint._directory._kept[world.slug] = config  # the notice is on its way
    await world.owner.execute("DELETE FROM server")
    params = {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "test-agent", "version": "1.0"},
    }
    assert (await agent.post("initialize", params)).status_code == 503


async def test_the_pool_is_not_held_by_calls_that_break(
    world: World, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        message = "broken"
        raise asyncpg.PostgresError(message)

    monkeypatch.setattr(progress, "available", broken)
    agent = Agent(tracking_id="ann")
    with capture_logs():  # traces are slow to print
        await asyncio.gather(*(agent.call("start_walkthrough") for _ in range(60)))
    assert units.connections()[1] == 0
