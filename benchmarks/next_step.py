"""get_next_step end to end: ours, FastMCP's server, and the least that Python can do."""

import random
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import NamedTuple, Self

from benchmarks.contenders import BARE, FASTMCP, OURS, Server, serving
from benchmarks.figures import Check, Figures, Report, Sample, table
from benchmarks.load import walked
from benchmarks.machine import Cores, memory
from benchmarks.terminal import tell
from benchmarks.wire import Era, WrongAnswer
from benchmarks.world import FLOOR_SLUG, FLOOR_STEPS, World, enrolled, tool_call_count

CONNECTIONS = 8
WARM_UP_CALLS = 500
LEAST_TIMES_FASTMCP = 3
LEAST_SHARE_OF_BARE = 1 / 3

# The same program in another process: how far apart equals come out.
_CONTROL = f"{BARE.name} again"
_CONTENDERS = {OURS.name: OURS, FASTMCP.name: FASTMCP, BARE.name: BARE, _CONTROL: BARE}
_HEAD = (
    "",
    "CPU µs",
    "× F",
    "% of B",
    "calls/s",
    "× F",
    "% of B",
    "p50 ms",
    "p99 ms",
    "core",
    "MB",
)
_LEGEND = """\
CPU µs: of the server process, a call. × F: times FastMCP. % of B: share of bare ASGI, the limit.
core: how busy the server kept its core; below 90 % it waited for PostgreSQL, which has one core for
itself and the load here, so calls/s tells of PostgreSQL. MB: peak resident memory."""


class _Ratios(NamedTuple):
    """How well one contender does against another; above 1 is better."""

    cpu: float
    calls: float

    @classmethod
    def of(cls, one: Figures, other: Figures) -> Self:
        return cls(other.cpu_us / one.cpu_us, one.calls_per_second / other.calls_per_second)


async def run(world: World, cores: Cores, *, rounds: int, calls: int) -> Report:
    """Rounds of `calls` calls for every contender and era, in an order drawn anew each round."""
    samples: dict[tuple[Era, str], list[Sample]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(serving(contender, world, cores))
            for name, contender in _CONTENDERS.items()
        }
        turns = [(era, name) for era in Era for name in servers]
        for era, name in turns:
            tell(f"next-step: warming up {name}, {era}")
            await _sample(world, servers[name], era, WARM_UP_CALLS)
        for number in range(1, rounds + 1):
            random.shuffle(turns)
            for era, name in turns:
                tell(f"next-step: round {number} of {rounds}, {name}, {era}")
                samples[era, name].append(await _sample(world, servers[name], era, calls))
        peaks = {name: memory(server.process_id).peak for name, server in servers.items()}
    return _report(samples, peaks)


async def _sample(world: World, server: Server, era: Era, calls: int) -> Sample:
    """One sample. Raises WrongAnswer unless every call left its row."""
    count = calls // FLOOR_STEPS + CONNECTIONS + 1
    walkers = await enrolled(world, count, slug=FLOOR_SLUG, era=era)
    before = await tool_call_count(world)
    sample = await walked(server, walkers, calls=calls, connections=CONNECTIONS)
    recorded = await tool_call_count(world) - before
    if recorded != sample.calls:
        message = f"{sample.calls} calls left {recorded} rows"
        raise WrongAnswer(message)
    return sample


def _report(samples: Mapping[tuple[Era, str], list[Sample]], peaks: Mapping[str, float]) -> Report:
    sections: list[str] = []
    checks: list[Check] = []
    for era in Era:
        figures = {name: Figures.medians(samples[era, name]) for name in _CONTENDERS}
        rows = [_row(name, figures, peaks[name]) for name in _CONTENDERS]
        sections.append(f"{_ERAS[era]}\n{table(_HEAD, rows)}\n{_noise(figures)}")
        checks += _checks(era, figures)
    rounds = len(samples[Era.HANDSHAKE, OURS.name])
    title = f"get_next_step over HTTP with the database, medians of {rounds}"
    return Report(title, "\n\n".join((*sections, _LEGEND)), tuple(checks))


_ERAS = {
    Era.HANDSHAKE: f"{Era.HANDSHAKE}, a session for each end user",
    Era.STATELESS: f"{Era.STATELESS}, stateless",
}


def _row(name: str, figures: Mapping[str, Figures], peak: float) -> tuple[str, ...]:
    own = figures[name]
    to_fastmcp = _Ratios.of(own, figures[FASTMCP.name])
    to_bare = _Ratios.of(own, figures[BARE.name])
    return (
        name,
        f"{own.cpu_us:.0f}",
        f"{to_fastmcp.cpu:.2f}",
        f"{to_bare.cpu:.0%}",
        f"{own.calls_per_second:.0f}",
        f"{to_fastmcp.calls:.2f}",
        f"{to_bare.calls:.0%}",
        f"{own.p50_ms:.2f}",
        f"{own.p99_ms:.2f}",
        f"{own.core_share:.0%}",
        f"{peak:.0f}",
    )


def _noise(figures: Mapping[str, Figures]) -> str:
    ratios = _Ratios.of(figures[_CONTROL], figures[BARE.name])
    cpu, calls = abs(ratios.cpu - 1), abs(ratios.calls - 1)
    return f"noise, from bare ASGI against itself: {cpu:.1%} in CPU, {calls:.1%} in calls/s"


def _checks(era: Era, figures: Mapping[str, Figures]) -> tuple[Check, Check]:
    """Both targets, judged by CPU: by calls/s only servers that fill their core can be compared."""
    times = _Ratios.of(figures[OURS.name], figures[FASTMCP.name]).cpu
    share = _Ratios.of(figures[OURS.name], figures[BARE.name]).cpu
    return (
        Check(
            f"{era}: at least {LEAST_TIMES_FASTMCP} times FastMCP's calls a CPU second",
            f"{times:.2f} times",
            times >= LEAST_TIMES_FASTMCP,
        ),
        Check(
            f"{era}: at least {LEAST_SHARE_OF_BARE:.0%} of bare ASGI's calls a CPU second",
            f"{share:.0%}",
            share >= LEAST_SHARE_OF_BARE,
        ),
    )
