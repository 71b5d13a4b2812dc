"""Work in the background that its starter owns, hears of when it fails, and waits for."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()


@asynccontextmanager
async def in_background(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run `work` beside the block; afterwards it is cancelled and has ended."""
    task = asyncio.create_task(work)  # noqa: TID251 - awaited below, and its errors are logged
    task.add_done_callback(_report)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("work in the background failed", exc_info=error)
