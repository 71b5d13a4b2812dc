"""Entering a customer's own OpenID provider, for servers with authType CUSTOM_OAUTH."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from msgspec import UNSET

from app.domain import looks, oauth_configs, provider_checks, servers
from app.domain.changes import Change
from app.domain.desk import PROVIDER_CHECKS_PER_DAY, PROVIDER_CHECKS_PER_MINUTE
from app.domain.oauth_configs import DEFAULT_SCOPES, ProviderSettings
from app.domain.permissions import Action
from app.domain.provider_checks import ProviderProblemCode
from app.graphql.context import Info
from app.graphql.errors import USER_ERRORS, UserError
from app.graphql.mutation import (
    KEY_FIELD,
    REVISION_FIELD,
    perform,
    refused,
)
from app.graphql.servers.mutations import ServerPayload
from app.graphql.servers.types import server_shown
from app.graphql.shapes import shown

_SERVER = "The server's id."
_ISSUER = (
    "The provider's issuer, exactly as its discovery document has it: an https:// address, such as "
    "https://id.example.com. In development a provider on this machine may be http://localhost, "
    "with any port."
)
_CLIENT = "The client id that the provider gave you for this server."
_KEPT = (
    "The client secret that the provider gave you. It is kept encrypted and shown to no one. Left "
    "out, the present one stays, unless the issuer changes; null removes it."
)
_SCOPES = "What to ask the provider for; `openid` must be among them."


@strawberry.input(description="The OpenID provider that a server's end users are to log in with.")
class SetServerOauthConfigInput:
    """The input of setServerOauthConfig."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)
    issuer: str = strawberry.field(description=_ISSUER)
    client_id: str = strawberry.field(description=_CLIENT)
    client_secret: strawberry.Maybe[str | None] = strawberry.field(description=_KEPT)
    scopes: list[str] = strawberry.field(
        default_factory=lambda: list(DEFAULT_SCOPES), description=_SCOPES
    )
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A server that is to forget its OpenID provider.")
class DeleteServerOauthConfigInput:
    """The input of deleteServerOauthConfig."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A server whose OpenID provider is to be tried.")
class CheckServerOauthConfigInput:
    """The input of checkServerOauthConfig."""

    server_id: strawberry.ID = strawberry.field(description=_SERVER)


@strawberry.type(description="Something that logins with an OpenID provider fail at, or may.")
class ProviderProblem:
    """One entry of `problems`."""

    code: ProviderProblemCode = strawberry.field(description="What kind of problem it is.")
    message: str = strawberry.field(description="What is wrong and what to mend, for a person.")


@strawberry.type(description="What came of trying a server's OpenID provider.")
class CheckServerOauthConfigPayload:
    """The payload of checkServerOauthConfig."""

    user_errors: list[UserError] = strawberry.field(
        description="Why the provider could not be looked at; empty when problems tells."
    )
    ok: bool | None = strawberry.field(
        default=None, description="Whether no problem was found; null when nothing was tried."
    )
    problems: list[ProviderProblem] = strawberry.field(
        default_factory=list, description="What was found, in the order in which to mend it."
    )
    redirect_uri: str | None = strawberry.field(
        default=None,
        description="The redirect URI to enter at the provider; null when nothing was tried.",
    )


@strawberry.type
class OAuthConfigMutations:
    """The root fields that change servers' providers."""

    @strawberry.mutation(
        description="Enter or change the OpenID provider of a server. Its end users log in with it "
        "once the server's authType is CUSTOM_OAUTH. Another issuer logs everybody out. Nothing is "
        "asked of the provider: checkServerOauthConfig does that. The redirect URI to enter there "
        "is /oauth/callback below the server's address, as oauthConfig tells it."
    )
    async def set_server_oauth_config(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - what GraphQL APIs call it
            SetServerOauthConfigInput, strawberry.argument(description="The provider.")
        ],
    ) -> ServerPayload:
        """oauth_configs.set_config."""
        scope, desk = info.context.scope, info.context.desk
        settings = ProviderSettings(
            issuer=input.issuer,
            client_id=input.client_id,
            client_secret=UNSET if input.client_secret is None else input.client_secret.value,
            scopes=tuple(input.scopes),
        )
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.oauth_config_set",
            subject="server",
            subject_id=input.server_id,
            result_type=servers.Server,
            look=looks.at_oauth_config(scope),
            work=lambda: oauth_configs.set_config(
                scope,
                desk,
                input.server_id,
                settings=settings,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, ServerPayload, _server)

    @strawberry.mutation(
        description="Try the OpenID provider of a server, without anybody logging in: its "
        "discovery document, its keys, and whether it knows client id and client secret. It is "
        "asked anew each time, which may take ten seconds: send one an operation. Nothing is "
        "changed. Redirect URI and scopes, and a wrong secret at a provider that judges codes "
        "before clients, show only when somebody logs in. An organization may do it "
        f"{PROVIDER_CHECKS_PER_MINUTE} times a minute and {PROVIDER_CHECKS_PER_DAY} times a day."
    )
    async def check_server_oauth_config(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - as above
            CheckServerOauthConfigInput, strawberry.argument(description="Which.")
        ],
    ) -> CheckServerOauthConfigPayload:
        """provider_checks.check."""
        # It changes nothing: nothing for the audit log, and nothing to do once.
        context = info.context
        try:
            found = await provider_checks.check(context.scope, context.desk, input.server_id)
        except USER_ERRORS as error:
            return refused(CheckServerOauthConfigPayload, error)
        return CheckServerOauthConfigPayload(
            user_errors=[],
            ok=not found.problems,
            problems=[shown(ProviderProblem, problem) for problem in found.problems],
            redirect_uri=found.redirect_uri,
        )

    @strawberry.mutation(
        description="Forget a server's OpenID provider and its client secret. Everybody who logged "
        "in with it is logged out, and while authType is CUSTOM_OAUTH nobody can log in any more: "
        "enter another provider, or change authType first."
    )
    async def delete_server_oauth_config(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - as above
            DeleteServerOauthConfigInput, strawberry.argument(description="Which.")
        ],
    ) -> ServerPayload:
        """oauth_configs.delete_config."""
        scope = info.context.scope
        change = Change(
            action=Action.MANAGE_SERVERS,
            event="server.oauth_config_deleted",
            subject="server",
            subject_id=input.server_id,
            result_type=servers.Server,
            look=looks.at_oauth_config(scope),
            work=lambda: oauth_configs.delete_config(
                scope, input.server_id, expected_revision=input.expected_revision
            ),
        )
        return await perform(info, input, change, ServerPayload, _server)


def _server(server: servers.Server) -> Mapping[str, Any]:
    return {"server": server_shown(server)}
