"""For any order of steps and any done ones, SQL's next step and percentage are the rule's."""

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.ids import new_id
from tests.domain.progress_oracle import first_open, percent
from tests.support.own_loop import own_loop
from tests.support.scale import scaled
from tests.support.walking import Walker, walker
from tests.support.world import Guide, World, make_world

PLACES = st.integers(1, 14).flatmap(
    lambda total: st.tuples(
        st.permutations(range(total)), st.sets(st.integers(0, total - 1)), st.integers(0, 3)
    )
)


async def put(
    world: World, order: list[int], done: set[int], removed: int
) -> tuple[Walker, Guide, list[str]]:
    """Someone in a guide of this order, with these of its steps done and some that are gone."""
    guide = await world.guide(len(order), title=new_id("guide"))
    ordered = [guide.steps[index] for index in order]
    await world.owner.execute(
        "UPDATE step SET position = array_position($1, id) WHERE walkthrough_id = $2",
        ordered, guide.id,
    )  # fmt: skip
    ann = await walker(world, new_id("ann"))
    await ann.start(guide.id)
    gone = [new_id("ws") for _ in range(removed)]
    finished = [guide.steps[index] for index in sorted(done)]
    await world.owner.execute(
        "UPDATE progress SET done_steps = $1, counted_shape = 0, current_step_id = NULL,"
        " presented_step_id = NULL WHERE walkthrough_id = $2",
        [*gone, *finished], guide.id,
    )  # fmt: skip
    return ann, Guide(guide.id, guide.title, ordered), finished


async def walk(ann: Walker, guide: Guide, finished: list[str]) -> None:
    """Go to the end; each answer is what the rule says."""
    shown = await ann.look()
    while True:
        expected = first_open(guide.steps, finished)
        assert (shown.step.id if shown.step else None) == expected
        assert (shown.completed_steps, shown.total_steps) == (len(finished), len(guide.steps))
        assert shown.percent == percent(len(finished), len(guide.steps))
        if expected is None:
            return
        finished.append(expected)
        shown = await ann.complete(expected)


@pytest.mark.timeout(scaled(300))
def test_the_next_step_and_the_percentage_are_the_rules_all_the_way_to_the_end(
    database_url: str,
) -> None:
    with own_loop(database_url) as loop:
        owner = loop.run(asyncpg.connect(database_url))
        world = loop.run(make_world(owner))

        @settings(
            max_examples=scaled(100),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(PLACES)
        def walks_by_the_rule(place: tuple[list[int], set[int], int]) -> None:
            loop.run(walk(*loop.run(put(world, *place))))

        try:
            walks_by_the_rule()
        finally:
            loop.run(owner.close())


async def test_every_percentage_up_to_300_steps_is_half_up_and_99_at_most(
    owner: asyncpg.Connection,
) -> None:
    rows = await owner.fetch(
        "SELECT done, total, progress_percent(done, total) AS percent"
        " FROM generate_series(1, 300) AS total, generate_series(0, total) AS done"
    )
    assert [
        tuple(row) for row in rows if row["percent"] != percent(row["done"], row["total"])
    ] == []
    assert len(rows) == sum(range(2, 302))
