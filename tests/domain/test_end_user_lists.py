"""How end users are found: by indexes, also under row-level security."""

from typing import Any

import asyncpg
import pytest

from app.core.listing import Window
from app.domain import admission, end_user_lists
from app.domain.end_user_lists import EndUserFilter, ToolCallFilter
from app.models.engine import Unit
from app.repositories import database
from tests.support.walking import author, walker
from tests.support.world import World

BY_LAST_SEEN = Window(column="last_seen_at", is_descending=True, limit=20)
BY_ADDRESS = Window(column="email_key", is_descending=False, limit=20)
NEWEST = Window(column="created_at", is_descending=True, limit=20)


async def plans(world: World, monkeypatch: pytest.MonkeyPatch, asked: Any) -> str:
    """How the tenant's role reads what `asked` reads, if reading whole tables costs too much."""
    sent: list[tuple[str, Any]] = []
    send = Unit._send

    async def noted(unit: Unit, sql: str, args: Any) -> Any:
        sent.append((sql, args))
        return await send(unit, sql, args)

    with monkeypatch.context() as patch:
        patch.setattr(Unit, "_send", noted)
        await asked
    lines = []
    async with database.transaction(author(world)):
        for setting in ("enable_seqscan", "enable_sort"):
            await database.fetch("SELECT set_config($1, 'off', true)", setting)
        for sql, args in sent:
            if "FROM" in sql:
                lines += [row[0] for row in await database.fetch(f"EXPLAIN {sql}", *args)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("only", "window", "indexes"),
    [
        (EndUserFilter(), BY_LAST_SEEN, ["end_user_by_last_seen"]),
        (EndUserFilter(has_email=True), BY_ADDRESS, ["end_user_by_email_key"]),
        (
            EndUserFilter(search="ann"),
            BY_LAST_SEEN,
            ["end_user_by_email_key", "end_user_by_name_key", "end_user_by_tracking_id"],
        ),
        (EndUserFilter(server_id="srv_any"), BY_LAST_SEEN, ["session_by_server"]),
    ],
)
async def test_end_users_are_found_by_indexes_under_row_level_security(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    only: EndUserFilter,
    window: Window,
    indexes: list[str],
) -> None:
    scope = await admission.operator_as_owner(f"{world.slug}-org")
    told = await plans(world, monkeypatch, end_user_lists.end_users(scope, only, window))
    assert [index for index in indexes if f" {index} " not in told] == []
    assert "Seq Scan" not in told


async def test_tool_calls_of_all_servers_are_read_server_by_server(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = await admission.operator_as_owner(f"{world.slug}-org")
    told = await plans(
        world, monkeypatch, end_user_lists.tool_calls(scope, ToolCallFilter(), NEWEST)
    )
    assert " tool_call_by_server " in told
    assert "Seq Scan on tool_call" not in told


async def test_the_keys_follow_address_and_name(world: World, owner: asyncpg.Connection) -> None:
    ann = await walker(world, "ann")
    seen = []
    for change in (
        "email = 'Ann@Example.COM'",
        """profile = '{"name": "Ann ÖZ"}'""",
        """profile = '{"name": ["no", "name"]}', email = repeat('A', 1000)""",
        "email = NULL, profile = '{}'",
    ):
        await owner.execute(f"UPDATE end_user SET {change} WHERE id = $1", ann.scope.end_user_id)
        row = await owner.fetchrow("SELECT email_key, name_key FROM end_user")
        assert row is not None
        seen.append(tuple(row))
    assert seen == [
        ("ann@example.com", None),
        ("ann@example.com", await owner.fetchval("SELECT lower('Ann ÖZ')")),
        ("a" * 320, '["no", "name"]'),
        (None, None),
    ]
