"""Answering tickets: what changes, what is noted of it, and what is refused."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.core import clock
from app.core.enums import ActivityType, ActorKind, Role, TicketPriority, TicketStatus
from app.core.errors import Invalid, NotFound
from app.core.scope import MemberScope
from app.domain import members, ticket_comments, ticket_desk
from app.domain.edits import RevisionMismatch
from app.domain.ticket_desk import HistoryFull, TicketPatch
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.tickets import ask_for_help, history, opened


async def member_id(scope: MemberScope) -> str:
    """The scope's own membership."""
    page = await members.page(scope, limit=100)
    return next(one.id for one in page.items if one.user_id == scope.actor_id)


async def told(scope: MemberScope, ticket_id: str) -> list[tuple[ActivityType, Any]]:
    """What the history tells besides that the ticket was opened."""
    entries = (await history(scope, ticket_id))[1:]
    return [(entry.type, entry.body or entry.detail["changes"]) for entry in entries]


async def test_a_new_ticket_tells_what_was_asked_and_who_opened_it(people: Reception) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    assert (ticket.number, ticket.title) == (1, "It does not start")
    assert (ticket.status, ticket.priority) == (TicketStatus.PENDING, TicketPriority.MEDIUM)
    assert (ticket.email, ticket.assignee_id, ticket.revision) == ("ann@example.com", None, 1)
    (entry,) = await history(scope, ticket.id)
    assert (entry.type, entry.detail) == (ActivityType.SYSTEM, {"event": "opened"})
    assert (entry.author_kind, entry.author_id, entry.author_name) == (None, None, None)


async def test_a_status_is_set_and_noted(people: Reception) -> None:
    scope = await people.owner()
    before = await opened(scope)
    written = await ticket_desk.set_status(scope, before.id, status=TicketStatus.RESOLVED)
    after = await ticket_desk.by_id(scope, before.id)
    assert (after.status, after.revision) == (TicketStatus.RESOLVED, 2)
    assert after.updated_at > before.updated_at
    entry = (await history(scope, before.id))[-1]
    assert entry.id == written.activity_id
    assert (entry.author_kind, entry.author_id, entry.author_name) == (
        ActorKind.USER,
        scope.actor_id,
        "olga@acme.test",
    )
    assert entry.detail == {
        "changes": [{"field": "status", "before": "pending", "after": "resolved"}]
    }


async def test_a_status_comes_with_a_comment_before_it(people: Reception) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    written = await ticket_desk.set_status(
        scope, ticket.id, status=TicketStatus.CLOSED, comment="Done."
    )
    changes = [{"field": "status", "before": "pending", "after": "closed"}]
    assert await told(scope, ticket.id) == [
        (ActivityType.COMMENT, "Done."),
        (ActivityType.STATUS_CHANGE, changes),
    ]
    assert written.activity_id == (await history(scope, ticket.id))[1].id
    assert (await ticket_desk.by_id(scope, ticket.id)).revision == 2


async def test_a_comment_stands_although_the_status_was_set_already(people: Reception) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    await ticket_desk.set_status(scope, ticket.id, status=TicketStatus.PENDING, comment="Soon.")
    assert await told(scope, ticket.id) == [(ActivityType.COMMENT, "Soon.")]


async def test_a_ticket_is_given_to_a_member_and_taken_away(people: Reception) -> None:
    scope = await people.owner()
    ann = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    ticket = await opened(scope)
    await ticket_desk.assign(ann, ticket.id, assignee_id=await member_id(ann))
    assert (await ticket_desk.by_id(scope, ticket.id)).assignee_id == await member_id(ann)
    await ticket_desk.assign(scope, ticket.id, assignee_id=None)
    assert (await ticket_desk.by_id(scope, ticket.id)).assignee_id is None
    assert await told(scope, ticket.id) == [
        (
            ActivityType.ASSIGNMENT,
            [{"field": "assignee", "before": None, "after": "mia@acme.test"}],
        ),
        (
            ActivityType.ASSIGNMENT,
            [{"field": "assignee", "before": "mia@acme.test", "after": None}],
        ),
    ]


async def test_a_member_who_is_removed_leaves_tickets_to_no_one_and_stays_in_histories(
    people: Reception,
) -> None:
    scope = await people.owner()
    mia = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    ticket = await opened(scope)
    await ticket_desk.assign(mia, ticket.id, assignee_id=await member_id(mia))
    await members.remove(scope, await member_id(mia))
    after = await ticket_desk.by_id(scope, ticket.id)
    assert (after.assignee_id, after.revision) == (None, 3)
    _, taken, left = await history(scope, ticket.id)
    assert (taken.author_name, left.author_name) == ("mia@acme.test", "olga@acme.test")
    assert left.detail == {
        "changes": [{"field": "assignee", "before": "mia@acme.test", "after": None}]
    }


async def test_a_priority_is_set_and_decides_who_is_next(people: Reception) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    await ticket_desk.set_priority(scope, ticket.id, priority=TicketPriority.CRITICAL)
    after = await ticket_desk.by_id(scope, ticket.id)
    assert (after.priority, after.urgency) == (TicketPriority.CRITICAL, "00000000001")
    assert after.urgency < ticket.urgency
    assert await told(scope, ticket.id) == [
        (
            ActivityType.FIELD_UPDATE,
            [{"field": "priority", "before": "medium", "after": "critical"}],
        )
    ]


async def test_title_and_context_are_changed_without_keeping_what_they_were(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    patch = TicketPatch(title="Blank screen", context="Version 2")
    written = await ticket_desk.edit_fields(scope, ticket.id, patch=patch)
    assert written.edited == ("title", "context")
    after = await ticket_desk.by_id(scope, ticket.id)
    assert (after.title, after.context, after.problem) == (
        "Blank screen",
        "Version 2",
        "Nothing happens.",
    )
    cleared = await ticket_desk.edit_fields(scope, ticket.id, patch=TicketPatch(context=None))
    assert cleared.edited == ("context",)
    assert await told(scope, ticket.id) == [
        (ActivityType.FIELD_UPDATE, [{"field": "title"}, {"field": "context"}]),
        (ActivityType.FIELD_UPDATE, [{"field": "context"}]),
    ]
    held = await dump(owner)
    del held["tool_call"]  # it has what the agent sent
    assert "It does not start" not in str(held)
    assert "Version 2" not in str(held)


@pytest.mark.parametrize(
    ("field", "patch", "code"),
    [
        ("title", TicketPatch(title=" "), "required"),
        ("title", TicketPatch(title="x" * 201), "too_long"),
        ("title", TicketPatch(title="two\nlines"), "invalid_character"),
        ("context", TicketPatch(context="x" * 1001), "too_long"),
        ("context", TicketPatch(context="\x00"), "invalid_character"),
    ],
)
async def test_words_that_cannot_be_kept_are_refused(
    people: Reception, owner: asyncpg.Connection, field: str, patch: TicketPatch, code: str
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    before = await dump(owner)
    with pytest.raises(Invalid) as refusal:
        await ticket_desk.edit_fields(scope, ticket.id, patch=patch)
    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert await dump(owner) == before


async def test_what_is_so_already_changes_nothing(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    before = await dump(owner)
    patch = TicketPatch(title=ticket.title, context=ticket.context)
    for written in (
        await ticket_desk.set_status(scope, ticket.id, status=ticket.status),
        await ticket_desk.set_priority(scope, ticket.id, priority=ticket.priority),
        await ticket_desk.assign(scope, ticket.id, assignee_id=None),
        await ticket_desk.edit_fields(scope, ticket.id, patch=patch),
        await ticket_desk.edit_fields(scope, ticket.id, patch=TicketPatch()),
    ):
        assert (written.ticket_id, written.activity_id) == (ticket.id, None)
    assert await dump(owner) == before


async def test_whoever_read_an_older_revision_changes_nothing(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    await ticket_desk.set_priority(scope, ticket.id, priority=TicketPriority.LOW)
    before = await dump(owner)
    for attempt in (
        ticket_desk.set_status(scope, ticket.id, status=TicketStatus.CLOSED, expected_revision=1),
        ticket_desk.set_priority(
            scope, ticket.id, priority=TicketPriority.HIGH, expected_revision=1
        ),
        ticket_desk.assign(
            scope, ticket.id, assignee_id=await member_id(scope), expected_revision=1
        ),
        ticket_desk.edit_fields(
            scope, ticket.id, patch=TicketPatch(title="Mine"), expected_revision=1
        ),
    ):
        with pytest.raises(RevisionMismatch):
            await attempt
    assert await dump(owner) == before


async def test_another_organizations_ticket_and_members_are_not_found(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    other = await people.owner("otto@other.test", "other-tools")
    others = await opened(other, slug="other-docs")
    before = await dump(owner)
    status = TicketStatus.CLOSED
    for attempt in (
        ticket_desk.by_id(other, ticket.id),
        ticket_desk.set_status(other, ticket.id, status=status, comment="Mine."),
        ticket_desk.set_priority(other, ticket.id, priority=TicketPriority.HIGH),
        ticket_desk.assign(other, ticket.id, assignee_id=await member_id(other)),
        ticket_desk.edit_fields(other, ticket.id, patch=TicketPatch(title="Mine")),
    ):
        with pytest.raises(NotFound):
            await attempt
    for stranger in (await member_id(scope), scope.actor_id, "mbr_none"):
        with pytest.raises(NotFound) as refusal:
            await ticket_desk.assign(other, others.id, assignee_id=stranger)
        assert refusal.value.field == "assigneeId"
    assert await dump(owner) == before


async def test_a_full_history_takes_no_more_and_leaves_the_ticket_as_it_was(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    await owner.execute(
        "INSERT INTO activity (id, organization_id, ticket_id, type, detail, created_at)"
        " SELECT 'sta_' || n, $1, $2, 'system', '{}', $3 FROM generate_series(1, 1098) n",
        scope.organization_id,
        ticket.id,
        clock.now(),
    )
    await ticket_desk.set_priority(scope, ticket.id, priority=TicketPriority.LOW)
    before = await dump(owner)
    with pytest.raises(HistoryFull):
        await ticket_desk.set_status(scope, ticket.id, status=TicketStatus.CLOSED)
    assert await dump(owner) == before


async def test_a_ticket_that_takes_no_more_comments_can_still_be_closed(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    await owner.execute(
        "INSERT INTO activity (id, organization_id, ticket_id, type, detail, created_at)"
        " SELECT 'sta_' || n, $1, $2, 'system', '{}', $3 FROM generate_series(1, 999) n",
        scope.organization_id,
        ticket.id,
        clock.now(),
    )
    with pytest.raises(HistoryFull):
        await ticket_comments.add(scope, ticket.id, body="One more.")
    await ticket_desk.set_status(scope, ticket.id, status=TicketStatus.CLOSED)
    assert (await ticket_desk.by_id(scope, ticket.id)).status is TicketStatus.CLOSED


async def test_a_history_stays_in_order_although_clocks_differ(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    ahead = clock.now() + timedelta(hours=1)
    await owner.execute("UPDATE activity SET created_at = $1", ahead)
    for priority in (TicketPriority.LOW, TicketPriority.HIGH):
        await ticket_desk.set_priority(scope, ticket.id, priority=priority)
    _, low, high = await history(scope, ticket.id)
    assert low.created_at == ahead + timedelta(microseconds=1)
    assert [low.detail["changes"][0]["after"], high.detail["changes"][0]["after"]] == [
        "low",
        "high",
    ]


async def test_a_repeated_request_finds_a_ticket_that_was_changed(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    await ticket_desk.edit_fields(scope, ticket.id, patch=TicketPatch(title="Blank screen"))
    await ticket_desk.set_status(scope, ticket.id, status=TicketStatus.CLOSED, comment="Done.")
    before = await owner.fetch("SELECT * FROM ticket")
    await ask_for_help()
    assert await owner.fetch("SELECT * FROM ticket") == before
    await ask_for_help("Blank screen")
    assert await owner.fetchval("SELECT count(*) FROM ticket") == 2
