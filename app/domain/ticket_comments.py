"""Comments on tickets, which belong to whoever wrote them: a member, or an API key."""

from app.core.enums import ActivityType
from app.core.errors import Conflict, NotAllowed, NotFound
from app.core.scope import MemberScope, OrganizationScope
from app.domain import ticket_desk
from app.domain.ticket_desk import TicketWritten, check_comment
from app.repositories import database
from app.repositories.ticket_desk import Activities, Activity

__all__ = ["CommentWithdrawn", "NotOwnComment", "add", "by_id", "edit", "is_own", "withdraw"]


class NotOwnComment(NotAllowed):
    """Someone else wrote the comment."""

    code = "not_own_comment"


class CommentWithdrawn(Conflict):
    """The comment's text is gone, so it cannot be edited."""

    code = "comment_withdrawn"


async def by_id(scope: OrganizationScope, comment_id: str) -> Activity:
    """The comment, withdrawn or not. Raises NotFound."""
    async with database.connection(scope):
        found = await Activities(scope).by_id(comment_id)
    if found is None or found.type is not ActivityType.COMMENT:
        message = "There is no such comment."
        raise NotFound(message)
    return found


async def add(
    scope: MemberScope, ticket_id: str, *, body: str, expected_revision: int | None = None
) -> TicketWritten:
    """Comment on a ticket. Raises NotFound, Invalid, RevisionMismatch and HistoryFull."""
    check_comment("body", body)
    async with database.transaction(scope):
        ticket = await ticket_desk.held(scope, ticket_id, expected_revision=expected_revision)
        comment_id = await ticket_desk.add_activity(
            scope, ticket_id, kind=ActivityType.COMMENT, body=body
        )
        await ticket_desk.saved(scope, ticket)
        return TicketWritten(ticket_id=ticket_id, activity_id=comment_id)


async def edit(
    scope: MemberScope, comment_id: str, *, body: str, expected_revision: int | None = None
) -> TicketWritten:
    """Put another text in the place of one's own comment; what it said before is kept nowhere.

    Raises NotFound, Invalid, NotOwnComment, CommentWithdrawn and RevisionMismatch.
    """
    check_comment("body", body)
    async with database.transaction(scope):
        comment = await _held(scope, comment_id, expected_revision)
        if comment.withdrawn_at is not None:
            message = "The comment was withdrawn. Write another one."
            raise CommentWithdrawn(message)
        if comment.body != body:
            await Activities(scope).rewrite(comment_id, body)
            await _note(scope, comment)
        return TicketWritten(ticket_id=comment.ticket_id, activity_id=comment_id)


async def withdraw(
    scope: MemberScope, comment_id: str, *, expected_revision: int | None = None
) -> TicketWritten:
    """Take one's own comment back: its text is gone for good, its place in the history stays.

    Raises NotFound, NotOwnComment and RevisionMismatch.
    """
    async with database.transaction(scope):
        comment = await _held(scope, comment_id, expected_revision)
        if comment.withdrawn_at is None:
            await Activities(scope).erase(comment_id)
            await _note(scope, comment)
        return TicketWritten(ticket_id=comment.ticket_id, activity_id=comment_id)


def is_own(scope: MemberScope, activity: Activity) -> bool:
    """Whether the scope's actor wrote it."""
    return (activity.author_kind, activity.author_id) == (scope.actor_kind, scope.actor_id)


async def _held(scope: MemberScope, comment_id: str, expected_revision: int | None) -> Activity:
    """The actor's own comment, whose ticket is held."""
    ticket_id = (await by_id(scope, comment_id)).ticket_id
    await ticket_desk.held(scope, ticket_id, expected_revision=expected_revision)
    comment = await by_id(scope, comment_id)
    if not is_own(scope, comment):
        message = "Someone else wrote this comment, and only they can change it."
        raise NotOwnComment(message)
    return comment


async def _note(scope: MemberScope, comment: Activity) -> None:
    await ticket_desk.saved(scope, await ticket_desk.held(scope, comment.ticket_id))
