"""Who asks: their account, where they are signed in, and where they belong."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.core.enums import ActorKind, KeyScope, Role
from app.core.scope import UserScope
from app.domain import accounts, member_sessions, members
from app.graphql.context import Context, Info
from app.graphql.errors import UserError
from app.graphql.mutation import USER_ERRORS_FIELD, DeletePayload
from app.graphql.people.answers import answered
from app.graphql.shapes import shown


@strawberry.type(description="A browser or program that you are signed in with.")
class MemberSession:
    """A session of a person."""

    id: strawberry.ID = strawberry.field(description="The session's id, for endSession.")
    user_agent: str = strawberry.field(description="What the browser says that it is.")
    created_at: datetime = strawberry.field(description="When you signed in there.")
    last_seen_at: datetime = strawberry.field(description="When it was last used, to the minute.")
    expires_at: datetime = strawberry.field(
        description="When it ends at the latest; after 14 days without use it ends sooner."
    )
    is_present: bool = strawberry.field(description="Whether this request comes from it.")


@strawberry.type(description="An organization that you belong to.")
class Belonging:
    """A membership from the member's side."""

    organization_id: strawberry.ID = strawberry.field(description="The organization's id.")
    name: str = strawberry.field(description="The organization's name.")
    slug: str = strawberry.field(description="The organization's slug.")
    role: Role = strawberry.field(description="What you may do there.")


@strawberry.type(description="A person's account. It belongs to no organization.")
class User:
    """The viewer's own account."""

    id: strawberry.ID = strawberry.field(description="The user's id.")
    email: str = strawberry.field(description="The address that you sign in with.")
    name: str = strawberry.field(description="The name that colleagues see; may be empty.")
    created_at: datetime = strawberry.field(description="When you signed up.")

    @strawberry.field(description="Where you are signed in, the latest first; at most 50.")
    async def sessions(self, info: Info) -> list[MemberSession]:
        """The live sessions."""
        user = info.context.user
        return [
            shown(MemberSession, one, is_present=one.id == user.session_id)
            for one in await member_sessions.present(user)
        ]


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

    @strawberry.field(description="Your account; null for keys.")
    async def user(self, info: Info) -> User | None:
        """The account of a person."""
        user = info.context.principal.user
        return shown(User, await accounts.viewer(user)) if user else None

    @strawberry.field(description="The organizations that you belong to; empty for keys.")
    async def organizations(self, info: Info) -> list[Belonging]:
        """Where the person is a member."""
        user = info.context.principal.user
        return await belongings(user) if user else []


@strawberry.type
class ViewerQueries:
    """The root field about the principal."""

    @strawberry.field(description="Who sends this request; null for nobody known.")
    async def viewer(self, info: Info) -> Viewer | None:
        """The principal."""
        return viewer_shown(info.context)


@strawberry.input(description="What to change of your account.")
class UpdateViewerInput:
    """The input of updateViewer."""

    name: str = strawberry.field(
        description="The name that colleagues see: one line, at most 100 characters, or empty."
    )


@strawberry.input(description="A session to end.")
class EndSessionInput:
    """The input of endSession."""

    id: strawberry.ID = strawberry.field(description="The session's id, of `viewer.user.sessions`.")


@strawberry.type(description="Who you are after the change.")
class ViewerPayload:
    """The payload of mutations that change who you are."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    viewer: Viewer | None = strawberry.field(
        default=None, description="Who you are now; null when nothing was changed."
    )


@strawberry.type(description="What came of endOtherSessions.")
class EndOtherSessionsPayload:
    """The payload of endOtherSessions."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    ended_count: int | None = strawberry.field(
        default=None, description="How many sessions were ended."
    )


@strawberry.type
class ViewerMutations:
    """The root fields that change the viewer's own account."""

    @strawberry.mutation(description="Change your name. For people, in any organization or none.")
    async def update_viewer(
        self,
        info: Info,
        input: Annotated[UpdateViewerInput, strawberry.argument(description="The changes.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> ViewerPayload:
        """accounts.rename."""

        async def work() -> dict[str, Any]:
            await accounts.rename(info.context.user, name=input.name)
            return {"viewer": viewer_shown(info.context)}

        return await answered(info, ViewerPayload, work)

    @strawberry.mutation(
        description="Sign out in one place. Where it is the present one, as signOut."
    )
    async def end_session(
        self,
        info: Info,
        input: Annotated[EndSessionInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> DeletePayload:
        """member_sessions.end."""

        async def work() -> dict[str, Any]:
            user = info.context.user
            await member_sessions.end(user, input.id)
            if input.id == user.session_id:
                info.context.leave()
            return {"deleted_id": input.id}

        return await answered(info, DeletePayload, work)

    @strawberry.mutation(description="Sign out everywhere but here.")
    async def end_other_sessions(self, info: Info) -> EndOtherSessionsPayload:
        """member_sessions.end_others."""

        async def work() -> dict[str, Any]:
            return {"ended_count": await member_sessions.end_others(info.context.user)}

        return await answered(info, EndOtherSessionsPayload, work)


def viewer_shown(context: Context) -> Viewer | None:
    """The principal as a viewer."""
    member, user = context.principal.member, context.principal.user
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


async def belongings(user: UserScope) -> list[Belonging]:
    """Where the person is a member."""
    return [shown(Belonging, one, organization_id=one.id) for one in await members.belongings(user)]
