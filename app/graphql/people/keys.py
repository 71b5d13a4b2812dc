"""Making and revoking API keys."""

from typing import Annotated, Any

import strawberry

from app.core.enums import KeyScope
from app.domain import api_keys
from app.domain.permissions import Action
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import KEY_FIELD, USER_ERRORS_FIELD
from app.graphql.people.answers import TeamChange, answered, performed
from app.graphql.people.types import ApiKey
from app.graphql.shapes import shown


@strawberry.input(description="A new API key.")
class CreateApiKeyInput:
    """The input of createApiKey."""

    name: str = strawberry.field(
        description="What members know it by: one line, at most 100 characters."
    )
    scopes: list[KeyScope] = strawberry.field(description="What it is for; it may do nothing else.")
    life_days: int = strawberry.field(
        default=api_keys.LIFE_DEFAULT_DAYS, description="After how many days it expires: 1 to 366."
    )


@strawberry.input(description="An API key to revoke.")
class RevokeApiKeyInput:
    """The input of revokeApiKey."""

    id: strawberry.ID = strawberry.field(description="The key's id, as `apiKeys` gives it.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="A new API key.")
class CreateApiKeyPayload:
    """The payload of createApiKey."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    api_key: ApiKey | None = strawberry.field(
        default=None, description="The key; null when none was made."
    )
    token: str | None = strawberry.field(
        default=None,
        description="What a script sends as Authorization: Bearer. It is never shown again.",
    )


@strawberry.type(description="What came of a change of an API key.")
class ApiKeyPayload:
    """The payload of revokeApiKey."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    api_key: ApiKey | None = strawberry.field(
        default=None, description="The key as it is now; null when nothing was changed."
    )


@strawberry.type
class ApiKeyMutations:
    """The root fields that change keys."""

    @strawberry.mutation(
        description="Make a key for scripts. Its token is in this answer alone. It takes no "
        "idempotencyKey, because the token would have to be kept to be told again: after a lost "
        "answer, revoke that key and make another. For admins who signed in."
    )
    async def create_api_key(
        self,
        info: Info,
        input: Annotated[CreateApiKeyInput, strawberry.argument(description="The key.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> CreateApiKeyPayload:
        """api_keys.issue."""
        scope = info.context.scope

        async def work() -> dict[str, Any]:
            issued = await api_keys.issue(
                scope, name=input.name, scopes=input.scopes, life_days=input.life_days
            )
            return {"api_key": shown(ApiKey, issued.key), "token": issued.token.reveal()}

        return await answered(info, CreateApiKeyPayload, work)

    @strawberry.mutation(
        description="Revoke a key, which opens nothing from then on. For admins who signed in."
    )
    async def revoke_api_key(
        self,
        info: Info,
        input: Annotated[RevokeApiKeyInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> ApiKeyPayload:
        """api_keys.revoke."""
        scope = info.context.scope
        change = TeamChange(
            action=Action.MANAGE_API_KEYS,
            result_type=api_keys.ApiKey,
            work=lambda: api_keys.revoke(scope, input.id),
        )
        return await performed(
            info, input, change, ApiKeyPayload, lambda key: {"api_key": shown(ApiKey, key)}
        )
