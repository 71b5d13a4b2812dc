"""Organizations."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core import clock
from app.core.errors import Conflict
from app.models.organizations import Organization as OrganizationTable
from app.models.tickets import TicketCounter
from app.repositories.base import Row, ScopedRepository, refused_by


class SlugTaken(Conflict):
    """Another organization has this slug."""

    code = "slug_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A company that teaches and supports its users."""

    id: str
    name: str
    slug: str
    allowed_origins: tuple[str, ...]
    revision: int
    created_at: datetime
    updated_at: datetime


class Organizations(ScopedRepository):
    """The organization of the scope."""

    table = OrganizationTable
    owner = "id"

    async def own(self, *, is_locked: bool = False) -> Organization | None:
        """The scope's organization."""
        row = await self._row(is_locked=is_locked)
        return _organization(row) if row else None

    async def insert(self, *, name: str, slug: str) -> Organization:
        """The new organization. Raises SlugTaken."""
        now = clock.now()
        values = {"name": name, "slug": slug, "created_at": now, "updated_at": now}
        taken = SlugTaken(f"The slug {slug} is taken. Choose another.", field="slug")
        with refused_by("organization_slug_key", error=taken):
            return _organization(await self._insert(values))

    async def save(self, organization: Organization) -> None:
        """Write what can change of the locked organization."""
        await self._update(
            {
                "name": organization.name,
                "allowed_origins": list(organization.allowed_origins),
                "revision": organization.revision,
                "updated_at": organization.updated_at,
            }
        )


class TicketCounters(ScopedRepository):
    """Where an organization's ticket numbers come from."""

    table = TicketCounter

    async def insert(self) -> None:
        """Begin to count at 1; tickets cannot be opened before."""
        await self._insert({})


def _organization(row: Row) -> Organization:
    return msgspec.convert(row, Organization)
