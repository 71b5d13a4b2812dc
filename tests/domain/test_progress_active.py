"""Which walkthrough a call acts on, and what is said when it is not available: product.md §3."""

from collections.abc import Awaitable, Callable

import pytest

from app.domain import assignments, steps, walkthroughs
from app.domain.progress import (
    NothingActive,
    StepNotPresented,
    WalkthroughNotFound,
    WalkthroughUnavailable,
    named,
)
from tests.support.authoring import step
from tests.support.walking import author, sibling, step_ids, walker
from tests.support.world import Guide, World, make_world

Edit = Callable[[World, Guide], Awaitable[object]]


async def unpublish(world: World, guide: Guide) -> None:
    await walkthroughs.unpublish(author(world), guide.id)


async def republish(world: World, guide: Guide) -> None:
    await walkthroughs.publish(author(world), guide.id)


async def archive(world: World, guide: Guide) -> None:
    await walkthroughs.archive(author(world), guide.id)


async def unassign(world: World, guide: Guide) -> None:
    await assignments.unassign(author(world), world.server_id, walkthrough_id=guide.id)


async def assign(world: World, guide: Guide) -> None:
    await assignments.assign(author(world), world.server_id, walkthrough_id=guide.id)


async def disable(world: World, guide: Guide) -> None:
    await assignments.set_enabled(
        author(world), world.server_id, walkthrough_id=guide.id, is_enabled=False
    )


async def enable(world: World, guide: Guide) -> None:
    await assignments.set_enabled(
        author(world), world.server_id, walkthrough_id=guide.id, is_enabled=True
    )


WAYS = pytest.mark.parametrize(
    ("take_away", "bring_back"),
    [(unpublish, republish), (archive, republish), (unassign, assign), (disable, enable)],
)


# Which one


async def test_a_call_without_an_id_acts_on_the_most_recently_active_one(world: World) -> None:
    first = await world.guide(2)
    second = await world.guide(2, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.start(second.id)
    seen = [await ann.look()]
    await ann.start(first.id)
    seen.append(await ann.look())
    assert step_ids(*seen) == [second.steps[0], first.steps[0]]


async def test_a_steps_id_makes_its_walkthrough_the_active_one(world: World) -> None:
    first = await world.guide(3)
    second = await world.guide(3, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.start(second.id)
    seen = [await ann.complete(first.steps[0]), await ann.look(), await ann.go_on()]
    assert step_ids(*seen) == [first.steps[1], first.steps[1], first.steps[2]]


async def test_a_retry_makes_its_walkthrough_the_active_one_as_well(world: World) -> None:
    first = await world.guide(3)
    second = await world.guide(3, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.complete(first.steps[0])
    await ann.start(second.id)
    seen = [await ann.complete(first.steps[0]), await ann.look()]
    assert step_ids(*seen) == [first.steps[1], first.steps[1]]


async def test_a_removed_steps_id_leads_to_the_walkthrough_it_was_in(world: World) -> None:
    first = await world.guide(4)
    second = await world.guide(3, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.complete(first.steps[0])
    await ann.start(second.id)
    for step_id in first.steps[:2]:
        await steps.delete(author(world), step_id)
    seen = [await ann.complete(first.steps[0])]
    await ann.start(second.id)
    seen.append(await ann.complete(first.steps[1]))
    assert step_ids(*seen) == [first.steps[2], first.steps[2]]


async def test_a_refused_step_makes_nothing_active(world: World) -> None:
    first = await world.guide(3)
    second = await world.guide(3, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.start(second.id)
    with pytest.raises(StepNotPresented) as refusal:
        await ann.complete(first.steps[2])
    assert step_ids(refusal.value.presentation, await ann.look()) == [
        first.steps[0],
        second.steps[0],
    ]


async def test_a_finished_walkthrough_is_passed_over_for_an_unfinished_one(world: World) -> None:
    first = await world.guide(2)
    second = await world.guide(1, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.start(second.id)
    await ann.complete(second.steps[0])
    assert step_ids(await ann.look()) == [first.steps[0]]


async def test_when_all_are_finished_the_last_one_is_said_to_be_completed(world: World) -> None:
    guide = await world.guide(1)
    other = await world.guide(1, title="Another")
    ann = await walker(world)
    for one in (other, guide):
        await ann.start(one.id)
        await ann.complete(one.steps[0])
    for _ in range(2):
        seen = await ann.look()
        assert (seen.walkthrough_id, seen.step) == (guide.id, None)
        assert (seen.completed_steps, seen.total_steps, seen.percent) == (1, 1, 100)


async def test_a_finished_walkthrough_that_got_a_step_is_a_candidate_again(world: World) -> None:
    guide = await world.guide(1)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    new = await steps.insert(author(world), guide.id, details=step("New"))
    assert step_ids(await ann.look()) == [new.step.id]


async def test_the_named_walkthrough_is_acted_on_whichever_is_active(world: World) -> None:
    first = await world.guide(3)
    second = await world.guide(3, title="Another")
    ann = await walker(world)
    await ann.start(first.id)
    await ann.start(second.id)
    seen = [await ann.go_on(walkthrough_id=first.id), await ann.look()]
    assert step_ids(*seen) == [first.steps[1], first.steps[1]]


async def test_nothing_is_active_before_anything_was_started(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    with pytest.raises(NothingActive):
        await ann.look()
    with pytest.raises(NothingActive):
        await ann.complete(guide.steps[0])
    with pytest.raises(NothingActive):
        await ann.go_on(walkthrough_id=guide.id)
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 0


async def test_a_walkthrough_of_another_organization_reads_as_one_that_does_not_exist(
    world: World,
) -> None:
    stranger = await make_world(world.owner, slug="strangers")
    theirs = await stranger.guide(2)
    ann = await walker(world)
    for walkthrough_id in (theirs.id, "wt_unknown"):
        with pytest.raises(WalkthroughNotFound) as missing:
            await ann.start(walkthrough_id)
        assert missing.value.message == f"Walkthrough '{walkthrough_id}' not found"
        assert await ann.status(walkthrough_id) is None
        assert await ann.reset(walkthrough_id) is None
    assert await world.owner.fetchval("SELECT count(*) FROM progress") == 0


async def test_what_is_not_available_cannot_be_started(world: World) -> None:
    draft = await world.guide(2, title="Draft", status="draft")
    unassigned = await world.guide(2, title="Unassigned", assigned=False)
    empty = await world.guide(0, title="Empty")
    ann = await walker(world)
    assert await ann.offered() == ()
    for guide in (draft, unassigned, empty):
        with pytest.raises(WalkthroughNotFound):
            await ann.start(guide.id)


async def test_walkthroughs_are_listed_by_display_order_then_title(world: World) -> None:
    titles = ["Zebra", "Apple", "Mango"]
    guides = [await world.guide(1, title=title) for title in titles]
    ann = await walker(world)
    await world.owner.execute("UPDATE assignment SET display_order = 1")
    await world.owner.execute(
        "UPDATE assignment SET display_order = 0 WHERE walkthrough_id = $1", guides[0].id
    )
    assert [one.title for one in await ann.offered()] == ["Zebra", "Apple", "Mango"]


async def test_a_name_is_an_id_an_exact_title_or_an_unambiguous_one(world: World) -> None:
    guides = [await world.guide(1, title=title) for title in ("Install", "INSTALL", "Deploy")]
    offered = await (await walker(world)).offered()
    found = {
        name: one.id if (one := named(offered, name)) else None
        for name in (guides[2].id, "INSTALL", "install", "dePLOY", "nothing")
    }
    assert found == {
        guides[2].id: guides[2].id,
        "INSTALL": guides[1].id,
        "install": None,
        "dePLOY": guides[2].id,
        "nothing": None,
    }


# Not available any more


@WAYS
async def test_progress_is_kept_while_a_walkthrough_is_not_available(
    world: World, take_away: Edit, bring_back: Edit
) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    before = await world.owner.fetchrow("SELECT * FROM progress")
    await take_away(world, guide)
    calls: list[Callable[[], Awaitable[object]]] = [
        ann.look,
        ann.go_on,
        lambda: ann.look(walkthrough_id=guide.id),
        lambda: ann.complete(guide.steps[1]),
        lambda: ann.complete(guide.steps[0]),
        lambda: ann.start(guide.id),
        lambda: ann.start(guide.id, restart=True),
    ]
    for call in calls:
        with pytest.raises(WalkthroughUnavailable) as unavailable:
            await call()
        assert unavailable.value.title == guide.title
    assert await ann.status(guide.id) is None
    assert await ann.reset(guide.id) is None
    assert await ann.offered() == ()
    assert await world.owner.fetchrow("SELECT * FROM progress") == before
    await bring_back(world, guide)
    back = await ann.look()
    assert (step_ids(back), back.completed_steps) == ([guide.steps[1]], 1)


async def test_a_walkthrough_whose_steps_were_all_removed_is_not_available(world: World) -> None:
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    for step_id in guide.steps:
        await steps.delete(author(world), step_id)
    for step_id in guide.steps:
        with pytest.raises(WalkthroughUnavailable):
            await ann.complete(step_id)
    with pytest.raises(WalkthroughUnavailable):
        await ann.look()
    new = await steps.insert(author(world), guide.id, details=step("New"))
    back = await ann.look()
    assert (step_ids(back), back.completed_steps, back.total_steps, back.percent) == (
        [new.step.id], 0, 1, 0,
    )  # fmt: skip


@WAYS
async def test_when_the_active_one_went_away_the_other_is_presented_and_that_is_said(
    world: World, take_away: Edit, bring_back: Edit
) -> None:
    other = await world.guide(3, title="Another")
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(other.id)
    await ann.start(guide.id)
    await take_away(world, guide)
    seen = [await ann.look(), await ann.look()]
    assert step_ids(*seen) == [other.steps[0]] * 2
    assert [one.interrupted for one in seen] == [guide.title, None]
    await bring_back(world, guide)
    assert step_ids(await ann.start(guide.id)) == [guide.steps[0]]


async def test_going_on_never_completes_a_step_of_another_walkthrough_unasked(
    world: World,
) -> None:
    other = await world.guide(3, title="Another")
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(other.id)
    await ann.start(guide.id)
    await unpublish(world, guide)
    seen = [await ann.go_on(), await ann.go_on()]
    assert step_ids(*seen) == [other.steps[0], other.steps[1]]
    assert [(one.interrupted, one.completed_now) for one in seen] == [
        (guide.title, False),
        (None, True),
    ]


async def test_when_the_active_one_went_away_a_finished_one_is_no_answer(world: World) -> None:
    other = await world.guide(1, title="Another")
    guide = await world.guide(2)
    ann = await walker(world)
    await ann.start(other.id)
    await ann.complete(other.steps[0])
    await ann.start(guide.id)
    await unpublish(world, guide)
    with pytest.raises(WalkthroughUnavailable) as unavailable:
        await ann.look()
    assert unavailable.value.title == guide.title


async def test_a_finished_one_that_went_away_interrupts_nothing(world: World) -> None:
    other = await world.guide(2, title="Another")
    guide = await world.guide(1)
    ann = await walker(world)
    await ann.start(other.id)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await unpublish(world, guide)
    seen = await ann.look()
    assert (step_ids(seen), seen.interrupted) == ([other.steps[0]], None)


async def test_a_step_of_a_finished_one_that_went_away_is_answered_so(world: World) -> None:
    other = await world.guide(2, title="Another")
    guide = await world.guide(1)
    ann = await walker(world)
    await ann.start(other.id)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    await unpublish(world, guide)
    with pytest.raises(WalkthroughUnavailable):
        await ann.complete(guide.steps[0])
    with pytest.raises(WalkthroughUnavailable):
        await ann.start(guide.id)


async def test_a_removed_step_of_one_that_went_away_is_answered_so(world: World) -> None:
    guide = await world.guide(3)
    ann = await walker(world)
    await ann.start(guide.id)
    await ann.complete(guide.steps[0])
    for step_id in guide.steps[:2]:
        await steps.delete(author(world), step_id)
    await unpublish(world, guide)
    for step_id in guide.steps[:2]:
        with pytest.raises(WalkthroughUnavailable):
            await ann.complete(step_id)


# Several servers


async def test_progress_is_one_on_all_servers_that_offer_the_walkthrough(world: World) -> None:
    guide = await world.guide(3)
    labs = await sibling(world)
    await assign(labs, guide)
    here, there = await walker(world), await walker(labs)
    assert here.scope.end_user_id == there.scope.end_user_id
    await here.start(guide.id)
    seen = [await there.look(), await there.complete(guide.steps[0]), await here.look()]
    assert step_ids(*seen) == [guide.steps[0], guide.steps[1], guide.steps[1]]


async def test_what_another_server_offers_can_neither_be_started_nor_completed_here(
    world: World,
) -> None:
    guide = await world.guide(3)
    labs = await sibling(world)
    other = await labs.guide(3, title="Another")
    here, there = await walker(world), await walker(labs)
    await here.start(guide.id)
    await there.start(other.id)
    before = await world.owner.fetch("SELECT * FROM progress ORDER BY id")
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: here.start(other.id),
        lambda: here.complete(other.steps[0]),
        lambda: here.go_on(walkthrough_id=other.id),
    ]
    for call in calls:
        with pytest.raises(WalkthroughUnavailable):
            await call()
    assert await world.owner.fetch("SELECT * FROM progress ORDER BY id") == before


async def test_a_call_without_an_id_keeps_to_what_this_server_offers(world: World) -> None:
    guide = await world.guide(3)
    labs = await sibling(world)
    other = await labs.guide(3, title="Another")
    here, there = await walker(world), await walker(labs)
    await here.start(guide.id)
    await there.start(other.id)
    seen = [await here.look(), await here.go_on(), await there.look()]
    assert step_ids(*seen) == [guide.steps[0], guide.steps[1], other.steps[0]]
    assert [one.interrupted for one in seen] == [None, None, None]


async def test_what_went_away_here_goes_on_where_it_is_still_offered(world: World) -> None:
    guide = await world.guide(3)
    labs = await sibling(world)
    await assign(labs, guide)
    here, there = await walker(world), await walker(labs)
    await here.start(guide.id)
    await unassign(world, guide)
    with pytest.raises(WalkthroughUnavailable):
        await here.look()
    assert step_ids(await there.complete(guide.steps[0])) == [guide.steps[1]]
