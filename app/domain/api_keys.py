"""Keys for integrators' scripts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core import clock
from app.core.enums import KeyScope
from app.core.errors import Conflict, NotFound
from app.core.page import Page, Place
from app.core.scope import MemberScope
from app.core.secrets import Secret, digest, new_token
from app.domain import audit, permissions
from app.domain.audit import Subject
from app.domain.faults import Faults
from app.domain.members import held_team
from app.domain.permissions import Action
from app.repositories import database
from app.repositories.api_keys import ApiKey, ApiKeys

__all__ = ["ApiKey", "IssuedKey", "issue", "page", "revoke"]

NAME_MAX_CHARACTERS: Final = 100
LIFE_DEFAULT_DAYS: Final = 90
LIFE_MAX_DAYS: Final = 366
MOST_LIVE_KEYS: Final = 100
_HINT_CHARACTERS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A new key and its token, which is in no other answer."""

    key: ApiKey
    token: Secret


async def issue(
    scope: MemberScope,
    *,
    name: str,
    scopes: Collection[KeyScope],
    life_days: int = LIFE_DEFAULT_DAYS,
) -> IssuedKey:
    """A new key that expires after so many days.

    Raises Invalid, NotPermitted, and Conflict when the organization has too many.
    """
    permissions.require(scope, Action.MANAGE_API_KEYS)
    faults = Faults()
    faults.line("name", name, longest=NAME_MAX_CHARACTERS, required=True)
    faults.number("lifeDays", life_days, least=1, most=LIFE_MAX_DAYS)
    if not scopes:
        faults.add("scopes", "scopes must name at least one scope.", "required")
    faults.refuse()
    token = new_token("mcpk")
    values = {
        "name": name.strip(),
        "scopes": [scope_.value for scope_ in KeyScope if scope_ in scopes],
        "token_hash": digest(token.reveal()),
        "hint": token.reveal()[-_HINT_CHARACTERS:],
        "created_by_id": scope.actor_id,
        "created_by_name": scope.actor_name,
        "expires_at": clock.now() + timedelta(days=life_days),
    }
    async with database.transaction(scope):
        await held_team(scope, Action.MANAGE_API_KEYS)
        if await ApiKeys(scope).live_count() >= MOST_LIVE_KEYS:
            message = f"The organization has {MOST_LIVE_KEYS} keys. Revoke some first."
            raise Conflict(message, code="too_many_api_keys")
        key = await ApiKeys(scope).insert(values)
        await audit.record(scope, "api_key.issued", Subject("api_key", key.id), after=key)
    return IssuedKey(key=key, token=token)


async def page(
    scope: MemberScope,
    *,
    after: Place | None = None,
    limit: int = 50,
    is_backward: bool = False,
) -> Page[ApiKey]:
    """The keys, newest first, expired and revoked ones included; backward, those before the place.

    Raises NotPermitted.
    """
    permissions.require(scope, Action.READ_API_KEYS)
    async with database.connection(scope):
        return await ApiKeys(scope).page(after=after, limit=limit, is_backward=is_backward)


async def revoke(scope: MemberScope, key_id: str) -> ApiKey:
    """The key, which opens nothing from now on; revoking again changes nothing.

    Raises NotFound and NotPermitted.
    """
    permissions.require(scope, Action.MANAGE_API_KEYS)
    async with database.transaction(scope):
        before = await ApiKeys(scope).by_id(key_id)
        is_first = await ApiKeys(scope).revoke(key_id)
        after = await ApiKeys(scope).by_id(key_id)
        if before is None or after is None:
            message = "There is no such API key."
            raise NotFound(message)
        if is_first:
            subject = Subject("api_key", key_id)
            await audit.record(scope, "api_key.revoked", subject, before=before, after=after)
        return after
