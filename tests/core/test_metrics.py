"""What Prometheus gets to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.core.metrics import Metrics

WORKER = """
import os, sys
from pathlib import Path
from app.core.metrics import Metrics
metrics = Metrics(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
metrics.tool_called("get_support", "ok", 0.01)
metrics.pool_connections.labels("busy").set(2)
sys.stdout.write(metrics.exposition().decode())
"""


def samples(exposition: str) -> dict[str, float]:
    pairs = (line.rpartition(" ") for line in exposition.splitlines() if line[:1] != "#")
    return {name: float(value) for name, _, value in pairs}


def test_calls_are_counted_by_tool_and_outcome() -> None:
    metrics = Metrics()
    metrics.tool_called("get_support", "ok", 0.004)
    metrics.tool_called("get_support", "refused", 0.004)
    metrics.tool_called("get_support", "ok", 0.004)
    found = samples(metrics.exposition().decode())
    calls = 'mcplatform_tool_calls_total{outcome="%s",tool="get_support"}'
    assert (found[calls % "ok"], found[calls % "refused"]) == (2, 1)
    assert found['mcplatform_tool_call_seconds_bucket{le="0.005",tool="get_support"}'] == 3


def test_whatever_tools_are_called_the_labels_stay_few() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.tool_called(f"invented_{number}", "error", 0.001)
    found = samples(metrics.exposition().decode())
    assert found['mcplatform_tool_calls_total{outcome="error",tool="other"}'] == 100
    assert "invented" not in metrics.exposition().decode()


def test_without_a_redis_nothing_is_said_of_it() -> None:
    metrics = Metrics()
    assert "mcplatform_redis_up{" not in metrics.exposition().decode()
    metrics.redis_answers(well=False)
    assert samples(metrics.exposition().decode())['mcplatform_redis_up{used_by="limiter"}'] == 0


def test_workers_add_up_and_the_dead_hold_no_connections(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    command = [sys.executable, "-c", WORKER]
    subprocess.run(command, capture_output=True, check=True)
    second = subprocess.run(command, capture_output=True, check=True)
    found = samples(second.stdout.decode())
    assert found['mcplatform_tool_calls_total{outcome="ok",tool="get_support"}'] == 2
    assert found['mcplatform_pool_connections{state="busy"}'] == 2
