"""One line an event, and nothing in it that nobody listed."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app.core.log import REQUEST_FACTS, REQUEST_ID, configure_logging, note, redacted


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    structlog.reset_defaults()
    logging.basicConfig(handlers=[], force=True)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_facts(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    structlog.get_logger().info("request completed", status=200, tool="get_support")
    (line,) = lines(stream)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "request completed",
        "status": 200,
        "tool": "get_support",
    }


def test_a_fact_that_is_not_on_the_list_is_dropped(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    structlog.get_logger().info("request completed", status=200, token="t", email="a@b.example")
    (line,) = lines(stream)
    assert line.keys() == {"at", "level", "event", "status"}


def test_the_request_id_is_on_every_line_of_its_request(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    token = REQUEST_ID.set("req_1")
    structlog.get_logger().info("one")
    logging.getLogger("uvicorn.error").info("two")
    REQUEST_ID.reset(token)
    structlog.get_logger().info("three")
    assert [line.get("request_id") for line in lines(stream)] == ["req_1", "req_1", None]


def test_a_trace_shows_no_address_and_no_token(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    error = ValueError("Key (email)=(bob@corp.example) exists, Bearer s3cret-token")
    structlog.get_logger().error("request failed", exc_info=error)
    (line,) = lines(stream)
    assert "ValueError: Key (email)=([redacted]) exists, [redacted]" in line["exception"]
    assert "bob@corp.example" not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "bodies", "is_logged"),
    [("debug", True, True), ("debug", False, False), ("info", True, False)],
)
def test_bodies_are_logged_at_debug_and_behind_the_setting_only(
    stream: io.StringIO, level: str, *, bodies: bool, is_logged: bool
) -> None:
    configure_logging(level=level, bodies=bodies, stream=stream)
    log = structlog.get_logger()
    log.info("request received", body=b'{"email": "bob@corp.example"}')
    (line,) = lines(stream)
    assert line.get("body") == ('{"email": "[redacted]"}' if is_logged else None)


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    configure_logging(level="warning", stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_the_console_style_is_for_people(stream: io.StringIO) -> None:
    configure_logging(style="console", stream=stream)
    structlog.get_logger().info("request completed", status=200)
    assert "request completed" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_what_is_noted_joins_the_line_of_the_present_request() -> None:
    facts: dict[str, Any] = {}
    token = REQUEST_FACTS.set(facts)
    note(tool="get_support", outcome="ok")
    REQUEST_FACTS.reset(token)
    note(tool="start_walkthrough")
    assert facts == {"tool": "get_support", "outcome": "ok"}


@pytest.mark.parametrize(
    "confidential",
    [
        "first.last+tag@corp.example",
        "Bearer abc.def",
        "bearer  abc",
        "mcps_abcdefghijklmnopqrstuvwxyz234567",
        "eyJhbGciOi.eyJzdWIi.c2ln",
    ],
)
def test_what_opens_a_door_or_names_a_person_is_redacted(confidential: str) -> None:
    assert redacted(f"before {confidential} after") == "before [redacted] after"
