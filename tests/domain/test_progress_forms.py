"""The one statement against the transaction that locks and reads: the same under any crowd."""

import asyncio
import random

import asyncpg
import pytest

from app.domain import steps
from app.domain.progress import StepNotPresented
from tests.domain import locked_progress
from tests.domain.locked_progress import Locked
from tests.support.authoring import step
from tests.support.scale import scaled
from tests.support.walking import Walker, author, the_row, walker
from tests.support.world import World

pytestmark = pytest.mark.timeout(scaled(300))

FORMS = ("statement", "transaction", "mixed")
PLACE = """
SELECT done_steps, current_step_id, run FROM progress WHERE end_user_id = $1
"""
LOGGED = "SELECT step_id FROM completion WHERE end_user_id = $1 ORDER BY completed_at, id"


async def by_statement(one: Walker, walkthrough_id: str, step_id: str) -> Locked:
    """The real thing, told like the slow form."""
    try:
        shown = await one.complete(step_id, walkthrough_id=walkthrough_id)
    except StepNotPresented as refusal:
        shown = refusal.presentation
        is_refused = True
    else:
        is_refused = False
    return Locked(
        is_refused=is_refused,
        completed_now=shown.completed_now,
        step=shown.step.id if shown.step else None,
        completed=shown.completed_steps,
    )


async def complete(form: str, one: Walker, walkthrough_id: str, step_id: str) -> Locked:
    """Complete a step in this form; mixed is either."""
    if form == "statement" or (form == "mixed" and random.random() < 0.5):
        return await by_statement(one, walkthrough_id, step_id)
    return await locked_progress.complete(one.scope, walkthrough_id, step_id)


async def test_both_forms_decide_alike_round_after_round(world: World) -> None:
    guide = await world.guide(12)
    people = {form: await walker(world, form) for form in FORMS}
    for one in people.values():
        await one.start(guide.id)
    dice = random.Random(7)
    places: list[asyncpg.Record] = []
    for number in range(scaled(12)):
        present = [one.id for one in await steps.of_walkthrough(author(world), guide.id)]
        row = await the_row(world, PLACE, people["statement"].scope.end_user_id)
        current = row["current_step_id"]
        after = [one for one in present if one not in {*row["done_steps"], current}]
        # What comes right after the current one is left out: whether it is presented in time is
        # a matter of luck.
        given = [current] * 6 + row["done_steps"][-3:] * 2 + after[1:4] + ["ws_unknown"]
        dice.shuffle(given)
        told = {
            form: await asyncio.gather(
                *(complete(form, one, guide.id, step_id) for step_id in given if step_id)
            )
            for form, one in people.items()
        }
        for form in FORMS:
            assert sum(answer.completed_now for answer in told[form]) == (current is not None)
            assert sum(answer.is_refused for answer in told[form]) == len(after[1:4]) + 1
        places = [await the_row(world, PLACE, one.scope.end_user_id) for one in people.values()]
        assert len(set(map(str, places))) == 1
        if number % 2:
            await steps.insert(author(world), guide.id, details=step("New"), position=1)
    logged = [
        [row["step_id"] for row in await world.owner.fetch(LOGGED, one.scope.end_user_id)]
        for one in people.values()
    ]
    assert logged[0] == logged[1] == logged[2] == places[0]["done_steps"]


async def test_whatever_the_crowd_sends_the_answers_fit_one_order_of_events(world: World) -> None:
    guide = await world.guide(10)
    for attempt in range(scaled(30)):
        one = await walker(world, f"user-{attempt}")
        await one.start(guide.id)
        given = guide.steps * 3
        random.Random(attempt).shuffle(given)
        told = await asyncio.gather(
            *(complete("mixed", one, guide.id, step_id) for step_id in given)
        )
        done = (await the_row(world, PLACE, one.scope.end_user_id))["done_steps"]
        assert done == guide.steps[: len(done)]
        for step_id, answer in zip(given, told, strict=True):
            # The answer describes the moment after so many steps, whichever call did them.
            after = answer.completed
            assert answer.step == (guide.steps[after] if after < len(guide.steps) else None)
            if answer.completed_now:
                assert guide.steps[after - 1] == step_id
            assert answer.is_refused == (step_id in guide.steps[after:])
        firsts = [
            step_id for step_id, answer in zip(given, told, strict=True) if answer.completed_now
        ]
        assert sorted(firsts) == sorted(done)
