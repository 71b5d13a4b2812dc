"""Who asks, and for which organization."""

from datetime import datetime

import strawberry

from app.core.enums import ActorKind, KeyScope, Role
from app.domain import members, organizations, permissions
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.shapes import shown


@strawberry.type(description="A company that teaches and supports its users.")
class Organization:
    """An organization."""

    id: strawberry.ID = strawberry.field(description="The organization's id.")
    name: str = strawberry.field(description="Its name.")
    slug: str = strawberry.field(description="Its short name, unique on the platform.")
    revision: int = strawberry.field(description="Rises with every change of the organization.")
    created_at: datetime = strawberry.field(description="When it was founded.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")


@strawberry.type(description="An organization that you belong to.")
class Belonging:
    """A membership from the member's side."""

    organization_id: strawberry.ID = strawberry.field(description="The organization's id.")
    name: str = strawberry.field(description="The organization's name.")
    slug: str = strawberry.field(description="The organization's slug.")
    role: Role = strawberry.field(description="What you may do there.")


@strawberry.type(description="Who sends this request.")
class Viewer:
    """The principal."""

    kind: ActorKind = strawberry.field(description="A person or a key.")
    id: strawberry.ID = strawberry.field(description="The user's or the key's id.")
    name: str = strawberry.field(description="Your e-mail address, or the key's name.")
    organization_id: strawberry.ID | None = strawberry.field(
        description="The organization that this request acts in, if it names one."
    )
    role: Role | None = strawberry.field(
        description="Your role in that organization; null for keys."
    )
    key_scopes: list[KeyScope] = strawberry.field(
        description="What the key was made for; empty for people."
    )

    @strawberry.field(description="The organizations that you belong to; empty for keys.")
    async def organizations(self, info: Info) -> list[Belonging]:
        """Where the person is a member."""
        user = info.context.principal.user
        if user is None:
            return []
        return [
            shown(Belonging, one, organization_id=one.id) for one in await members.belongings(user)
        ]


@strawberry.type
class OrganizationQueries:
    """The root fields about the principal."""

    @strawberry.field(description="Who sends this request; null for nobody known.")
    async def viewer(self, info: Info) -> Viewer | None:
        """The principal."""
        principal = info.context.principal
        member, user = principal.member, principal.user
        if member is not None:
            return Viewer(
                kind=member.actor_kind,
                id=strawberry.ID(member.actor_id),
                name=member.actor_name,
                organization_id=strawberry.ID(member.organization_id),
                role=member.role,
                key_scopes=sorted(member.key_scopes),
            )
        if user is None:
            return None
        return Viewer(
            kind=ActorKind.USER,
            id=strawberry.ID(user.user_id),
            name=user.email,
            organization_id=None,
            role=None,
            key_scopes=[],
        )

    @strawberry.field(description="The organization that this request acts in.")
    async def organization(self, info: Info) -> Organization:
        """The scope's organization."""
        scope = info.context.scope
        permissions.require(scope, Action.READ_ORGANIZATION)
        return shown(Organization, await organizations.present(scope))
