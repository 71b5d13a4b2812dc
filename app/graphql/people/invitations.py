"""Asking people to join the organization, and joining."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry

from app.core.enums import Role
from app.domain import invitations
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import KEY_FIELD, USER_ERRORS_FIELD, DeletePayload
from app.graphql.people.answers import TeamChange, answered, performed
from app.graphql.people.types import Invitation
from app.graphql.people.viewer import Belonging, belongings
from app.graphql.shapes import shown

_INVITATION = "The invitation's id, as `invitations` gives it."


@strawberry.input(description="Whom to invite.")
class InviteMemberInput:
    """The input of inviteMember."""

    email: str = strawberry.field(description="The address, with which they must sign in.")
    role: Role = strawberry.field(
        default=Role.MEMBER, description="What they may do; only owners invite owners."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="An invitation to send again.")
class ResendInvitationInput:
    """The input of resendInvitation."""

    id: strawberry.ID = strawberry.field(description=_INVITATION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="An invitation to cancel.")
class CancelInvitationInput:
    """The input of cancelInvitation."""

    id: strawberry.ID = strawberry.field(description=_INVITATION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="An invitation to accept.")
class AcceptInvitationInput:
    """The input of acceptInvitation."""

    token: str = strawberry.field(description="The token in the mailed link.")


@strawberry.type(description="What came of an invitation.")
class InvitationPayload:
    """The payload of inviteMember and resendInvitation."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    invitation: Invitation | None = strawberry.field(
        default=None, description="The invitation as it is now; null when none was sent."
    )


@strawberry.type(description="What came of acceptInvitation.")
class AcceptInvitationPayload:
    """The payload of acceptInvitation."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    organization: Belonging | None = strawberry.field(
        default=None, description="Where you belong now; null when the invitation was refused."
    )


@strawberry.type
class InvitationMutations:
    """The root fields that send, cancel and accept invitations."""

    @strawberry.mutation(
        description="Mail an invitation, good for 48 hours. An address has one at a time. For "
        "admins who signed in."
    )
    async def invite_member(
        self,
        info: Info,
        input: Annotated[InviteMemberInput, strawberry.argument(description="Whom.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> InvitationPayload:
        """invitations.invite."""
        scope, desk = info.context.scope, info.context.desk
        change = TeamChange(
            action=Action.INVITE,
            result_type=invitations.Invitation,
            work=lambda: invitations.invite(scope, desk, email=input.email, role=input.role),
        )
        return await performed(info, input, change, InvitationPayload, _invitation)

    @strawberry.mutation(
        description="Mail an invitation again under a new link, good for another 48 hours; the old "
        "link is void. Once a minute. For admins who signed in."
    )
    async def resend_invitation(
        self,
        info: Info,
        input: Annotated[ResendInvitationInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> InvitationPayload:
        """invitations.resend."""
        scope, desk = info.context.scope, info.context.desk
        change = TeamChange(
            action=Action.INVITE,
            result_type=invitations.Invitation,
            work=lambda: invitations.resend(scope, desk, input.id),
        )
        return await performed(info, input, change, InvitationPayload, _invitation)

    @strawberry.mutation(
        description="Cancel an invitation; its link is void. For admins who signed in."
    )
    async def cancel_invitation(
        self,
        info: Info,
        input: Annotated[CancelInvitationInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> DeletePayload:
        """invitations.cancel."""
        scope = info.context.scope
        change = TeamChange(
            action=Action.INVITE,
            result_type=invitations.Invitation,
            work=lambda: invitations.cancel(scope, input.id),
        )
        return await performed(info, input, change, DeletePayload, lambda it: {"deleted_id": it.id})

    @strawberry.mutation(
        description="Join the organization that invited you, signed in with the invited address. "
        "Accepting twice changes nothing more."
    )
    async def accept_invitation(
        self,
        info: Info,
        input: Annotated[AcceptInvitationInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> AcceptInvitationPayload:
        """invitations.accept."""

        async def work() -> dict[str, Any]:
            user = info.context.user
            organization_id = await invitations.accept(user, input.token)
            mine = await belongings(user)
            joined = (one for one in mine if one.organization_id == organization_id)
            return {"organization": next(joined, None)}

        return await answered(info, AcceptInvitationPayload, work)


def _invitation(invitation: invitations.Invitation) -> Mapping[str, Any]:
    return {"invitation": shown(Invitation, invitation)}
