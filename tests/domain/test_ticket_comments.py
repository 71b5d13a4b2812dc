"""Comments: made by anyone, changed by their authors alone, taken back for good."""

import asyncpg
import pytest

from app.core.enums import KeyScope, Role
from app.core.errors import Invalid, NotFound
from app.core.scope import MemberScope
from app.domain import admission, api_keys, ticket_comments, ticket_desk
from app.domain.edits import RevisionMismatch
from app.domain.ticket_comments import CommentWithdrawn, NotOwnComment
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.tickets import history, opened


async def revision(scope: MemberScope, ticket_id: str) -> int:
    """The ticket's."""
    return (await ticket_desk.by_id(scope, ticket_id)).revision


async def test_a_comment_is_made_and_edited(people: Reception) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    written = await ticket_comments.add(scope, ticket.id, body="Try\nagain.")
    assert written.activity_id is not None
    assert await revision(scope, ticket.id) == 2
    comment = await ticket_comments.by_id(scope, written.activity_id)
    assert (comment.body, comment.author_name, comment.edited_at) == (
        "Try\nagain.",
        "olga@acme.test",
        None,
    )
    await ticket_comments.edit(scope, comment.id, body="Try once more.")
    edited = await ticket_comments.by_id(scope, comment.id)
    assert (edited.body, edited.created_at) == ("Try once more.", comment.created_at)
    assert edited.edited_at is not None
    assert await revision(scope, ticket.id) == 3


async def test_a_withdrawn_comment_leaves_a_tombstone(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(scope, ticket.id, body="Canary.")).activity_id or ""
    await ticket_comments.withdraw(scope, comment_id)
    _, stone = await history(scope, ticket.id)
    assert (stone.id, stone.body, stone.author_name) == (comment_id, None, "olga@acme.test")
    assert stone.withdrawn_at is not None
    assert await revision(scope, ticket.id) == 3
    assert "Canary" not in str(await dump(owner))


async def test_what_is_so_already_changes_nothing(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(scope, ticket.id, body="Same.")).activity_id or ""
    before = await dump(owner)
    await ticket_comments.edit(scope, comment_id, body="Same.")
    assert await dump(owner) == before
    await ticket_comments.withdraw(scope, comment_id)
    withdrawn = await dump(owner)
    await ticket_comments.withdraw(scope, comment_id)
    assert await dump(owner) == withdrawn


async def test_a_withdrawn_comment_is_edited_no_more(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(scope, ticket.id, body="Oops.")).activity_id or ""
    await ticket_comments.withdraw(scope, comment_id)
    before = await dump(owner)
    with pytest.raises(CommentWithdrawn):
        await ticket_comments.edit(scope, comment_id, body="Back again.")
    assert await dump(owner) == before


async def test_nobody_changes_anothers_comment_not_even_an_owner_or_a_key(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    mia = await people.joined(scope, "mia@acme.test", Role.MEMBER)
    issued = await api_keys.issue(scope, name="mia@acme.test", scopes=(KeyScope.TICKETS,))
    key = await admission.api_key(issued.token.reveal())
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(mia, ticket.id, body="Mine.")).activity_id or ""
    before = await dump(owner)
    for other in (scope, key):
        with pytest.raises(NotOwnComment):
            await ticket_comments.edit(other, comment_id, body="Ours.")
        with pytest.raises(NotOwnComment):
            await ticket_comments.withdraw(other, comment_id)
    assert await dump(owner) == before


async def test_a_key_changes_its_own_comment(people: Reception) -> None:
    scope = await people.owner()
    issued = await api_keys.issue(scope, name="Script", scopes=(KeyScope.TICKETS,))
    key = await admission.api_key(issued.token.reveal())
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(key, ticket.id, body="Beep.")).activity_id or ""
    await ticket_comments.edit(key, comment_id, body="Boop.")
    comment = await ticket_comments.by_id(scope, comment_id)
    assert (comment.body, comment.author_name) == ("Boop.", "Script")


@pytest.mark.parametrize(
    ("body", "code"),
    [(" \n", "required"), ("x" * 10_001, "too_long"), ("a\x00b", "invalid_character")],
)
async def test_what_can_be_no_comment_is_refused(
    people: Reception, owner: asyncpg.Connection, body: str, code: str
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(scope, ticket.id, body="x" * 10_000)).activity_id or ""
    before = await dump(owner)
    refusals = []
    for attempt in (
        ticket_comments.add(scope, ticket.id, body=body),
        ticket_comments.edit(scope, comment_id, body=body),
        ticket_desk.set_status(scope, ticket.id, status=ticket.status, comment=body),
    ):
        with pytest.raises(Invalid) as refusal:
            await attempt
        refusals.append((refusal.value.field, refusal.value.code))
    assert refusals == [("body", code), ("body", code), ("comment", code)]
    assert await dump(owner) == before


async def test_only_comments_of_ones_own_organization_are_found(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(scope, ticket.id, body="Ours.")).activity_id or ""
    other = await people.owner("otto@other.test", "other-tools")
    (system, _) = await history(scope, ticket.id)
    before = await dump(owner)
    for stranger, activity_id in ((other, comment_id), (scope, system.id), (scope, "sta_none")):
        with pytest.raises(NotFound):
            await ticket_comments.edit(stranger, activity_id, body="Mine.")
        with pytest.raises(NotFound):
            await ticket_comments.withdraw(stranger, activity_id)
    with pytest.raises(NotFound):
        await ticket_comments.add(other, ticket.id, body="Mine.")
    assert await dump(owner) == before


async def test_whoever_read_an_older_revision_changes_nothing(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    ticket = await opened(scope)
    comment_id = (await ticket_comments.add(scope, ticket.id, body="One.")).activity_id or ""
    before = await dump(owner)
    for attempt in (
        ticket_comments.add(scope, ticket.id, body="Two.", expected_revision=1),
        ticket_comments.edit(scope, comment_id, body="Uno.", expected_revision=1),
        ticket_comments.withdraw(scope, comment_id, expected_revision=1),
    ):
        with pytest.raises(RevisionMismatch):
            await attempt
    assert await dump(owner) == before
