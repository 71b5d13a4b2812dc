"""How long completing a step takes in a short and in a long walkthrough.

Run with `python -m tests.support.progress_latency [--explain]`. DATABASE_URL names the cluster;
each commit waits for the disk, as in production. The places are measured in turns, so that
whatever else the machine does falls on all of them.
"""

import asyncio
import os
import statistics
import sys
from time import perf_counter

import asyncpg

from app.core import clock
from app.core.ids import new_id
from app.models.engine import DB
from app.repositories import database, progress_sql
from app.repositories.tool_calls import arguments
from tests.support.databases import cloned_database, template_database, tenant_role_of
from tests.support.walking import Walker, call, walker
from tests.support.world import Guide, World, make_world

ROUNDS = 60
PER_ROUND = 8
SIZES_AND_PLACES = ((10, 1), (1000, 1), (1000, 500), (1000, 991))

PUT = """
UPDATE progress SET done_steps = $3, done_count = $4, current_step_id = $5, presented_step_id = $5,
    counted_shape = 1
WHERE end_user_id = $1 AND walkthrough_id = $2
"""


async def put(world: World, ann: Walker, guide: Guide, place: int) -> None:
    """Make the step at this place, from 1, the current one; all before it are done."""
    done, current = guide.steps[: place - 1], guide.steps[place - 1]
    await world.owner.execute(PUT, ann.scope.end_user_id, guide.id, done, len(done), current)


async def milliseconds(world: World, ann: Walker, guide: Guide, place: int) -> list[float]:
    """How long the completions from this place on took."""
    await put(world, ann, guide, place)
    took = []
    for step_id in guide.steps[place - 1 : place - 1 + PER_ROUND]:
        began = perf_counter()
        shown = await ann.complete(step_id)
        took.append((perf_counter() - began) * 1000)
        assert shown.completed_now
    return took


async def explain(world: World, ann: Walker, guide: Guide, place: int) -> str:
    """What PostgreSQL does to complete the step at this place, taken back afterwards."""
    await put(world, ann, guide, place)
    given = (*arguments(ann.scope, call(), clock.now()), guide.steps[place - 1], None, False, "wsc")
    async with database.connection(ann.scope):
        sql = f"EXPLAIN (ANALYZE, BUFFERS) {progress_sql.ADVANCE}"
        return "\n".join(row[0] for row in await database.fetch(sql, *given))


async def measure(world: World, *, is_explaining: bool) -> None:
    """Print a line for each place."""
    ann = await walker(world)
    guides = {}
    for size in (10, 1000):
        guides[size] = await world.guide(size, title=f"{size} steps")
        await ann.start(guides[size].id)
    await world.owner.execute("ANALYZE")
    took: dict[tuple[int, int], list[float]] = {one: [] for one in SIZES_AND_PLACES}
    for _ in range(ROUNDS):
        for (size, place), so_far in took.items():
            so_far.extend(await milliseconds(world, ann, guides[size], place))
    base: tuple[float, float] | None = None
    for (size, place), values in took.items():
        median, p99 = statistics.median(values), statistics.quantiles(values, n=100)[98]
        base = base or (median, p99)
        print(  # noqa: T201 - this is a script
            f"{size:5} steps, from step {place:3}, {len(values)} times:"
            f" median {median:6.2f} ms ({median / base[0]:.2f}x),"
            f" p99 {p99:6.2f} ms ({p99 / base[1]:.2f}x)"
        )
    if is_explaining:
        print(await explain(world, ann, guides[1000], 991))  # noqa: T201 - the same


async def main() -> None:
    """Measure on a database of its own."""
    cluster = os.environ["DATABASE_URL"]
    async with (
        template_database(cluster) as template,
        cloned_database(cluster, template) as dsn,
    ):
        owner = await asyncpg.connect(dsn)
        name = await owner.fetchval("SELECT current_database()")
        await owner.execute(f"ALTER DATABASE {name} RESET synchronous_commit")
        await DB.start(dsn, tenant_role=await tenant_role_of(dsn), pool_size=2)
        try:
            world = await make_world(owner, slug=f"x-{new_id('x')[2:]}")
            await measure(world, is_explaining="--explain" in sys.argv)
        finally:
            await DB.stop()
            await owner.close()


if __name__ == "__main__":
    asyncio.run(main())
