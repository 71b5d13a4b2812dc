"""The management plane: charts of a busy month, and GraphQL against plain asyncpg and msgspec."""

import random
from collections import defaultdict
from contextlib import AsyncExitStack
from datetime import timedelta
from statistics import median
from typing import Any

import msgspec

from app.core import clock
from benchmarks import dashboard
from benchmarks.client import connected
from benchmarks.contenders import OURS, Contender, Server, serving
from benchmarks.dashboard import Dashboard
from benchmarks.figures import Check, Report, percentile, table
from benchmarks.machine import Cores, cpu_seconds
from benchmarks.terminal import tell
from benchmarks.wire import WrongAnswer
from benchmarks.world import World

MOST_MS = 200
_CHART_ROUNDS = 15
_ROUNDS = 7
_REQUESTS = 40
_PLAIN = Contender("plain", ("-m", "benchmarks.peers.management"))

_FIGURES = "calls ok refused error p50Ms p95Ms"
_SERIES = "total buckets { start count }"
_STEPS = "steps { stepId title position reached completed dropped medianSeconds }"
_FUNNEL = (
    'funnel(walkthroughId: "$walkthrough")'
    f" {{ started finished completionRate medianSeconds {_STEPS} }}"
)
_CHARTS = {
    "calls by tool": f"calls {{ total {{ {_FIGURES} }} buckets {{ start figures {{ {_FIGURES} }} }}"
    f" tools {{ tool total {{ {_FIGURES} }} buckets {{ start figures {{ {_FIGURES} }} }} }} }}",
    "connections": f"connections {{ {_SERIES} }}",
    "end users": f"endUsers {{ {_SERIES} }}",
    "funnel": _FUNNEL,
    "walkthroughs": "walkthroughs { walkthroughId started finished completionRate }",
    "tickets": f"tickets {{ opened {{ {_SERIES} }} byStatus {{ status count }}"
    " medianAnswerSeconds medianResolutionSeconds }",
}
_LENGTHS = ("MONTH", "WEEK", "DAY", "HOUR")
_LIST = (
    "{ walkthroughs(first: 50) { nodes { id title type status updatedAt"
    " steps { id position title sectionTitle } } } }"
)


async def run(world: World, cores: Cores) -> Report:
    """Every chart by GraphQL over HTTP; then the funnel and a long list beside the plain peer."""
    made = await dashboard.built(world)
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    until = today + timedelta(days=1)
    since = until - timedelta(days=dashboard.DAYS)
    asks: dict[str, tuple[Any, Any]] = {
        "the funnel": (
            _query(f'{{ analytics(range: {{since: "{since.isoformat()}",'
                   f' until: "{until.isoformat()}"}}) {{ {_FUNNEL} }} }}', made),
            {"organizationId": made.organization_id, "walkthroughId": made.walkthrough_ids[0],
             "since": since, "until": until},
        ),
        "50 walkthroughs of 10 steps": (
            _query(_LIST, made), {"organizationId": made.organization_id}
        ),
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        servers = {
            one.name: await stack.enter_async_context(serving(one, world, cores))
            for one in (OURS, _PLAIN)
        }
        charts = await _charts(servers[OURS.name], made)
        ratios = await _beside(servers, made, asks)
    return _report(made, charts, ratios)


def _query(query: str, made: Dashboard) -> dict[str, str]:
    return {"query": query.replace("$walkthrough", made.walkthrough_ids[0])}


def _request(body: Any, made: Dashboard) -> bytes:
    content = msgspec.json.encode(body)
    head = (
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {made.token}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _asked(server: Server, request: bytes, *, times: int = 1) -> tuple[Any, list[float]]:
    """The data of the last answer, and the milliseconds of each. Raises WrongAnswer.

    On a new connection: servers hang up on those that are idle while others are measured.
    """
    latencies = []
    answer = None
    async with connected(server.port, 1) as (connection,):
        for _ in range(times):
            answer = await connection.exchange(request)
            latencies.append(answer.seconds * 1000)
    assert answer is not None
    told = msgspec.json.decode(answer.body)
    if answer.status != 200 or "errors" in told:
        raise WrongAnswer(f"{answer.status}: {answer.body[:500].decode(errors='replace')}")
    return told["data"], sorted(latencies)


async def _charts(server: Server, made: Dashboard) -> dict[str, list[float]]:
    """Milliseconds of each chart of each length, in an order drawn anew each round."""
    latencies: dict[str, list[float]] = defaultdict(list)
    requests = {
        f"{name}, {length.lower()}": _request(
            _query(f"{{ analytics(range: {{last: {length}}}) {{ {chart} }} }}", made), made
        )
        for name, chart in _CHARTS.items()
        for length in _LENGTHS
    }
    names = list(requests)
    for number in range(_CHART_ROUNDS):
        tell(f"management: charts, round {number} of {_CHART_ROUNDS}")
        random.shuffle(names)
        for name in names:
            latencies[name] += (await _asked(server, requests[name]))[1]
    return {name: sorted(latencies[name]) for name in requests}


async def _beside(
    servers: dict[str, Server],
    made: Dashboard,
    asks: dict[str, tuple[Any, Any]],
) -> dict[str, dict[str, tuple[float, float]]]:
    """Of each question and contender the median milliseconds and CPU milliseconds a request."""
    samples: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    turns = []
    for what, bodies in asks.items():
        told = []
        for name, body in zip(servers, bodies, strict=True):
            request = _request(body, made)
            turns.append((what, name, request))
            told.append((await _asked(servers[name], request))[0])
        if told[0] != told[1]:
            message = f"{what}: the two do not say the same"
            raise WrongAnswer(message)
    for number in range(_ROUNDS):
        random.shuffle(turns)
        for what, name, request in turns:
            tell(f"management: round {number} of {_ROUNDS}, {what}, {name}")
            before = cpu_seconds(servers[name].process_id)
            _, latencies = await _asked(servers[name], request, times=_REQUESTS)
            cpu = cpu_seconds(servers[name].process_id) - before
            samples[what, name].append((percentile(latencies, 50), cpu * 1000 / _REQUESTS))
    return {
        what: {
            name: (median(one[0] for one in samples[what, name]),
                   median(one[1] for one in samples[what, name]))
            for name in servers
        }
        for what in asks
    }  # fmt: skip


def _report(
    made: Dashboard,
    charts: dict[str, list[float]],
    ratios: dict[str, dict[str, tuple[float, float]]],
) -> Report:
    rows = [
        (name, f"{percentile(found, 50):.1f}", f"{found[-1]:.1f}") for name, found in charts.items()
    ]
    beside = []
    for what, of in ratios.items():
        (ms, cpu), (plain_ms, plain_cpu) = of[OURS.name], of[_PLAIN.name]
        beside.append(
            (what, f"{ms:.2f}", f"{plain_ms:.2f}", f"{ms / plain_ms:.2f}", f"{cpu:.2f}",
             f"{plain_cpu:.2f}")
        )  # fmt: skip
    worst = max(found[-1] for found in charts.values())
    head = ("", "ms", "plain ms", "times", "CPU ms", "plain CPU ms")
    body = "\n\n".join(
        (
            table(("", "median ms", "worst ms"), rows),
            f"GraphQL beside plain asyncpg and msgspec\n{table(head, beside)}",
            f"rolled up: {made.rolled_rows_per_second:,.0f} log rows a second",
        )
    )
    size = (
        f"{dashboard.CALLS:,} calls, {dashboard.COMPLETIONS:,} completions, {dashboard.DAYS} days"
    )
    return Report(
        f"The management plane over HTTP: {size}, one connection",
        body,
        (Check(f"every chart within {MOST_MS} ms", f"{worst:.0f} ms", worst <= MOST_MS),),
    )
