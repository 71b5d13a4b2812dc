"""End users who turn out to be persons (product specification §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.scope import ServerScope
from app.repositories import database, end_users


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom an identity provider vouches for; `email` only if it verified the address."""

    issuer: str
    subject: str
    email: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)


async def recognize(
    scope: ServerScope, person_id: str, *, anonymous_id: str | None, session_id: str | None
) -> None:
    """Give the person what `anonymous_id` began, whom the same session or run had until now.

    That happens once: done steps are united, the earliest start and the latest activity count, and
    a finished run stays finished. An end user with a tracking id, or another person, is left alone.
    `session_id` is the person's from now on.
    """
    async with database.transaction(scope):
        if anonymous_id is not None and await end_users.is_anonymous(scope, anonymous_id):
            await end_users.merge(scope, anonymous_id, person_id)
        if session_id is not None:
            await end_users.keep_in_session(scope.server_id, session_id, person_id)
