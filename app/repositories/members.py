"""Who belongs to an organization, and who is asked to."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core import clock
from app.core.enums import Role
from app.core.errors import Conflict
from app.core.ids import new_id
from app.core.page import Page, Place
from app.core.scope import UserScope
from app.models.members import Invitation as InvitationTable
from app.models.members import Membership as MembershipTable
from app.repositories import database
from app.repositories.base import Row, ScopedRepository, refused_by

# colleagues() and organizations_of_user() show what belongs to the unit of work, and nothing else.
_PAGE = """
SELECT * FROM colleagues()
WHERE $1::timestamptz IS NULL OR (joined_at, id) > ($1, $2)
ORDER BY joined_at, id LIMIT $3
"""

_PAGE_BEFORE = """
SELECT * FROM colleagues()
WHERE $1::timestamptz IS NULL OR (joined_at, id) < ($1, $2)
ORDER BY joined_at DESC, id DESC LIMIT $3
"""

_BY_ID = "SELECT * FROM colleagues() WHERE id = $1"

_BY_EMAIL = "SELECT * FROM colleagues() WHERE email = $1"

_BELONGINGS = "SELECT * FROM organizations_of_user() ORDER BY name, id"

_JOIN = """
INSERT INTO membership (id, organization_id, user_id, role, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (organization_id, user_id) DO NOTHING RETURNING id
"""

_COUNTS = """
SELECT count(*) AS members, count(*) FILTER (WHERE role = 'owner') AS owners
FROM membership WHERE organization_id = $1
"""

_ACCEPT = """
UPDATE invitation SET accepted_at = $3, accepted_by_id = $4
WHERE organization_id = $1 AND id = $2 AND token_hash = $5 AND accepted_at IS NULL
    AND expires_at > $3
RETURNING id
"""

_PENDING = """
SELECT count(*) AS number FROM invitation WHERE organization_id = $1 AND accepted_at IS NULL
"""

_CANCEL = """
DELETE FROM invitation WHERE organization_id = $1 AND id = $2 AND accepted_at IS NULL RETURNING *
"""


class AlreadyInvited(Conflict):
    """The address has a pending invitation to this organization."""

    code = "already_invited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user in an organization."""

    id: str
    user_id: str
    email: str
    name: str
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """An organization that a user is a member of."""

    id: str
    name: str
    slug: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An address that was asked to join; pending until `accepted_at` is set or it expires."""

    id: str
    email: str
    role: Role
    invited_by_id: str
    invited_by_name: str
    created_at: datetime
    sent_at: datetime
    expires_at: datetime
    accepted_at: datetime | None


class Memberships(ScopedRepository):
    """The organization's members; whoever changes them holds the organization's row."""

    table = MembershipTable

    async def page(
        self, *, after: Place | None, limit: int, is_backward: bool = False
    ) -> Page[Member]:
        """The next members, or those before, in the order in which they joined."""
        rows = await database.fetch(
            _PAGE_BEFORE if is_backward else _PAGE,
            after.at if after else None,
            after.id if after else None,
            limit + 1,
        )
        members = tuple(msgspec.convert(dict(row), Member) for row in rows[:limit])
        return Page(items=members[::-1] if is_backward else members, has_more=len(rows) > limit)

    async def by_id(self, member_id: str) -> Member | None:
        """The member with this id."""
        return _member(await database.fetch_row(_BY_ID, member_id))

    async def by_email(self, email: str) -> Member | None:
        """The member with this address, which is given in lower case."""
        return _member(await database.fetch_row(_BY_EMAIL, email))

    async def of_user(self, user_id: str) -> tuple[str, Role] | None:
        """The id and the role of the user's membership."""
        row = await self._row(MembershipTable.user_id == user_id)
        return (row["id"], Role(row["role"])) if row else None

    async def counts(self) -> tuple[int, int]:
        """How many members there are, and how many of them are owners."""
        rows = await database.fetch(_COUNTS, self.organization_id)
        return rows[0]["members"], rows[0]["owners"]

    async def join(self, user_id: str, role: Role) -> str | None:
        """The id of the new membership; None if the user is a member already."""
        row = await database.fetch_row(
            _JOIN, new_id("mbr"), self.organization_id, user_id, role, clock.now()
        )
        return row["id"] if row else None

    async def set_role(self, member_id: str, role: Role) -> None:
        """Write another role."""
        values = {"role": role.value, "updated_at": clock.now()}
        await self._update(values, MembershipTable.id == member_id)

    async def delete(self, member_id: str) -> None:
        """End the membership."""
        await self._delete(MembershipTable.id == member_id)


async def belongings(scope: UserScope) -> tuple[Belonging, ...]:
    """The organizations that the user is a member of, by name."""
    del scope  # the unit of work is the user's, and the function reads whose it is
    rows = await database.fetch(_BELONGINGS)
    return tuple(msgspec.convert(dict(row), Belonging) for row in rows)


class Invitations(ScopedRepository):
    """The organization's invitations."""

    table = InvitationTable

    async def pending(
        self, *, after: Place | None, limit: int, is_backward: bool = False
    ) -> Page[Invitation]:
        """The next invitations that were not accepted, expired ones included; newest first."""
        page = await self._page(
            InvitationTable.accepted_at.is_null(),
            after=after,
            limit=limit,
            newest_first=True,
            is_backward=is_backward,
        )
        return Page(items=tuple(_invitation(row) for row in page.items), has_more=page.has_more)

    async def pending_count(self) -> int:
        """How many were not accepted."""
        rows = await database.fetch(_PENDING, self.organization_id)
        return int(rows[0]["number"])

    async def pending_by_id(self, invitation_id: str) -> Invitation | None:
        """The invitation with this id, if it was not accepted; held against other writers."""
        row = await self._row(
            InvitationTable.id == invitation_id,
            InvitationTable.accepted_at.is_null(),
            is_locked=True,
        )
        return _invitation(row) if row else None

    async def pending_by_email(self, email: str) -> Invitation | None:
        """The address's invitation, if it was not accepted; held against other writers."""
        row = await self._row(
            InvitationTable.email == email, InvitationTable.accepted_at.is_null(), is_locked=True
        )
        return _invitation(row) if row else None

    async def insert(self, values: Row) -> Invitation:
        """The new invitation. Raises AlreadyInvited."""
        message = "This address has a pending invitation. Resend that one, or cancel it."
        invited = AlreadyInvited(message, field="email")
        with refused_by("invitation_pending_once", error=invited):
            return _invitation(await self._insert(values))

    async def renew(self, invitation_id: str, values: Row) -> None:
        """Write another token, time and role."""
        await self._update(values, InvitationTable.id == invitation_id)

    async def accept(self, invitation_id: str, *, user_id: str, token_hash: str) -> bool:
        """Whether this user is the one who accepted just now, before it expired."""
        now = clock.now()
        row = await database.fetch_row(
            _ACCEPT, self.organization_id, invitation_id, now, user_id, token_hash
        )
        return row is not None

    async def cancel(self, invitation_id: str) -> Invitation | None:
        """The invitation as it was, now gone; None if there is none that was not accepted."""
        row = await database.fetch_row(_CANCEL, self.organization_id, invitation_id)
        return _invitation(dict(row)) if row else None


def _member(row: database.Row | None) -> Member | None:
    return msgspec.convert(dict(row), Member) if row else None


def _invitation(row: Row) -> Invitation:
    return msgspec.convert(row, Invitation)
