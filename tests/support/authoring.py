"""Organizations and walkthroughs made through the domain, as authors make them."""

from typing import Any

from app.core.ids import new_id
from app.core.scope import OrganizationScope
from app.domain import admission, organizations, servers, steps, walkthroughs
from app.domain.servers import Server, ServerSettings
from app.domain.steps import ContentFields, StepDetails
from app.domain.walkthroughs import Walkthrough, WalkthroughDetails


async def found(slug: str = "acme-tools") -> OrganizationScope:
    """The scope of a new organization."""
    scope = admission.founder(new_id("org"))
    await organizations.found(scope, name="Acme", slug=slug)
    return scope


async def open_server(scope: OrganizationScope, slug: str = "acme-docs") -> Server:
    """A new server with the default settings."""
    settings = ServerSettings(name="Acme Docs", product="Acme CLI")
    return await servers.open_server(scope, slug, settings=settings)


async def write(
    scope: OrganizationScope,
    *titles: str,
    title: str = "Getting started",
    is_published: bool = False,
) -> Walkthrough:
    """A walkthrough with a step of each of these titles."""
    walkthrough = await walkthroughs.create(scope, WalkthroughDetails(title=title))
    for step_title in titles:
        written = await steps.insert(scope, walkthrough.id, details=step(step_title))
        walkthrough = written.walkthrough
    return await walkthroughs.publish(scope, walkthrough.id) if is_published else walkthrough


def step(title: str = "Install it", **content: Any) -> StepDetails:
    """A step with something for the user to read, or with this content."""
    texts = content or {"content_for_user": f"Now {title.lower()}."}
    return StepDetails(title=title, content_fields=ContentFields(**texts))


async def titles(scope: OrganizationScope, walkthrough_id: str) -> list[str]:
    """The steps' titles in order; their positions are 1..n."""
    present = await steps.of_walkthrough(scope, walkthrough_id)
    assert [one.position for one in present] == list(range(1, len(present) + 1))
    return [one.title for one in present]


async def ids(scope: OrganizationScope, walkthrough_id: str) -> list[str]:
    """The steps' ids in order."""
    return [one.id for one in await steps.of_walkthrough(scope, walkthrough_id)]
