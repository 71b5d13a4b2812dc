"""Logs: one event per line, a constant message, facts under the names in `FACTS`."""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from app.core import clock

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
# What `note` collects for the one line that tells of a request when it is over.
REQUEST_FACTS: ContextVar[dict[str, Any] | None] = ContextVar("request_facts", default=None)

# A fact with another name is dropped: what nobody listed may be a token, an e-mail or a body.
FACTS = frozenset(
    {
        "address",
        "applied",
        "body",
        "client",
        "client_version",
        "code",
        "duration_ms",
        "end_user_id",
        "error",
        "host",
        "limit",
        "method",
        "organization_id",
        "outcome",
        "path",
        "port",
        "protocol",
        "reason",
        "request_bytes",
        "response_bytes",
        "seconds",
        "server",
        "server_id",
        "slug",
        "status",
        "tool",
        "walkthrough_id",
        "workers",
    }
)
_OURS = FACTS | {"event", "level", "at", "request_id", "exc_info", "exception", "logger"}
_TEXT_MAX_CHARACTERS = 10_000
_CONFIDENTIAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # e-mail addresses
    r"|(?i:bearer)\s+\S+"
    r"|\bmcp[a-z]{1,3}_[a-z2-7]{16,}"  # our own ids that open a door
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON web tokens
)
_QUIET = ("uvicorn.access", "httpx", "httpcore", "mcp", "asyncio")


def configure_logging(
    *, level: str = "info", style: str = "auto", bodies: bool = False, stream: TextIO | None = None
) -> None:
    """Send all logs to `stream` (default stderr), ours and the libraries'.

    `style` is json, console, or auto: console on a terminal. `bodies` lets the fact `body` pass,
    redacted, at level debug.
    """
    target = stream or sys.stderr
    is_console = style == "console" or (style == "auto" and target.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        _add_moment,
        structlog.processors.format_exc_info,
        _redact,
    ]
    render = _console(target) if is_console else _json
    structlog.configure(
        processors=[_keep_facts(bodies=bodies and number <= logging.DEBUG), *shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(allow=FACTS),
                *shared,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.INFO), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def note(**facts: object) -> None:
    """Add facts to the line that will tell of the present request; outside of one, nothing."""
    noted = REQUEST_FACTS.get()
    if noted is not None:
        noted.update(facts)


def redacted(text: str) -> str:
    """The text without what looks like an e-mail address, a token or an id that opens a door."""
    return _CONFIDENTIAL.sub("[redacted]", text)


def _add_moment(_logger: object, _method: str, event: EventDict) -> EventDict:
    event["at"] = clock.now().isoformat(timespec="milliseconds")
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    for name in ("exception", "body", "error"):
        if name in event:
            given = event[name]
            text = given.decode(errors="replace") if isinstance(given, bytes) else str(given)
            event[name] = redacted(text)[:_TEXT_MAX_CHARACTERS]
    return event


def _keep_facts(*, bodies: bool) -> Processor:
    kept = _OURS if bodies else _OURS - {"body"}

    def keep_facts(_logger: object, _method: str, event: EventDict) -> EventDict:
        for name in event.keys() - kept:
            del event[name]
        return event

    return keep_facts


def _json(_logger: object, _method: str, event: EventDict) -> str:
    line = {
        "at": event.pop("at"),
        "level": event.pop("level"),
        "event": event.pop("event"),
        **event,
    }
    return msgspec.json.encode(line, enc_hook=str).decode()


def _console(target: TextIO) -> Any:
    return structlog.dev.ConsoleRenderer(colors=target.isatty())
