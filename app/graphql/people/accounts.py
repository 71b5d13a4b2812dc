"""Signing up, in and out, and everything about the password. Only people do these."""

from typing import Annotated, Any

import strawberry

from app.core.errors import NotAllowed, NotSignedIn
from app.domain import accounts
from app.graphql import access
from app.graphql.context import Info
from app.graphql.people.answers import DonePayload, answered
from app.graphql.people.viewer import ViewerPayload, viewer_shown

_EMAIL = "The e-mail address; upper and lower case do not differ."
_CHOSEN = "10 to 200 characters, not easy to guess. Send it as a variable, not in the query's text."
_LINK = "The token in the mailed link. Ask the person to confirm first: mail scanners open links."


@strawberry.input(description="Someone who wants an account.")
class SignUpInput:
    """The input of signUp."""

    email: str = strawberry.field(description=_EMAIL)
    password: str = strawberry.field(description=_CHOSEN)
    name: str = strawberry.field(
        default="", description="The name that colleagues see: one line, at most 100 characters."
    )


@strawberry.input(description="The link that confirms an address.")
class VerifyEmailInput:
    """The input of verifyEmail."""

    token: str = strawberry.field(description=_LINK)


@strawberry.input(description="Who signs in.")
class SignInInput:
    """The input of signIn."""

    email: str = strawberry.field(description=_EMAIL)
    password: str = strawberry.field(
        description="The password. Send it as a variable, not in the query's text."
    )


@strawberry.input(description="Whose password is to be chosen anew.")
class RequestPasswordResetInput:
    """The input of requestPasswordReset."""

    email: str = strawberry.field(description=_EMAIL)


@strawberry.input(description="A new password, and the link that allows it.")
class ResetPasswordInput:
    """The input of resetPassword."""

    token: str = strawberry.field(description=_LINK)
    password: str = strawberry.field(description=_CHOSEN)


@strawberry.input(description="The present password and the next.")
class ChangePasswordInput:
    """The input of changePassword."""

    current_password: str = strawberry.field(description="The password until now.")
    new_password: str = strawberry.field(description=_CHOSEN)


@strawberry.type
class AccountMutations:
    """The root fields that need no organization, and most of them no session."""

    @strawberry.mutation(
        description="Ask for an account. A mail goes out whether or not there is one already, so "
        "tell the person to look there. Sending it twice is safe."
    )
    async def sign_up(
        self,
        info: Info,
        input: Annotated[SignUpInput, strawberry.argument(description="Who.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> DonePayload:
        """accounts.sign_up."""

        async def work() -> dict[str, Any]:
            info.context.refuse_keys()
            await accounts.sign_up(
                info.context.desk,
                info.context.client,
                email=input.email,
                password=input.password,
                name=input.name,
            )
            return {"is_done": True}

        return await answered(info, DonePayload, work)

    @strawberry.mutation(
        description="Confirm the address with the mailed link's token, which is good for 24 hours "
        "and once. Then the person can sign in."
    )
    async def verify_email(
        self,
        info: Info,
        input: Annotated[VerifyEmailInput, strawberry.argument(description="The link.")],  # noqa: A002 - as above
    ) -> DonePayload:
        """accounts.verify_email."""

        async def work() -> dict[str, Any]:
            info.context.refuse_keys()
            await accounts.verify_email(input.token)
            return {"is_done": True}

        return await answered(info, DonePayload, work)

    @strawberry.mutation(
        description="Sign in. The session is in the cookie `__Host-mcplatform` that the answer "
        "sets, for 30 days; pages never see it. The browser's session until now ends. Wrong "
        "address, wrong password and unconfirmed address all read WRONG_CREDENTIALS."
    )
    async def sign_in(
        self,
        info: Info,
        input: Annotated[SignInInput, strawberry.argument(description="Who.")],  # noqa: A002 - as above
    ) -> ViewerPayload:
        """accounts.sign_in."""
        context = info.context

        async def work() -> dict[str, Any]:
            context.refuse_keys()
            try:
                signed_in = await accounts.sign_in(
                    context.desk,
                    context.client,
                    email=input.email,
                    password=input.password,
                    previous_token=context.browser.token,
                )
            except NotSignedIn as error:  # the input's mistake here, not the request's
                raise NotAllowed(error.message, code="wrong_credentials") from error
            context.browser.keep(signed_in.token)
            context.become(await access.person(context.browser))
            return {"viewer": viewer_shown(context)}

        return await answered(info, ViewerPayload, work)

    @strawberry.mutation(
        description="Sign out here: the session ends and the cookie goes. Also done when there was "
        "no session."
    )
    async def sign_out(self, info: Info) -> DonePayload:
        """accounts.sign_out."""
        context = info.context

        async def work() -> dict[str, Any]:
            context.refuse_keys()
            if context.principal.user is not None:
                await accounts.sign_out(context.principal.user)
            context.leave()
            return {"is_done": True}

        return await answered(info, DonePayload, work)

    @strawberry.mutation(
        description="Ask for a link to choose a new password. It is mailed if the address has an "
        "account, which no answer tells."
    )
    async def request_password_reset(
        self,
        info: Info,
        input: Annotated[RequestPasswordResetInput, strawberry.argument(description="Whose.")],  # noqa: A002 - as above
    ) -> DonePayload:
        """accounts.request_password_reset."""

        async def work() -> dict[str, Any]:
            context = info.context
            context.refuse_keys()
            await accounts.request_password_reset(context.desk, context.client, email=input.email)
            return {"is_done": True}

        return await answered(info, DonePayload, work)

    @strawberry.mutation(
        description="Choose a new password with the mailed link's token, which is good for an hour "
        "and once. It ends all sessions: sign in afterwards."
    )
    async def reset_password(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - as above
            ResetPasswordInput, strawberry.argument(description="The link and the password.")
        ],
    ) -> DonePayload:
        """accounts.reset_password."""

        async def work() -> dict[str, Any]:
            context = info.context
            context.refuse_keys()
            await accounts.reset_password(
                context.desk, context.client, token=input.token, password=input.password
            )
            return {"is_done": True}

        return await answered(info, DonePayload, work)

    @strawberry.mutation(
        description="Choose another password. It ends your other sessions, and a mail tells of it."
    )
    async def change_password(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - as above
            ChangePasswordInput, strawberry.argument(description="Both passwords.")
        ],
    ) -> DonePayload:
        """accounts.change_password."""

        async def work() -> dict[str, Any]:
            await accounts.change_password(
                info.context.desk,
                info.context.user,
                current_password=input.current_password,
                new_password=input.new_password,
            )
            return {"is_done": True}

        return await answered(info, DonePayload, work)
