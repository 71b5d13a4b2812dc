"""Who may touch what: the only maker of scopes."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from app.core import clock
from app.core.enums import ActorKind, AuthType, KeyScope, Role
from app.core.errors import NotFound, NotSignedIn
from app.core.ids import derived_id, new_id
from app.core.scope import EndUserScope, MemberScope, OrganizationScope, ServerScope, UserScope
from app.core.secrets import digest
from app.domain import end_users
from app.domain.callers import (
    Access,
    Caller,
    Credentials,
    UnknownSession,
    told_by_session,
    told_by_token,
)
from app.domain.oauth_errors import InvalidToken
from app.domain.server_directory import ServerConfig
from app.repositories import callers, database, lookups
from app.repositories.accounts import MemberSessions
from app.repositories.api_keys import ApiKeys
from app.repositories.database import Row

__all__ = ["Access", "Caller", "Credentials", "UnknownSession"]

SESSION_IDLE = timedelta(days=14)
_SEEN_TOUCH = timedelta(minutes=1)


def server_scope(config: ServerConfig) -> ServerScope:
    """The scope of a request that came to this server."""
    return ServerScope(organization_id=config.organization_id, server_id=config.id)


def founder(organization_id: str) -> OrganizationScope:
    """The scope of an organization that is being founded."""
    return OrganizationScope(organization_id=organization_id)


async def operator(organization_slug: str) -> OrganizationScope:
    """The scope of whoever runs the platform and names an organization; for the command line.

    Raises NotFound.
    """
    organization_id = await lookups.organization_id_by_slug(organization_slug)
    if organization_id is None:
        message = f"There is no organization '{organization_slug}'."
        raise NotFound(message, field="organization")
    return OrganizationScope(organization_id=organization_id)


async def admit(config: ServerConfig, credentials: Credentials) -> Caller:
    """Who calls, read in one round trip on the current unit; nothing is written.

    Raises UnknownSession and, on servers whose end users log in, InvalidToken.
    """
    if config.auth_type.is_oauth:
        return await _admit_person(config, credentials)
    scope = server_scope(config)
    row = await callers.enter(
        scope,
        session_id=credentials.session_id,
        tracking_id=credentials.tracking_id,
        run=None if credentials.tracking_id else credentials.run,  # also before it has an end user
        client=credentials.client if credentials.is_stateless else None,
    )
    is_collecting_email = config.auth_type is AuthType.COLLECT_EMAIL
    return told_by_session(scope, credentials, row, is_collecting_email=is_collecting_email)


async def _admit_person(config: ServerConfig, credentials: Credentials) -> Caller:
    """As `admit`: the token says who it is, whatever else the request brings."""
    if credentials.token is None:
        message = "This server asks its users to log in: send an access token."
        raise InvalidToken(message)
    scope = server_scope(config)
    brought = callers.Brought(
        session_id=credentials.session_id,
        tracking_id=credentials.tracking_id,
        run=credentials.run,
        client=credentials.client if credentials.is_stateless else None,
    )
    row = await callers.enter_with_token(
        scope, brought, token_hash=digest(credentials.token), auth_type=config.auth_type
    )
    return told_by_token(scope, credentials, row)


async def open_session(
    config: ServerConfig,
    *,
    client: tuple[str, str],
    tracking_id: str | None,
    end_user_id: str | None = None,
) -> str:
    """The id of a new session on this server and address, of the person who logged in, if any."""
    return await callers.open_session(
        server_scope(config), client=client, tracking_id=tracking_id, end_user_id=end_user_id
    )


async def end_session(config: ServerConfig, session_id: str, *, tracking_id: str | None) -> None:
    """End a live session, for all processes. Raises UnknownSession."""
    ended = await callers.end_session(server_scope(config), session_id, tracking_id=tracking_id)
    if not ended:
        message = "This session is unknown or has ended already."
        raise UnknownSession(message)


async def known_end_user(caller: Caller) -> EndUserScope | None:
    """The scope of the caller's end user, if there is one already."""
    if caller.end_user_id is None:
        return None
    return await end_user(caller)


async def end_user(caller: Caller) -> EndUserScope:
    """The scope of the caller's end user, who is made now if this is the first call that needs one.

    An anonymous caller without a session gets a run handle besides, in `caller.new_run`.
    """
    credentials = caller.credentials
    if caller.end_user_id is None:
        if credentials.tracking_id is not None:
            caller.end_user_id = await callers.end_user_of_tracking_id(
                caller.scope, credentials.tracking_id
            )
        elif caller.session_id is not None:
            caller.end_user_id = await callers.new_end_user_of_session(
                caller.scope, caller.session_id
            )
            caller.is_kept_in_session = True
        else:
            caller.end_user_id, caller.new_run = await callers.new_end_user_with_run(caller.scope)
    if caller.access is not None:
        await _recognize(caller, caller.end_user_id)
    elif caller.session_id is not None and not caller.is_kept_in_session:
        caller.end_user_id = await callers.keep_in_session(caller.end_user_id, caller.session_id)
        caller.is_kept_in_session = True
    if credentials.is_stateless and caller.visit_id is None:
        caller.visit_id = await callers.open_visit(
            caller.scope,
            caller.end_user_id,
            client=credentials.client,
            tracking_id=credentials.tracking_id,
        )
    if caller.run is not None and caller.is_run_due:
        await callers.use_run(caller.run)
        caller.is_run_due = False
    return _end_user_scope(caller, caller.end_user_id)


async def _recognize(caller: Caller, person_id: str) -> None:
    """Give the person what the same session or run began before, once, and the session itself."""
    is_session_new = caller.session_id is not None and not caller.is_kept_in_session
    if caller.anonymous_id is not None or is_session_new:
        await end_users.recognize(
            caller.scope,
            person_id,
            anonymous_id=caller.anonymous_id,
            session_id=caller.session_id if is_session_new else None,
        )
        caller.anonymous_id = None
        caller.is_kept_in_session = True


def attribution(caller: Caller) -> ServerScope:
    """The narrowest scope that is known of the caller, without making anything."""
    if caller.end_user_id is None:
        return caller.scope
    return _end_user_scope(caller, caller.end_user_id)


def _end_user_scope(caller: Caller, end_user_id: str) -> EndUserScope:
    return EndUserScope(
        organization_id=caller.scope.organization_id,
        server_id=caller.scope.server_id,
        end_user_id=end_user_id,
        session_id=caller.session_id or caller.visit_id,
    )


async def give_email(caller: Caller, email: str) -> EndUserScope:
    """Remember an e-mail address as the caller's contact; it is never their identity."""
    scope = await end_user(caller)
    if caller.email != email:
        await callers.remember_contact(scope.end_user_id, email)
        caller.email = email
    return scope


def unit_of_work(config: ServerConfig) -> AbstractAsyncContextManager[None]:
    """One connection for everything that a request to this server does."""
    return callers.request(server_scope(config))


def account_holder(user_id: str, email: str) -> UserScope:
    """The scope of a user who signs up, has just proved who they are, or is written to."""
    return UserScope(user_id=user_id, email=email)


async def signed_in(token: str | None) -> UserScope:
    """The scope of the user whose session this is. Raises NotSignedIn."""
    user, _ = await _session(token, None)
    return user


async def member(token: str | None, organization: str) -> MemberScope:
    """The scope of the session's user in an organization, which its id or its slug names.

    Raises NotSignedIn, and NotFound where the user is no member or there is no such organization.
    """
    user, row = await _session(token, organization)
    if row["organization_id"] is None:
        message = "There is no such organization."
        raise NotFound(message, field="organization")
    return _acting(user, row["organization_id"], Role(row["role"]))


async def api_key(token: str) -> MemberScope:
    """The scope of an API key in its organization. Raises NotSignedIn."""
    now = clock.now()
    row = await lookups.api_key(digest(token), now=now)
    if row is None:
        message = "This API key is unknown, expired or revoked."
        raise NotSignedIn(message)
    scope = MemberScope(
        organization_id=row["organization_id"],
        actor_kind=ActorKind.API_KEY,
        actor_id=row["id"],
        actor_name=row["name"],
        key_scopes=frozenset(map(KeyScope, row["scopes"])),
    )
    if row["last_used_at"] is None or now - row["last_used_at"] > _SEEN_TOUCH:
        async with database.connection(scope):
            await ApiKeys(scope).touch(scope.actor_id, now=now, unless_since=now - _SEEN_TOUCH)
    return scope


def founding_owner(user: UserScope, *, idempotency_key: str | None = None) -> MemberScope:
    """The scope of a user who founds an organization; the same one for the same key."""
    if idempotency_key is None:
        return _acting(user, new_id("org"), Role.OWNER)
    return _acting(user, derived_id("org", user.user_id, idempotency_key), Role.OWNER)


def invitee(user: UserScope, organization_id: str, *, role: Role) -> MemberScope:
    """The scope of a user who accepts an invitation."""
    return _acting(user, organization_id, role)


async def operator_as_owner(organization_slug: str) -> MemberScope:
    """The scope of whoever runs the platform, for what otherwise an owner does. Raises NotFound."""
    scope = await operator(organization_slug)
    return MemberScope(
        organization_id=scope.organization_id,
        actor_kind=ActorKind.OPERATOR,
        actor_id="operator",
        actor_name="operator",
        role=Role.OWNER,
    )


async def _session(token: str | None, organization: str | None) -> tuple[UserScope, Row]:
    now = clock.now()
    row = token and await lookups.member_session(
        digest(token), now=now, seen_since=now - SESSION_IDLE, organization=organization
    )
    if not row:
        message = "Sign in first."
        raise NotSignedIn(message)
    user = UserScope(user_id=row["user_id"], email=row["email"], session_id=row["id"])
    if now - row["last_seen_at"] > _SEEN_TOUCH:
        async with database.connection(user):
            await MemberSessions(user).touch(row["id"], now=now, unless_since=now - _SEEN_TOUCH)
    return user, row


def _acting(user: UserScope, organization_id: str, role: Role) -> MemberScope:
    return MemberScope(
        organization_id=organization_id,
        actor_kind=ActorKind.USER,
        actor_id=user.user_id,
        actor_name=user.email,
        role=role,
    )
