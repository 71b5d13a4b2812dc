"""Assignments: which walkthroughs a server offers, and in which order.

Writers hold the walkthrough's row (where one comes or goes) and then the server's, in this order.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.core import clock
from app.core.errors import Invalid, NotFound
from app.core.scope import OrganizationScope
from app.domain import servers, walkthroughs
from app.domain.edits import require_revision
from app.domain.servers import Server
from app.repositories import database
from app.repositories.assignments import Assignment, Assignments
from app.repositories.servers import Servers

__all__ = ["Assignment", "assign", "of_server", "order", "set_enabled", "unassign"]


async def of_server(scope: OrganizationScope, server_id: str) -> tuple[Assignment, ...]:
    """A server's assignments, disabled ones too, as they are listed. Raises NotFound."""
    async with database.connection(scope):
        await servers.by_id(scope, server_id)
        return await Assignments(scope).of_server(server_id)


async def assign(
    scope: OrganizationScope,
    server_id: str,
    *,
    walkthrough_id: str,
    expected_revision: int | None = None,
) -> Assignment:
    """Offer a walkthrough on a server, after all others; one that is there stays as it is.

    Raises NotFound for either, and RevisionMismatch (of the server's assignments).
    """
    async with database.transaction(scope):
        await walkthroughs.held(scope, walkthrough_id)
        server = await _held(scope, server_id, expected_revision=expected_revision)
        present = await Assignments(scope).of_server(server_id)
        for assignment in present:
            if assignment.walkthrough_id == walkthrough_id:
                return assignment
        last = max((assignment.display_order for assignment in present), default=0)
        added = await Assignments(scope).insert(server_id, walkthrough_id, display_order=last + 1)
        await _edited(scope, server)
        return added


async def unassign(
    scope: OrganizationScope,
    server_id: str,
    *,
    walkthrough_id: str,
    expected_revision: int | None = None,
) -> None:
    """Take a walkthrough off a server; its end users' progress is kept.

    Raises NotFound and RevisionMismatch (of the server's assignments).
    """
    async with database.transaction(scope):
        server = await _held(scope, server_id, expected_revision=expected_revision)
        assignment = await _existing(scope, server_id, walkthrough_id)
        await Assignments(scope).delete(assignment.id)
        await _edited(scope, server)


async def set_enabled(
    scope: OrganizationScope,
    server_id: str,
    *,
    walkthrough_id: str,
    is_enabled: bool,
    expected_revision: int | None = None,
) -> Assignment:
    """Offer an assigned walkthrough, or stop offering it without losing its place.

    Raises NotFound and RevisionMismatch (of the server's assignments).
    """
    async with database.transaction(scope):
        server = await _held(scope, server_id, expected_revision=expected_revision)
        assignment = await _existing(scope, server_id, walkthrough_id)
        if assignment.is_enabled == is_enabled:
            return assignment
        await Assignments(scope).set_enabled(assignment.id, is_enabled=is_enabled)
        await _edited(scope, server)
        return replace(assignment, is_enabled=is_enabled)


async def order(
    scope: OrganizationScope,
    server_id: str,
    *,
    walkthrough_ids: Sequence[str],
    expected_revision: int | None = None,
) -> tuple[Assignment, ...]:
    """List a server's walkthroughs in this order.

    Raises NotFound, RevisionMismatch (of the server's assignments), and Invalid unless
    `walkthrough_ids` has each assigned walkthrough once.
    """
    async with database.transaction(scope):
        server = await _held(scope, server_id, expected_revision=expected_revision)
        present = await Assignments(scope).of_server(server_id)
        if sorted(walkthrough_ids) != sorted(one.walkthrough_id for one in present):
            message = "walkthroughIds must contain each assigned walkthrough exactly once."
            raise Invalid(message, field="walkthroughIds", code="not_a_permutation")
        if [one.walkthrough_id for one in present] == list(walkthrough_ids):
            return present
        await Assignments(scope).arrange(server_id, walkthrough_ids)
        await _edited(scope, server)
        return await Assignments(scope).of_server(server_id)


async def _held(
    scope: OrganizationScope, server_id: str, *, expected_revision: int | None
) -> Server:
    server = await servers.held(scope, server_id)
    require_revision(server.assignments_revision, expected_revision)
    return server


async def _edited(scope: OrganizationScope, server: Server) -> None:
    revision = server.assignments_revision + 1
    await Servers(scope).save(
        replace(server, assignments_revision=revision, updated_at=clock.now())
    )


async def _existing(scope: OrganizationScope, server_id: str, walkthrough_id: str) -> Assignment:
    for assignment in await Assignments(scope).of_server(server_id):
        if assignment.walkthrough_id == walkthrough_id:
            return assignment
    message = "That walkthrough is not assigned to this server."
    raise NotFound(message)
