"""Anonymous callers who prove to be persons, as a login and the first call after it do it."""

import msgspec

from app.core.scope import ServerScope
from app.domain.end_users import Person, recognize
from app.repositories import database, end_users


async def become_known(
    scope: ServerScope, person: Person, *, anonymous_id: str | None, session_id: str | None
) -> str:
    """The id of the person's end user, who has what the anonymous one began."""
    async with database.transaction(scope):
        person_id = await end_users.person_id(scope, issuer=person.issuer, subject=person.subject)
        profile = msgspec.json.encode(person.profile).decode()
        await end_users.know(person_id, email=person.email, profile=profile)
        await recognize(scope, person_id, anonymous_id=anonymous_id, session_id=session_id)
    return person_id
