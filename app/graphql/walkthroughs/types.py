"""Walkthroughs, steps and previews as clients see them."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from app.core.enums import Toolset, WalkthroughStatus, WalkthroughType
from app.domain import listings, previews, steps, walkthroughs
from app.graphql.context import Info
from app.graphql.pages import Connection
from app.graphql.servers.types import Assignment, assignment_shown
from app.graphql.shapes import shown


@strawberry.type(description="What a step says. All texts may be Markdown.")
class StepContent:
    """Content fields v1."""

    introduction_for_agent: str = strawberry.field(
        description="What the user is to achieve, told to the agent; may be empty."
    )
    context_for_agent: str = strawberry.field(description="Background for the agent; may be empty.")
    content_for_user: str = strawberry.field(
        description="What the agent relays to the user. Publishing needs it."
    )
    operations_for_agent: str = strawberry.field(
        description="What the agent itself is to do; may be empty."
    )


@strawberry.type(description="A step as an agent will get it.")
class StepPreview:
    """A rendered step."""

    text: str = strawberry.field(
        description="The very text that an agent reads when it is presented this step."
    )
    step_number: int = strawberry.field(description="The step's ordinal, 1 to totalSteps.")
    total_steps: int = strawberry.field(description="How many steps the walkthrough has.")
    progress_percent: int = strawberry.field(
        description="How far an end user is who has done all steps before this one."
    )


@strawberry.type(description="One step of a walkthrough.")
class Step:
    """A step."""

    id: strawberry.ID = strawberry.field(description="The step's id; it never changes.")
    walkthrough_id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    position: int = strawberry.field(description="Its place, 1 to n without gaps.")
    title: str = strawberry.field(description="Its title.")
    section_title: str | None = strawberry.field(
        description="The title of the section that it belongs to."
    )
    content: StepContent = strawberry.field(description="What it says.")
    metadata: JSON = strawberry.field(description="Data of yours, kept for files.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(
        description="The step as an agent will get it; null if it was deleted at this very moment."
    )
    async def preview(
        self,
        info: Info,
        toolset: Annotated[
            Toolset, strawberry.argument(description="Whose next call the text names.")
        ] = Toolset.COMPACT,
    ) -> StepPreview | None:
        """The step, rendered."""
        loaders = info.context.loaders
        walkthrough = await loaders.walkthroughs.load(self.walkthrough_id)
        present = await loaders.steps.load(self.walkthrough_id)
        if walkthrough is None or all(step.id != self.id for step in present):
            return None
        preview = previews.of_step(walkthrough, present, self.id, toolset=toolset)
        return shown(StepPreview, preview)


@strawberry.type(description="A guided, step-by-step piece of teaching.")
class Walkthrough:
    """A walkthrough. Its resolvers read the id alone: they serve the domain's object as well."""

    id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    title: str = strawberry.field(description="Its title, unique among those not archived.")
    description: str = strawberry.field(description="What it is about, or empty.")
    type: WalkthroughType = strawberry.field(description="What it is for.")
    status: WalkthroughStatus = strawberry.field(description="Where it stands.")
    version: int = strawberry.field(
        description="Rises at each publishing, and with each edit that end users of a published "
        "walkthrough notice."
    )
    revision: int = strawberry.field(
        description="Rises with every write of it or its steps; send it as expectedRevision."
    )
    estimated_duration_minutes: int | None = strawberry.field(
        description="How long it takes, where its authors say so."
    )
    tags: list[str] = strawberry.field(description="Words to find it by.")
    metadata: JSON = strawberry.field(description="Data of yours, kept for files.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it or its steps were last changed.")

    @strawberry.field(description="How many steps it has.")
    async def step_count(self, info: Info) -> int:
        """The number of its steps."""
        return await info.context.loaders.step_counts.load(self.id)

    @strawberry.field(description="Its steps in order.")
    async def steps(self, info: Info) -> list[Step]:
        """Its steps."""
        found = await info.context.loaders.steps.load(self.id)
        return [step_shown(step) for step in found]

    @strawberry.field(description="The servers that it is assigned to, by their names.")
    async def assignments(self, info: Info) -> list[Assignment]:
        """Its assignments."""
        found = await info.context.loaders.assignments_of_walkthrough.load(self.id)
        return [assignment_shown(assignment) for assignment in found]


@strawberry.type(description="A page of walkthroughs.")
class WalkthroughConnection(Connection[Walkthrough]):
    """A page of walkthroughs."""

    only: strawberry.Private[listings.WalkthroughFilter]

    @strawberry.field(description="How many walkthroughs the filter lets through, on all pages.")
    async def total_count(self, info: Info) -> int:
        """The number of all walkthroughs that the filter lets through."""
        return await listings.walkthrough_count(info.context.scope, self.only)


def walkthrough_shown(walkthrough: walkthroughs.Walkthrough) -> Walkthrough:
    """A walkthrough of the domain as GraphQL's type."""
    return shown(Walkthrough, walkthrough, tags=list(walkthrough.tags))


def step_shown(step: steps.Step) -> Step:
    """A step of the domain as GraphQL's type."""
    return shown(Step, step, content=shown(StepContent, step.content_fields))
