"""Load: end users who work through their walkthroughs as fast as the server lets them."""

import asyncio
from collections.abc import Iterator
from time import perf_counter

from benchmarks.client import Connection, connected
from benchmarks.contenders import Server
from benchmarks.figures import Sample
from benchmarks.machine import cpu_seconds
from benchmarks.wire import Walker, structured, tool_call


async def walked(server: Server, walkers: list[Walker], *, calls: int, connections: int) -> Sample:
    """At least `calls` calls of get_next_step, on several connections at once.

    Each connection takes the next walker when its last one has completed the walkthrough.
    """
    seconds: list[float] = []
    waiting = iter(walkers)
    async with connected(server.port, connections) as opened:
        cpu_before, began = cpu_seconds(server.process_id), perf_counter()
        await asyncio.gather(*(_walk(connection, waiting, seconds, calls) for connection in opened))
        wall = perf_counter() - began
        cpu = cpu_seconds(server.process_id) - cpu_before
    if len(seconds) < calls:
        message = f"{len(walkers)} walkers are too few for {calls} calls"
        raise ValueError(message)
    return Sample(sorted(second * 1000 for second in seconds), wall, cpu)


async def one_step(connection: Connection, walker: Walker) -> float:
    """Complete the walker's step; the seconds that took."""
    answer = await connection.exchange(
        tool_call(walker, "get_next_step", {"currentStepId": walker.step_id})
    )
    step = structured(answer).step
    walker.step_id = step.id if step else None
    return answer.seconds


async def _walk(
    connection: Connection, waiting: Iterator[Walker], seconds: list[float], calls: int
) -> None:
    for walker in waiting:
        while walker.step_id is not None:
            if len(seconds) >= calls:
                return
            seconds.append(await one_step(connection, walker))
