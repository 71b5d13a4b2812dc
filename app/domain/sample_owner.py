"""A way in for whoever tries the platform: the owner of the sample organization."""

from datetime import timedelta
from typing import Final

from app.core import clock
from app.core.enums import Role, TokenPurpose
from app.core.ids import new_id
from app.core.scope import MemberScope, UserScope
from app.core.secrets import Secret, digest, new_token
from app.domain import admission, audit
from app.domain.audit import Subject
from app.domain.samples import sample_organization
from app.repositories import database, lookups
from app.repositories.accounts import Accounts, OneTimeTokens
from app.repositories.members import Memberships
from app.repositories.organizations import Organizations

EMAIL: Final = "olga@example.test"
_LIFE: Final = timedelta(hours=1)
_UNUSABLE_HASH: Final = "!"  # of no password


async def way_in() -> Secret:
    """A token to choose the owner's password with, good for an hour; for the demo alone.

    The account is made if it is not there, and owns the organization if nobody else does. Raises
    NotFound without the sample organization.
    """
    scope = await admission.operator_as_owner(sample_organization().slug)
    owner = await _account()
    await _own(scope, owner)
    token = new_token("mcpt")
    async with database.transaction(owner):
        await OneTimeTokens(owner).insert(
            purpose=TokenPurpose.RESET_PASSWORD,
            token_hash=digest(token.reveal()),
            expires_at=clock.now() + _LIFE,
        )
    return token


async def _account() -> UserScope:
    row = await lookups.account_by_email(EMAIL)
    if row is not None:
        return admission.account_holder(row["id"], EMAIL)
    owner = admission.account_holder(new_id("usr"), EMAIL)
    async with database.transaction(owner):
        await Accounts(owner).insert(name="Olga", password_hash=_UNUSABLE_HASH, email=EMAIL)
        await Accounts(owner).verify_email()
    return owner


async def _own(scope: MemberScope, owner: UserScope) -> None:
    async with database.transaction(scope):
        await Organizations(scope).own(is_locked=True)
        _, owners = await Memberships(scope).counts()
        if owners:
            return
        member_id = await Memberships(scope).join(owner.user_id, Role.OWNER)
        await audit.record(
            scope,
            "member.joined",
            Subject("member", member_id or ""),
            after={"user_id": owner.user_id, "role": Role.OWNER},
        )
