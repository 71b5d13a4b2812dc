"""Organizations."""

from dataclasses import dataclass, replace

from msgspec import UNSET, UnsetType

from app.core import clock
from app.core.errors import NotFound
from app.core.scope import MemberScope, OrganizationScope
from app.domain import audit, permissions, server_rules
from app.domain.audit import Subject
from app.domain.edits import given, require_revision
from app.domain.faults import Faults
from app.domain.permissions import Action
from app.repositories import database
from app.repositories.organizations import (
    Organization,
    Organizations,
    SlugTaken,
    TicketCounters,
)

__all__ = ["Organization", "OrganizationPatch", "SlugTaken", "configure", "found", "present"]

NAME_MAX_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPatch:
    """What to change; what is UNSET stays. `allowed_origins` are those of its own frontends."""

    name: str | UnsetType = UNSET
    allowed_origins: tuple[str, ...] | UnsetType = UNSET


async def found(scope: OrganizationScope, *, name: str, slug: str) -> Organization:
    """Create the organization whose new id the scope holds, ready to count tickets.

    Raises Invalid, and SlugTaken if another one has the slug.
    """
    faults = Faults()
    faults.line("name", name, longest=NAME_MAX_CHARACTERS, required=True)
    server_rules.check_slug(faults, slug)
    faults.refuse()
    async with database.transaction(scope):
        organization = await Organizations(scope).insert(name=name, slug=slug)
        await TicketCounters(scope).insert()
        return organization


async def present(scope: OrganizationScope) -> Organization:
    """The scope's organization."""
    async with database.connection(scope):
        return _existing(await Organizations(scope).own())


async def configure(
    scope: MemberScope, *, patch: OrganizationPatch, expected_revision: int | None = None
) -> Organization:
    """The organization, changed. Raises Invalid, NotPermitted and RevisionMismatch."""
    permissions.require(scope, Action.EDIT_ORGANIZATION)
    async with database.transaction(scope):
        organization = _existing(await Organizations(scope).own(is_locked=True))
        require_revision(organization.revision, expected_revision)
        changed = replace(organization, **given(patch))
        if changed == organization:
            return organization
        faults = Faults()
        faults.line("name", changed.name, longest=NAME_MAX_CHARACTERS, required=True)
        server_rules.check_origins(faults, changed.allowed_origins)
        faults.refuse()
        saved = replace(changed, revision=organization.revision + 1, updated_at=clock.now())
        await Organizations(scope).save(saved)
        subject = Subject("organization", saved.id)
        await audit.record(
            scope, "organization.configured", subject, before=organization, after=saved
        )
        return saved


def _existing(organization: Organization | None) -> Organization:
    if organization is None:
        message = "There is no such organization."
        raise NotFound(message)
    return organization
