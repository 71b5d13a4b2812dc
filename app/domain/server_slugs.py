"""Trying a slug before taking it."""

from contextlib import suppress

from app.core.errors import Invalid
from app.core.scope import MemberScope
from app.domain import permissions, servers
from app.domain.permissions import Action
from app.domain.servers import ServerSettings, SlugTaken
from app.repositories import database


class _TakenBack(Exception):
    """Ends the attempt's transaction."""


async def objection(scope: MemberScope, slug: str) -> str | None:
    """Why no server can take the slug, or None; found by taking it, and giving it back.

    Raises NotPermitted.
    """
    permissions.require(scope, Action.READ_SERVERS)
    try:
        with suppress(_TakenBack):
            await _try(scope, slug)
    except (Invalid, SlugTaken) as error:
        return error.message
    return None


async def _try(scope: MemberScope, slug: str) -> None:
    async with database.transaction(scope):
        await servers.open_server(scope, slug, settings=ServerSettings(name="-", product="-"))
        raise _TakenBack
