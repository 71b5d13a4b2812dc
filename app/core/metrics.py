"""What Prometheus may ask: counts and durations whose labels have few values."""

import os
from functools import cache
from pathlib import Path
from typing import Final, Literal

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")  # Litestar adds it
OTHER: Final = "other"
_TOOLS = frozenset(
    {
        "start_walkthrough",
        "get_next_step",
        "list_walkthroughs",
        "select_walkthrough",
        "next_walkthrough_step",
        "get_walkthrough_status",
        "reset_walkthrough_progress",
        "get_support",
    }
)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The product's metrics; one object a process, handed down from the composition root.

    With a `folder`, which all workers of a machine share, the exposition tells their sum. Then
    PROMETHEUS_MULTIPROC_DIR must have named the folder before prometheus_client was imported.
    """

    def __init__(self, folder: Path | None = None) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._folder = folder

        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(f"mcplatform_{name}", help_text, labels, registry=registry)

        def gauge(
            name: str, help_text: str, *labels: str, mode: Literal["livesum", "livemin"] = "livesum"
        ) -> Gauge:
            return Gauge(
                f"mcplatform_{name}",
                help_text,
                labels,
                registry=registry,
                multiprocess_mode=mode,
            )

        def histogram(name: str, help_text: str, *labels: str) -> Histogram:
            return Histogram(
                f"mcplatform_{name}", help_text, labels, registry=registry, buckets=_SECONDS
            )

        self._requests = counter("requests", "HTTP requests answered", "plane", "status")
        self._request_seconds = histogram("request_seconds", "Time to answer", "plane")
        # `labels` takes a lock and builds a tuple; every request would pay for it twice.
        self._requests_of = cache(self._requests.labels)
        self._request_seconds_of = cache(self._request_seconds.labels)
        self._tool_calls = counter("tool_calls", "MCP tool calls answered", "tool", "outcome")
        self._tool_call_seconds = histogram("tool_call_seconds", "Time of a tool call", "tool")
        self.sessions_started = counter("sessions_started", "MCP sessions started")
        self.tickets_opened = counter("tickets_opened", "Tickets opened, repeats not counted")
        self.walkthroughs_started = counter("walkthroughs_started", "Runs begun")
        self.walkthroughs_completed = counter("walkthroughs_completed", "Runs completed")
        self.steps_completed = counter("steps_completed", "Steps completed")
        self.pool_connections = gauge("pool_connections", "Database connections", "state")
        self.configuration_lookups = counter(
            "configuration_lookups", "Server configurations asked for", "result"
        )
        self.limiter_refused = counter("limiter_refused", "Calls over a limit", "limit")
        self.limiter_unchecked = counter(
            "limiter_unchecked", "Calls let through because Redis did not answer"
        )
        # Labelled, so that without a Redis there is no sample to raise an alarm about.
        self._redis_up = gauge("redis_up", "Whether Redis answers", "used_by", mode="livemin")

    def request_answered(self, plane: str, status: int, seconds: float) -> None:
        """Count one HTTP answer of a plane: mcp, graphql, oauth or web."""
        self._requests_of(plane, str(status)).inc()
        self._request_seconds_of(plane).observe(seconds)

    def tool_called(self, tool: str, outcome: str, seconds: float) -> None:
        """Count one tool call; a tool that we do not have goes by the name `other`."""
        name = tool if tool in _TOOLS else OTHER
        self._tool_calls.labels(name, outcome).inc()
        self._tool_call_seconds.labels(name).observe(seconds)

    def redis_answers(self, *, well: bool) -> None:
        """Tell whether the limiter's Redis answers."""
        self._redis_up.labels("limiter").set(int(well))

    def exposition(self) -> bytes:
        """Everything counted so far, in Prometheus' text format."""
        if self._folder is None:
            return generate_latest(self._registry)
        for file in self._folder.glob("gauge_live*.db"):
            process = int(file.stem.rpartition("_")[2])
            if not _is_alive(process):
                mark_process_dead(process, str(self._folder))  # type: ignore[no-untyped-call]  # theirs
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._folder))  # type: ignore[no-untyped-call]  # theirs
        return generate_latest(together)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
