"""One whole run through a walkthrough of 1,000 steps, against runs through one of 10."""

from collections.abc import Sequence

from benchmarks.client import Connection, connected
from benchmarks.contenders import OURS, serving
from benchmarks.figures import Check, Report, percentile, table
from benchmarks.load import one_step
from benchmarks.machine import Cores
from benchmarks.terminal import tell
from benchmarks.wire import Era, Walker
from benchmarks.world import LENGTH_SLUG, LONG_STEPS, SHORT_STEPS, World, enrolled

MOST_TIMES_MEDIAN = 2
MOST_TIMES_P99 = 4
MOST_MS = 50
_SHORT, _LONG = 0, 1  # the server's walkthroughs
_WARM_UP_WALKERS = 20


async def run(world: World, cores: Cores) -> Report:
    """A step of the long walkthrough and one of the short in turn: both meet the same machine."""
    warm_up = await _walkers(world, _WARM_UP_WALKERS, _SHORT)
    sprinters = await _walkers(world, LONG_STEPS // SHORT_STEPS, _SHORT)
    (marathon_runner,) = await _walkers(world, 1, _LONG)
    short: list[float] = []
    long: list[float] = []
    async with serving(OURS, world, cores) as server, connected(server.port, 1) as (connection,):
        for walker in warm_up:
            await _steps(connection, walker, SHORT_STEPS)
        for sprinter in sprinters:
            tell(f"long-run: {len(long)} of {LONG_STEPS} steps")
            for _ in range(SHORT_STEPS):
                short += await _steps(connection, sprinter, 1)
                long += await _steps(connection, marathon_runner, 1)
    return _report(sorted(short), sorted(long))


async def _walkers(world: World, count: int, walkthrough: int) -> list[Walker]:
    return await enrolled(
        world, count, slug=LENGTH_SLUG, era=Era.HANDSHAKE, walkthrough=walkthrough
    )


async def _steps(connection: Connection, walker: Walker, count: int) -> list[float]:
    """Milliseconds of each of the next steps."""
    return [await one_step(connection, walker) * 1000 for _ in range(count)]


def _report(short: Sequence[float], long: Sequence[float]) -> Report:
    medians = [percentile(latencies, 50) for latencies in (short, long)]
    p99s = [percentile(latencies, 99) for latencies in (short, long)]
    rows = [
        (f"{steps} steps", f"{median:.2f}", f"{p99:.2f}", f"{latencies[-1]:.2f}")
        for steps, latencies, median, p99 in zip(
            (SHORT_STEPS, LONG_STEPS), (short, long), medians, p99s, strict=True
        )
    ]
    slower, slower_p99 = medians[1] / medians[0], p99s[1] / p99s[0]
    return Report(
        f"One run of {LONG_STEPS} steps against runs of {SHORT_STEPS}: ms a call, one connection",
        table(("", "median", "p99", "worst"), rows),
        (
            Check(
                f"median within {MOST_TIMES_MEDIAN} times",
                f"{slower:.2f} times",
                slower <= MOST_TIMES_MEDIAN,
            ),
            Check(
                f"p99 within {MOST_TIMES_P99} times",
                f"{slower_p99:.2f} times",
                slower_p99 <= MOST_TIMES_P99,
            ),
            Check(
                f"no call of the long run above {MOST_MS} ms",
                f"{long[-1]:.2f} ms",
                long[-1] <= MOST_MS,
            ),
        ),
    )
