"""Changing who belongs to the organization, and as what."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from app.core.enums import Role
from app.domain import admission, members
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import KEY_FIELD, USER_ERRORS_FIELD, DeletePayload
from app.graphql.people.answers import DonePayload, TeamChange, answered, performed
from app.graphql.people.types import Member
from app.graphql.shapes import shown

_MEMBER = "The membership's id, as `members` gives it."


@strawberry.input(description="A member's next role.")
class ChangeMemberRoleInput:
    """The input of changeMemberRole."""

    id: strawberry.ID = strawberry.field(description=_MEMBER)
    role: Role = strawberry.field(description="What the member may do from now on.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A member to remove.")
class RemoveMemberInput:
    """The input of removeMember."""

    id: strawberry.ID = strawberry.field(description=_MEMBER)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="An organization to leave.")
class LeaveOrganizationInput:
    """The input of leaveOrganization."""

    organization_id: strawberry.ID = strawberry.field(
        description="The organization's id or slug; the header X-Organization does not count here."
    )


@strawberry.type(description="What came of a change of a member.")
class MemberPayload:
    """The payload of changeMemberRole."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    member: Member | None = strawberry.field(
        default=None, description="The member as they are now; null when nothing was changed."
    )


@strawberry.type
class TeamMutations:
    """The root fields that change the team."""

    @strawberry.mutation(
        description="Give a member another role, which counts from their next request on. For "
        "admins who signed in; only owners make and unmake owners, and the last one stays."
    )
    async def change_member_role(
        self,
        info: Info,
        input: Annotated[ChangeMemberRoleInput, strawberry.argument(description="Whose.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> MemberPayload:
        """members.change_role."""
        scope = info.context.scope
        change = TeamChange(
            action=Action.MANAGE_MEMBERS,
            result_type=members.Member,
            work=lambda: members.change_role(scope, input.id, role=input.role),
        )
        return await performed(info, input, change, MemberPayload, _member)

    @strawberry.mutation(
        description="Remove a member, who has no access from their next request on. Their API keys "
        "stay: revoke those that they may know. For admins who signed in; only owners remove "
        "owners, and the last one stays."
    )
    async def remove_member(
        self,
        info: Info,
        input: Annotated[RemoveMemberInput, strawberry.argument(description="Whom.")],  # noqa: A002 - as above
    ) -> DeletePayload:
        """members.remove."""
        scope = info.context.scope
        change = TeamChange(
            action=Action.MANAGE_MEMBERS,
            result_type=members.Member,
            work=lambda: members.remove(scope, input.id),
        )
        return await performed(
            info, input, change, DeletePayload, lambda member: {"deleted_id": member.id}
        )

    @strawberry.mutation(
        description="Leave an organization; its last owner cannot. Once you have left, a repeat "
        "reads NOT_FOUND."
    )
    async def leave_organization(
        self,
        info: Info,
        input: Annotated[LeaveOrganizationInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> DonePayload:
        """members.leave."""
        context = info.context

        async def work() -> dict[str, Any]:
            context.refuse_keys()
            scope = await admission.member(context.browser.token, input.organization_id)
            await members.leave(scope)
            return {"is_done": True}

        return await answered(info, DonePayload, work)


def _member(member: members.Member) -> Mapping[str, Any]:
    return {"member": shown(Member, member)}
