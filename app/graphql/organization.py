"""The organization itself: founding one, reading and changing it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.domain import members, organizations, permissions
from app.domain.organizations import OrganizationPatch
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import KEY_FIELD, REVISION_FIELD, USER_ERRORS_FIELD, settled
from app.graphql.people.answers import TeamChange, answered, performed
from app.graphql.shapes import shown

_NAME = "Its name, in mails and for colleagues: one line, at most 100 characters."
_ORIGINS = (
    "Origins such as `https://app.acme.com` whose pages may send GraphQL with an API key, at most "
    "50. Cookies are never taken from them."
)


@strawberry.type(description="A company that teaches and supports its users.")
class Organization:
    """An organization."""

    id: strawberry.ID = strawberry.field(description="The organization's id.")
    name: str = strawberry.field(description="Its name.")
    slug: str = strawberry.field(description="Its short name, unique on the platform.")
    allowed_origins: list[str] = strawberry.field(
        description="Origins whose pages may send GraphQL with an API key."
    )
    revision: int = strawberry.field(description="Rises with every change of the organization.")
    created_at: datetime = strawberry.field(description="When it was founded.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")


@strawberry.input(description="A new organization.")
class CreateOrganizationInput:
    """The input of createOrganization."""

    name: str = strawberry.field(description=_NAME)
    slug: str = strawberry.field(
        description="Its short name: 6 to 36 of a-z, 0-9 and hyphen. It stays."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="What to change of the organization; what is left out stays.")
class UpdateOrganizationInput:
    """The input of updateOrganization."""

    name: strawberry.Maybe[str | None] = strawberry.field(description=_NAME)
    allowed_origins: strawberry.Maybe[list[str] | None] = strawberry.field(description=_ORIGINS)
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="What came of a change of an organization.")
class OrganizationPayload:
    """The payload of the mutations below."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    organization: Organization | None = strawberry.field(
        default=None, description="The organization as it is now; null when nothing was changed."
    )


@strawberry.type
class OrganizationQueries:
    """The root field about the organization."""

    @strawberry.field(description="The organization that this request acts in.")
    async def organization(self, info: Info) -> Organization:
        """The scope's organization."""
        scope = info.context.scope
        permissions.require(scope, Action.READ_ORGANIZATION)
        return _shown(await organizations.present(scope))


@strawberry.type
class OrganizationMutations:
    """The root fields that change organizations."""

    @strawberry.mutation(
        description="Found an organization, whose owner you become. For people; if you belong to "
        "several, name it in the header X-Organization from then on."
    )
    async def create_organization(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - what GraphQL APIs call it
            CreateOrganizationInput, strawberry.argument(description="The organization.")
        ],
    ) -> OrganizationPayload:
        """members.found."""

        async def work() -> Mapping[str, Any]:
            return _organization(
                await members.found(
                    info.context.user,
                    name=input.name,
                    slug=input.slug,
                    idempotency_key=input.idempotency_key,
                )
            )

        return await answered(info, OrganizationPayload, work)

    @strawberry.mutation(
        description="Change the organization's name and origins. For admins who signed in."
    )
    async def update_organization(
        self,
        info: Info,
        input: Annotated[UpdateOrganizationInput, strawberry.argument(description="The changes.")],  # noqa: A002 - as above
    ) -> OrganizationPayload:
        """organizations.configure."""
        scope = info.context.scope
        change = TeamChange(
            action=Action.EDIT_ORGANIZATION,
            result_type=organizations.Organization,
            work=lambda: organizations.configure(
                scope,
                patch=_patch(input),
                expected_revision=input.expected_revision,
            ),
        )
        return await performed(info, input, change, OrganizationPayload, _organization)


def _patch(given: UpdateOrganizationInput) -> OrganizationPatch:
    changed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settled(given).items()
    }
    return OrganizationPatch(**changed)


def _organization(organization: organizations.Organization) -> Mapping[str, Any]:
    return {"organization": _shown(organization)}


def _shown(organization: organizations.Organization) -> Organization:
    origins = list(organization.allowed_origins)
    return shown(Organization, organization, allowed_origins=origins)
