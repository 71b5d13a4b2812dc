"""The seed's floor: with 20 walkthroughs of 50 steps every answer comes within 200 ms."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from benchmarks.client import Connection, connected
from benchmarks.contenders import OURS, serving
from benchmarks.figures import Check, Report, percentile, table
from benchmarks.machine import Cores
from benchmarks.terminal import tell
from benchmarks.wire import Era, Walker, request, structured, tool_call
from benchmarks.world import FLOOR_SLUG, FLOOR_STEPS, FLOOR_WALKTHROUGHS, World, enrolled_in

MOST_MS = 200
END_USERS = 100

Ask = tuple[str, dict[str, Any]]


async def run(world: World, cores: Cores) -> Report:
    """Every tool for end users who are in all the walkthroughs at once, one call at a time."""
    latencies: dict[str, list[float]] = defaultdict(list)
    walkthroughs = world.walkthroughs[FLOOR_SLUG]
    async with serving(OURS, world, cores) as server, connected(server.port, 1) as (connection,):
        for number in range(END_USERS):
            tell(f"floor: {number} of {END_USERS} end users")
            era = tuple(Era)[number % len(Era)]
            walker = await enrolled_in(world, walkthroughs, slug=FLOOR_SLUG, era=era)
            latencies["tools/list"].append(await _listed(connection, walker))
            for tool, arguments in _asks(walker, walkthroughs, number):
                answer = await connection.exchange(tool_call(walker, tool, arguments))
                step = structured(answer).step
                walker.step_id = step.id if step else walker.step_id
                latencies[tool].append(answer.seconds * 1000)
    return _report({name: sorted(found) for name, found in latencies.items()})


async def _listed(connection: Connection, walker: Walker) -> float:
    answer = await connection.exchange(request(walker, "tools/list", {}))
    assert answer.status == 200
    return answer.seconds * 1000


def _asks(walker: Walker, walkthroughs: list[str], number: int) -> Iterator[Ask]:
    """Calls of every tool; a step that is completed is the one presented last."""
    chosen = walkthroughs[number % len(walkthroughs)]
    yield "start_walkthrough", {}
    yield "start_walkthrough", {"name": chosen}
    yield "get_next_step", {}
    yield "get_next_step", {"currentStepId": walker.step_id}
    yield "list_walkthroughs", {}
    yield "select_walkthrough", {"walkthrough_id": chosen}
    yield "next_walkthrough_step", {"current_step_id": walker.step_id}
    yield "next_walkthrough_step", {}
    yield "get_walkthrough_status", {"walkthrough_id": chosen}
    yield "reset_walkthrough_progress", {"walkthrough_id": chosen, "confirm": True}
    yield (
        "get_support",
        {
            "title": f"Step {number} fails",
            "problemDescription": "The command prints a warning.",
            "email": "someone@example.com",
        },
    )


def _report(latencies: dict[str, list[float]]) -> Report:
    rows = [
        (name, str(len(found)), f"{percentile(found, 50):.2f}", f"{percentile(found, 99):.2f}",
         f"{found[-1]:.2f}")
        for name, found in latencies.items()
    ]  # fmt: skip
    worst = max(found[-1] for found in latencies.values())
    size = f"{FLOOR_WALKTHROUGHS} walkthroughs of {FLOOR_STEPS} steps"
    return Report(
        f"Every tool with {size}, end users in all of them: ms a call, one connection",
        table(("", "calls", "median", "p99", "worst"), rows),
        (Check(f"every call within {MOST_MS} ms", f"{worst:.2f} ms", worst <= MOST_MS),),
    )
