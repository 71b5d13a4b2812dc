"""The sample organization that the demo shows: two servers and three walkthroughs (app/samples)."""

from importlib.resources import files

import msgspec

from app.core.enums import AuthType, Toolset
from app.core.ids import new_id
from app.core.scope import OrganizationScope
from app.domain import admission, assignments, organizations, servers
from app.domain.organizations import SlugTaken
from app.domain.servers import ServerSettings
from app.domain.walkthrough_files import import_walkthrough
from app.repositories import database


class SampleServer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A server and the names of the files of its walkthroughs, in their order."""

    slug: str
    name: str
    product: str
    auth_type: AuthType
    walkthrough_toolset: Toolset
    instructions: str
    walkthroughs: tuple[str, ...]


class SampleOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """What organization.json says."""

    name: str
    slug: str
    servers: tuple[SampleServer, ...]


def sample_organization() -> SampleOrganization:
    """The organization that is loaded."""
    return msgspec.json.decode(_content("organization"), type=SampleOrganization)


async def load_samples() -> bool:
    """Found the sample organization with all that belongs to it; False if it is there already.

    All of it comes in one transaction, so an organization that is there is complete, and is left
    as its users have made it since.
    """
    sample = sample_organization()
    scope = admission.founder(new_id("org"))
    try:
        async with database.transaction(scope):
            await organizations.found(scope, name=sample.name, slug=sample.slug)
            await _fill(scope, sample)
    except SlugTaken:
        return False
    return True


async def _fill(scope: OrganizationScope, sample: SampleOrganization) -> None:
    names = dict.fromkeys(name for server in sample.servers for name in server.walkthroughs)
    walkthrough_ids = {name: await _import(scope, name) for name in names}
    for server in sample.servers:
        settings = ServerSettings(
            name=server.name,
            product=server.product,
            auth_type=server.auth_type,
            walkthrough_toolset=server.walkthrough_toolset,
            instructions=server.instructions,
        )
        opened = await servers.open_server(scope, server.slug, settings=settings)
        for name in server.walkthroughs:
            await assignments.assign(scope, opened.id, walkthrough_id=walkthrough_ids[name])


async def _import(scope: OrganizationScope, name: str) -> str:
    report = await import_walkthrough(scope, _content(name))
    assert report.walkthrough_id is not None, "only a dry run has none"
    return report.walkthrough_id


def _content(name: str) -> bytes:
    return (files("app") / "samples" / f"{name}.json").read_bytes()
