"""Warming up."""

import pytest

from app.mcp import transport
from app.mcp.transport import Message, Reply
from app.mcp.warm import warm_up


async def test_warming_up_lists_the_tools_in_every_version(monkeypatch: pytest.MonkeyPatch) -> None:
    answered: dict[str, int] = {}
    dispatch = transport.dispatch

    async def noted(server: object, message: Message) -> Reply:
        reply = await dispatch(server, message)  # type: ignore[arg-type]  # a server, as it came
        assert b'"result"' in reply.body
        answered[message.version] = reply.status
        return reply

    monkeypatch.setattr(transport, "dispatch", noted)
    await warm_up()
    assert answered == dict.fromkeys(
        ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"), 200
    )
