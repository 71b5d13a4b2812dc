"""Which walkthroughs a server offers, and in which order."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from app.domain import assignments, looks
from app.domain.changes import Change
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import KEY_FIELD, USER_ERRORS_FIELD, DeletePayload, perform
from app.graphql.servers.types import Assignment, assignment_shown

_SERVER = "The server's id."
_WALKTHROUGH = "The walkthrough's id."
_REVISION = "The server's assignmentsRevision that you last read; if it has risen, nothing changes."


@strawberry.input(description="A walkthrough to offer on a server.")
class AssignWalkthroughInput:
    """The input of assignWalkthrough."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)
    walkthrough_id: strawberry.ID = strawberry.field(description=_WALKTHROUGH)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A walkthrough to take off a server.")
class UnassignWalkthroughInput:
    """The input of unassignWalkthrough."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)
    walkthrough_id: strawberry.ID = strawberry.field(description=_WALKTHROUGH)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="Whether a server is to offer an assigned walkthrough.")
class EnableAssignmentInput:
    """The input of enableAssignment."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)
    walkthrough_id: strawberry.ID = strawberry.field(description=_WALKTHROUGH)
    is_enabled: bool = strawberry.field(description="True to offer it, false to withhold it.")
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="The order in which a server lists its walkthroughs.")
class OrderAssignmentsInput:
    """The input of orderAssignments."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)
    walkthrough_ids: list[strawberry.ID] = strawberry.field(
        description="Each assigned walkthrough's id exactly once, the first to be listed first."
    )
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="What came of a change of one assignment.")
class AssignmentPayload:
    """The payload for one assignment."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    assignment: Assignment | None = strawberry.field(
        default=None, description="The assignment as it is now; null when nothing was changed."
    )


@strawberry.type(description="What came of ordering a server's walkthroughs.")
class OrderAssignmentsPayload:
    """The payload for all assignments of a server."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    assignments: list[Assignment] | None = strawberry.field(
        default=None, description="The assignments as listed now; null when nothing was changed."
    )


@strawberry.type
class AssignmentMutations:
    """The root fields that change assignments."""

    @strawberry.mutation(
        description="Offer a walkthrough on a server, after all others. One that is assigned stays "
        "as it is."
    )
    async def assign_walkthrough(
        self,
        info: Info,
        input: Annotated[AssignWalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> AssignmentPayload:
        """assignments.assign."""
        scope = info.context.scope
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.walkthrough_assigned",
            subject="server",
            subject_id=input.server_id,
            result_type=assignments.Assignment,
            look=looks.at_assignments(scope, of=input.walkthrough_id),
            work=lambda: assignments.assign(
                scope,
                input.server_id,
                walkthrough_id=input.walkthrough_id,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, AssignmentPayload, _assignment)

    @strawberry.mutation(
        description="Take a walkthrough off a server. Its end users' progress is kept."
    )
    async def unassign_walkthrough(
        self,
        info: Info,
        input: Annotated[UnassignWalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> DeletePayload:
        """assignments.unassign."""
        scope = info.context.scope

        async def work() -> str:
            server_id, walkthrough_id = input.server_id, input.walkthrough_id
            present = await assignments.of_server(scope, server_id)
            await assignments.unassign(
                scope,
                server_id,
                walkthrough_id=walkthrough_id,
                expected_revision=input.expected_revision,
            )
            return next(one.id for one in present if one.walkthrough_id == walkthrough_id)

        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.walkthrough_unassigned",
            subject="server",
            subject_id=input.server_id,
            result_type=str,
            look=looks.at_assignments(scope),
            work=work,
        )
        return await perform(info, input, change, DeletePayload, lambda it: {"deleted_id": it})

    @strawberry.mutation(
        description="Offer an assigned walkthrough, or stop offering it without losing its place."
    )
    async def enable_assignment(
        self,
        info: Info,
        input: Annotated[EnableAssignmentInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> AssignmentPayload:
        """assignments.set_enabled."""
        scope = info.context.scope
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.assignment_enabled" if input.is_enabled else "server.assignment_disabled",
            subject="server",
            subject_id=input.server_id,
            result_type=assignments.Assignment,
            look=looks.at_assignments(scope),
            work=lambda: assignments.set_enabled(
                scope,
                input.server_id,
                walkthrough_id=input.walkthrough_id,
                is_enabled=input.is_enabled,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, AssignmentPayload, _assignment)

    @strawberry.mutation(description="List a server's walkthroughs in this order.")
    async def order_assignments(
        self,
        info: Info,
        input: Annotated[OrderAssignmentsInput, strawberry.argument(description="The order.")],  # noqa: A002 - as above
    ) -> OrderAssignmentsPayload:
        """assignments.order."""
        scope = info.context.scope
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.assignments_ordered",
            subject="server",
            subject_id=input.server_id,
            result_type=tuple[assignments.Assignment, ...],
            look=looks.at_assignments(scope),
            work=lambda: assignments.order(
                scope,
                input.server_id,
                walkthrough_ids=input.walkthrough_ids,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, OrderAssignmentsPayload, _assignments)


def _assignment(assignment: assignments.Assignment) -> Mapping[str, Any]:
    return {"assignment": assignment_shown(assignment)}


def _assignments(listed: tuple[assignments.Assignment, ...]) -> Mapping[str, Any]:
    return {"assignments": [assignment_shown(one) for one in listed]}
