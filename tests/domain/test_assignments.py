"""Which walkthroughs a server offers."""

import asyncio

import pytest

from app.core.errors import Invalid, NotFound
from app.core.scope import OrganizationScope
from app.domain import assignments, servers, walkthroughs
from app.domain.edits import RevisionMismatch
from tests.support.authoring import found, open_server, write

pytestmark = pytest.mark.usefixtures("database")


async def assigned(scope: OrganizationScope, server_id: str, *titles: str) -> list[str]:
    """The ids of new walkthroughs of these titles, assigned in this order."""
    walkthrough_ids = []
    for title in titles:
        walkthrough = await write(scope, "One", title=title, is_published=True)
        await assignments.assign(scope, server_id, walkthrough_id=walkthrough.id)
        walkthrough_ids.append(walkthrough.id)
    return walkthrough_ids


async def listed(scope: OrganizationScope, server_id: str) -> list[tuple[str, int, bool]]:
    present = await assignments.of_server(scope, server_id)
    return [(one.walkthrough_id, one.display_order, one.is_enabled) for one in present]


async def revision(scope: OrganizationScope, server_id: str) -> int:
    return (await servers.by_id(scope, server_id)).assignments_revision


async def test_walkthroughs_are_assigned_one_after_the_other() -> None:
    scope = await found()
    server = await open_server(scope)
    one, two = await assigned(scope, server.id, "One", "Two")
    assert await listed(scope, server.id) == [(one, 1, True), (two, 2, True)]
    after = await servers.by_id(scope, server.id)
    assert (after.assignments_revision, after.revision) == (3, 1)


async def test_assigning_again_changes_nothing() -> None:
    scope = await found()
    server = await open_server(scope)
    (one,) = await assigned(scope, server.id, "One")
    await assignments.set_enabled(scope, server.id, walkthrough_id=one, is_enabled=False)
    again = await assignments.assign(scope, server.id, walkthrough_id=one)
    assert not again.is_enabled
    assert await listed(scope, server.id) == [(one, 1, False)]
    assert await revision(scope, server.id) == 3


async def test_an_assignment_is_disabled_and_enabled_in_its_place() -> None:
    scope = await found()
    server = await open_server(scope)
    one, two = await assigned(scope, server.id, "One", "Two")
    for is_enabled in (False, False, True):
        await assignments.set_enabled(scope, server.id, walkthrough_id=one, is_enabled=is_enabled)
        assert await listed(scope, server.id) == [(one, 1, is_enabled), (two, 2, True)]
    assert await revision(scope, server.id) == 5


async def test_the_order_of_assignments_is_the_authors() -> None:
    scope = await found()
    server = await open_server(scope)
    one, two, three = await assigned(scope, server.id, "One", "Two", "Three")
    ordered = await assignments.order(scope, server.id, walkthrough_ids=[three, one, two])
    assert [one.walkthrough_id for one in ordered] == [three, one, two]
    assert [order for _, order, _ in await listed(scope, server.id)] == [1, 2, 3]
    before = await servers.by_id(scope, server.id)
    again = await assignments.order(scope, server.id, walkthrough_ids=[three, one, two])
    assert again == ordered
    assert await servers.by_id(scope, server.id) == before
    for wrong in ([one], [one, two, two], [one, two, three, "wt_unknown"]):
        with pytest.raises(Invalid) as refused:
            await assignments.order(scope, server.id, walkthrough_ids=wrong)
        assert refused.value.field == "walkthroughIds"


async def test_a_walkthrough_is_taken_off_a_server() -> None:
    scope = await found()
    server = await open_server(scope)
    one, two = await assigned(scope, server.id, "One", "Two")
    await assignments.unassign(scope, server.id, walkthrough_id=one)
    assert await listed(scope, server.id) == [(two, 2, True)]
    assert await revision(scope, server.id) == 4
    with pytest.raises(NotFound):
        await assignments.unassign(scope, server.id, walkthrough_id=one)
    with pytest.raises(NotFound):
        await assignments.set_enabled(scope, server.id, walkthrough_id=one, is_enabled=False)


async def test_deleting_a_walkthrough_is_a_write_to_the_servers_that_offered_it() -> None:
    scope = await found()
    offering = await open_server(scope, "acme-one")
    other = await open_server(scope, "acme-two")
    (one,) = await assigned(scope, offering.id, "One")
    await walkthroughs.delete(scope, one)
    assert await listed(scope, offering.id) == []
    assert await revision(scope, offering.id) == 3
    assert await revision(scope, other.id) == 1


async def test_a_write_based_on_another_revision_is_refused() -> None:
    scope = await found()
    server = await open_server(scope)
    one, two = await assigned(scope, server.id, "One", "Two")
    attempts = [
        assignments.assign(scope, server.id, walkthrough_id=one, expected_revision=1),
        assignments.unassign(scope, server.id, walkthrough_id=one, expected_revision=1),
        assignments.set_enabled(
            scope, server.id, walkthrough_id=one, is_enabled=False, expected_revision=1
        ),
        assignments.order(scope, server.id, walkthrough_ids=[two, one], expected_revision=1),
    ]
    for attempt in attempts:
        with pytest.raises(RevisionMismatch):
            await attempt
    assert await listed(scope, server.id) == [(one, 1, True), (two, 2, True)]


async def test_what_belongs_to_another_organization_reads_as_absent() -> None:
    scope = await found()
    server = await open_server(scope)
    (one,) = await assigned(scope, server.id, "One")
    stranger = await found("stranger")
    own_server = await open_server(stranger, "stranger-docs")
    own = await write(stranger, "One")
    attempts = [
        assignments.of_server(stranger, server.id),
        assignments.assign(stranger, server.id, walkthrough_id=own.id),
        assignments.assign(stranger, own_server.id, walkthrough_id=one),
        assignments.unassign(stranger, server.id, walkthrough_id=one),
        assignments.set_enabled(stranger, server.id, walkthrough_id=one, is_enabled=False),
        assignments.order(stranger, server.id, walkthrough_ids=[one]),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            await attempt
    assert await listed(scope, server.id) == [(one, 1, True)]
    assert await listed(stranger, own_server.id) == []


async def test_walkthroughs_deleted_while_they_are_assigned_leave_nothing_behind() -> None:
    scope = await found()
    server = await open_server(scope)
    made = [await write(scope, title=f"Guide {number}") for number in range(10)]
    results = await asyncio.gather(
        *(assignments.assign(scope, server.id, walkthrough_id=one.id) for one in made),
        *(walkthroughs.delete(scope, one.id) for one in made),
        return_exceptions=True,
    )
    assert {type(result) for result in results} <= {assignments.Assignment, type(None), NotFound}
    assert await listed(scope, server.id) == []


async def test_concurrent_assignments_get_an_order_each() -> None:
    scope = await found()
    server = await open_server(scope)
    made = [await write(scope, title=f"Guide {number}") for number in range(20)]
    await asyncio.gather(
        *(assignments.assign(scope, server.id, walkthrough_id=one.id) for one in made)
    )
    orders = [order for _, order, _ in await listed(scope, server.id)]
    assert orders == list(range(1, 21))
    assert await revision(scope, server.id) == 21
