"""Cursors that we never gave: they are refused by name, whatever is in them."""

import json
from base64 import urlsafe_b64encode

import pytest

from tests.support.graph import Graph

SESSIONS = "query ($at: String) { sessions(first: 1, after: $at) { nodes { id } } }"
WALKTHROUGHS = """
query ($at: String) { walkthroughs(first: 1, after: $at, orderBy: TITLE) { nodes { id } } }
"""
MOMENT = "2026-01-01T00:00:00Z"


def forged(*parts: object) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        forged("connected_at", "9999-12-31T23:59:59-14:00", None, "a"),
        forged("connected_at", "0001-01-01T00:00:00+14:00", None, "a"),
        forged("connected_at", "2026-01-01T00:00:00", None, "a"),
        forged("connected_at", MOMENT, None, "a\x00"),
        forged("connected_at", MOMENT, None, 1),
        forged("connected_at", MOMENT, None, None),
        forged("connected_at", 1, None, "a"),
        forged("connected_at", None, "a", "a"),
        forged("ended_at", MOMENT, None, "a"),
        forged("organization_id", None, "a", "a"),
        forged("connected_at) OR (true", MOMENT, None, "a"),
        forged("connected_at", MOMENT, None),
        forged("connected_at", MOMENT, None, "a", "b"),
        forged(*[[]] * 2_000),
        urlsafe_b64encode(b"[" * 100_000).decode(),
        urlsafe_b64encode(b'{"column": "connected_at"}').decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
        "é",
        "====",
        "a" * 100_000,
    ],
)
async def test_a_forged_cursor_is_refused(graph: Graph, cursor: str) -> None:
    [error] = (await graph.answer(SESSIONS, at=cursor))["errors"]
    assert error["extensions"] == {"code": "INVALID", "field": "after"}


@pytest.mark.parametrize("text", [1, [], None, "\x00"])
async def test_a_forged_cursor_over_text_is_refused(graph: Graph, text: object) -> None:
    [error] = (await graph.answer(WALKTHROUGHS, at=forged("title", None, text, "a")))["errors"]
    assert error["extensions"] == {"code": "INVALID", "field": "after"}


@pytest.mark.parametrize("text", ["%", "\\", "' OR 'a' = 'a", "a" * 100_000, "\U0001f469"])
async def test_a_cursor_to_nowhere_gives_what_follows_there(graph: Graph, text: str) -> None:
    await graph.change("createWalkthrough { walkthrough { id } }", title="A guide")
    answer = await graph.answer(WALKTHROUGHS, at=forged("title", None, text, "a"))
    assert "errors" not in answer
    assert len(answer["data"]["walkthroughs"]["nodes"]) <= 1
