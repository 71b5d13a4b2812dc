"""Several members at work on one ticket at once: nothing is lost, and nothing half done."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import asyncpg

from app.core.enums import ActivityType, Role, TicketPriority, TicketStatus
from app.core.errors import NotFound, ProductError
from app.core.scope import MemberScope
from app.domain import members, ticket_comments, ticket_desk
from app.domain.edits import RevisionMismatch
from app.domain.ticket_comments import CommentWithdrawn
from app.domain.ticket_desk import HistoryFull, TicketPatch
from tests.support.people import Reception
from tests.support.scale import scaled
from tests.support.tickets import history, opened

STATUSES = tuple(TicketStatus)


async def outcome(attempt: Awaitable[Any]) -> type[ProductError] | None:
    """The kind of error that it ends with, None where it succeeds."""
    try:
        await attempt
    except ProductError as error:
        return type(error)
    return None


async def two(people: Reception) -> tuple[MemberScope, MemberScope]:
    scope = await people.owner()
    return scope, await people.joined(scope, "mia@acme.test", Role.MEMBER)


async def test_the_same_status_set_by_two_is_noted_once(people: Reception) -> None:
    ann, bob = await two(people)
    ticket = await opened(ann)
    for turn in range(scaled(8)):
        status = STATUSES[(turn + 1) % len(STATUSES)]
        await asyncio.gather(
            *(ticket_desk.set_status(who, ticket.id, status=status) for who in (ann, bob) * 3)
        )
        after = await ticket_desk.by_id(ann, ticket.id)
        assert (after.status, after.revision) == (status, turn + 2)
        assert len(await history(ann, ticket.id)) == turn + 2


async def test_of_two_who_answer_one_revision_one_is_told(people: Reception) -> None:
    ann, bob = await two(people)
    ticket = await opened(ann)
    for turn in range(scaled(6)):
        seen = (await ticket_desk.by_id(ann, ticket.id)).revision
        status = STATUSES[(turn + 1) % len(STATUSES)]
        results = await asyncio.gather(
            outcome(ticket_desk.set_status(ann, ticket.id, status=status, expected_revision=seen)),
            outcome(
                ticket_comments.add(bob, ticket.id, body=f"Turn {turn}", expected_revision=seen)
            ),
            outcome(
                ticket_desk.edit_fields(
                    bob, ticket.id, patch=TicketPatch(title=f"Turn {turn}"), expected_revision=seen
                )
            ),
        )
        assert sorted(results, key=str) == [RevisionMismatch, RevisionMismatch, None]
        assert (await ticket_desk.by_id(ann, ticket.id)).revision == seen + 1


async def test_all_that_is_done_at_once_without_a_revision_is_kept(people: Reception) -> None:
    ann, bob = await two(people)
    ticket = await opened(ann)
    rounds = scaled(6)
    for turn in range(rounds):
        status, priority = STATUSES[(turn + 1) % 4], tuple(TicketPriority)[turn % 2]
        await asyncio.gather(
            ticket_desk.set_status(ann, ticket.id, status=status, comment=f"Ann {turn}"),
            ticket_comments.add(bob, ticket.id, body=f"Bob {turn}"),
            ticket_desk.set_priority(bob, ticket.id, priority=priority),
            ticket_desk.edit_fields(ann, ticket.id, patch=TicketPatch(title=f"Turn {turn}")),
        )
        after = await ticket_desk.by_id(ann, ticket.id)
        assert (after.status, after.priority, after.title) == (status, priority, f"Turn {turn}")
    assert (await ticket_desk.by_id(ann, ticket.id)).revision == 1 + 4 * rounds
    entries = await history(ann, ticket.id)
    bodies = [entry.body for entry in entries if entry.type is ActivityType.COMMENT]
    assert sorted(map(str, bodies)) == sorted(
        f"{who} {turn}" for who in ("Ann", "Bob") for turn in range(rounds)
    )
    times = [entry.created_at for entry in entries]
    assert len(set(times)) == len(times)


async def test_a_comment_edited_and_withdrawn_at_once_is_gone(people: Reception) -> None:
    ann, _ = await two(people)
    ticket = await opened(ann)
    for turn in range(scaled(8)):
        written = await ticket_comments.add(ann, ticket.id, body=f"Turn {turn}")
        comment_id = written.activity_id or ""
        edited, withdrawn = await asyncio.gather(
            outcome(ticket_comments.edit(ann, comment_id, body="Better.")),
            outcome(ticket_comments.withdraw(ann, comment_id)),
        )
        assert withdrawn is None
        assert edited in {None, CommentWithdrawn}
        comment = await ticket_comments.by_id(ann, comment_id)
        assert comment.body is None
        assert comment.withdrawn_at is not None


async def test_a_ticket_given_to_someone_who_leaves_at_once_ends_with_no_one(
    people: Reception,
) -> None:
    ann = await people.owner()
    ticket = await opened(ann)
    revision = 1
    for turn in range(scaled(4)):
        mia = await people.joined(ann, f"mia{turn}@acme.test", Role.MEMBER)
        page = await members.page(ann, limit=100)
        member = next(one for one in page.items if one.user_id == mia.actor_id)
        given, removed = await asyncio.gather(
            outcome(ticket_desk.assign(ann, ticket.id, assignee_id=member.id)),
            outcome(members.remove(ann, member.id)),
        )
        assert removed is None
        assert given in {None, NotFound}
        after = await ticket_desk.by_id(ann, ticket.id)
        assert after.assignee_id is None
        # Given and taken are both told of, or neither happened.
        revision += 0 if given else 2
        entries = await history(ann, ticket.id)
        assert (after.revision, len(entries)) == (revision, revision)


async def test_a_ticket_taken_from_someone_who_leaves_at_once_is_kept(people: Reception) -> None:
    ann = await people.owner()
    ticket = await opened(ann)
    own = next(one.id for one in (await members.page(ann)).items)
    for turn in range(scaled(4)):
        mia = await people.joined(ann, f"mia{turn}@acme.test", Role.MEMBER)
        page = await members.page(ann, limit=100)
        member = next(one for one in page.items if one.user_id == mia.actor_id)
        await ticket_desk.assign(ann, ticket.id, assignee_id=member.id)
        assigned, removed = await asyncio.gather(
            outcome(ticket_desk.assign(ann, ticket.id, assignee_id=own)),
            outcome(members.remove(ann, member.id)),
        )
        assert assigned is removed is None
        assert (await ticket_desk.by_id(ann, ticket.id)).assignee_id == own


async def test_a_history_that_is_nearly_full_takes_exactly_what_it_can(
    people: Reception, owner: asyncpg.Connection
) -> None:
    ann, bob = await two(people)
    ticket = await opened(ann)
    await owner.execute(
        "INSERT INTO activity (id, organization_id, ticket_id, type, detail, created_at)"
        " SELECT 'sta_' || n, $1, $2, 'system', '{}', now() FROM generate_series(1, 996) n",
        ann.organization_id,
        ticket.id,
    )
    results = await asyncio.gather(
        *(outcome(ticket_comments.add(who, ticket.id, body="Me too.")) for who in (ann, bob) * 4)
    )
    assert sorted(results, key=str) == [HistoryFull] * 5 + [None] * 3
    assert await owner.fetchval("SELECT count(*) FROM activity") == 1000
    assert (await ticket_desk.by_id(ann, ticket.id)).revision == 4
