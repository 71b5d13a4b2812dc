"""Resident memory over many calls of many end users."""

from collections.abc import Sequence

from benchmarks.contenders import OURS, Server, serving
from benchmarks.figures import Check, Report, table
from benchmarks.load import walked
from benchmarks.machine import Cores, memory
from benchmarks.terminal import tell
from benchmarks.wire import Era
from benchmarks.world import FLOOR_SLUG, FLOOR_STEPS, World, enrolled

CONNECTIONS = 8
WARM_UP_CALLS = 5_000
CALLS = 50_000
MOST_GROWTH = 0.05
_STRETCH_CALLS = 5_000


async def run(world: World, cores: Cores) -> Report:
    """The memory of a fresh process after its warm-up, and how it grows from there; both eras."""
    async with serving(OURS, world, cores) as server:
        started = memory(server.process_id).resident
        tell("memory: warming up")
        await _call(world, server, WARM_UP_CALLS)
        curve = [memory(server.process_id).resident]
        for made in range(0, CALLS, _STRETCH_CALLS):
            tell(f"memory: {made} of {CALLS} calls")
            await _call(world, server, _STRETCH_CALLS)
            curve.append(memory(server.process_id).resident)
        peak = memory(server.process_id).peak
    return _report(started, curve, peak)


async def _call(world: World, server: Server, calls: int) -> None:
    """Make so many calls, half of them in each era, by end users who were never here before."""
    for era in Era:
        count = calls // len(Era) // FLOOR_STEPS + CONNECTIONS + 1
        walkers = await enrolled(world, count, slug=FLOOR_SLUG, era=era)
        await walked(server, walkers, calls=calls // len(Era), connections=CONNECTIONS)


def _report(started: float, curve: Sequence[float], peak: float) -> Report:
    growth = curve[-1] / curve[0] - 1
    rows = [("started", f"{started:.1f}")]
    rows += [
        (f"warm, and {number * _STRETCH_CALLS:,} calls later", f"{resident:.1f}")
        for number, resident in enumerate(curve)
    ]
    rows.append(("peak", f"{peak:.1f}"))
    return Report(
        f"Resident memory of one process, MB; warm after {WARM_UP_CALLS:,} calls",
        table(("", "MB"), rows),
        (
            Check(
                f"growth under {MOST_GROWTH:.0%} over {CALLS:,} calls",
                f"{growth:.1%}",
                growth < MOST_GROWTH,
            ),
        ),
    )
