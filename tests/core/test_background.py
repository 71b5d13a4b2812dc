"""Work beside the block ends with the block, and a failure is heard of."""

import asyncio

import pytest
from structlog.testing import capture_logs

from app.core.background import in_background


async def test_the_work_runs_beside_the_block_and_ends_with_it() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async with in_background(tick()):
        await asyncio.sleep(0.01)
    seen = ticks
    await asyncio.sleep(0.01)
    assert seen == ticks > 1


async def test_a_failure_is_logged_when_it_happens_and_the_block_goes_on() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with capture_logs() as logs:
        async with in_background(fail()):
            await asyncio.sleep(0.01)
            assert [line["event"] for line in logs] == ["work in the background failed"]


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with in_background(asyncio.sleep(60)):
            raise KeyError("mine")
