"""Writing steps: at a place, in part, elsewhere, away."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from app.domain import looks, steps, walkthroughs
from app.domain.changes import Change
from app.domain.looks import Look
from app.domain.permissions import Action
from app.domain.steps import ContentFields, StepDetails, StepPatch, StepWritten
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import (
    KEY_FIELD,
    USER_ERRORS_FIELD,
    given_object,
    perform,
    settled,
)
from app.graphql.walkthroughs.types import Step, Walkthrough, step_shown, walkthrough_shown

_TITLE = "Its title: one line, 1 to 200 characters."
_SECTION = "The title of the section that it belongs to, at most 200 characters."
_INTRODUCTION = "What the user is to achieve, told to the agent: at most 20000 characters."
_CONTEXT = "Background for the agent: at most 20000 characters."
_CONTENT = "What the agent relays to the user: at most 20000 characters. Publishing needs it."
_OPERATIONS = "What the agent itself is to do: at most 20000 characters."
_METADATA = "An object with data of yours, kept for files: at most 20 kB of JSON."
_REVISION = "The walkthrough's revision that you last read; if it has risen, nothing is changed."


@strawberry.input(description="A new step.")
class CreateStepInput:
    """The input of createStep."""

    walkthrough_id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    title: str = strawberry.field(description=_TITLE)
    position: int | None = strawberry.field(
        default=None,
        description="Its place, 1 to n + 1; those from there on move down. At the end without.",
    )
    section_title: str | None = strawberry.field(default=None, description=_SECTION)
    introduction_for_agent: str = strawberry.field(default="", description=_INTRODUCTION)
    context_for_agent: str = strawberry.field(default="", description=_CONTEXT)
    content_for_user: str = strawberry.field(default="", description=_CONTENT)
    operations_for_agent: str = strawberry.field(default="", description=_OPERATIONS)
    metadata: JSON | None = strawberry.field(default=None, description=_METADATA)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="What to change of a step; what is left out stays.")
class UpdateStepInput:
    """The input of updateStep."""

    id: strawberry.ID = strawberry.field(description="The step's id.")
    title: strawberry.Maybe[str | None] = strawberry.field(description=_TITLE)
    section_title: strawberry.Maybe[str | None] = strawberry.field(description=_SECTION)
    introduction_for_agent: strawberry.Maybe[str | None] = strawberry.field(
        description=_INTRODUCTION
    )
    context_for_agent: strawberry.Maybe[str | None] = strawberry.field(description=_CONTEXT)
    content_for_user: strawberry.Maybe[str | None] = strawberry.field(description=_CONTENT)
    operations_for_agent: strawberry.Maybe[str | None] = strawberry.field(description=_OPERATIONS)
    metadata: strawberry.Maybe[JSON | None] = strawberry.field(description=_METADATA)
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A step's new place.")
class MoveStepInput:
    """The input of moveStep."""

    id: strawberry.ID = strawberry.field(description="The step's id.")
    position: int = strawberry.field(description="Its new place, 1 to n; those between move by 1.")
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="The order of all steps of a walkthrough.")
class ReorderStepsInput:
    """The input of reorderSteps."""

    walkthrough_id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    step_ids: list[strawberry.ID] = strawberry.field(
        description="Each of its steps' ids exactly once, in the new order."
    )
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="A step to delete.")
class DeleteStepInput:
    """The input of deleteStep."""

    id: strawberry.ID = strawberry.field(description="The step's id.")
    expected_revision: int | None = strawberry.field(default=None, description=_REVISION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="What came of a change of a step.")
class StepPayload:
    """The payload for one step."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    step: Step | None = strawberry.field(
        default=None, description="The step as it is now; null when nothing was changed or it went."
    )
    walkthrough: Walkthrough | None = strawberry.field(
        default=None,
        description="Its walkthrough as of this change; null when nothing was changed.",
    )


@strawberry.type
class StepMutations:
    """The root fields that change steps."""

    @strawberry.mutation(description="Add a step at a place, or at the end.")
    async def create_step(
        self,
        info: Info,
        input: Annotated[CreateStepInput, strawberry.argument(description="The step.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> StepPayload:
        """steps.insert."""
        scope = info.context.scope
        change = Change(
            action=Action.WRITE_WALKTHROUGHS,
            event="step.created",
            subject="step",
            result_type=StepWritten,
            look=looks.at_step(scope),
            work=lambda: steps.insert(
                scope,
                input.walkthrough_id,
                details=_details(input),
                position=input.position,
                expected_revision=input.expected_revision,
            ),
            made=lambda written: written.step.id,
        )
        return await perform(info, input, change, StepPayload, _written)

    @strawberry.mutation(
        description="Change what a step says, each field by itself. End users who completed it "
        "keep it completed."
    )
    async def update_step(
        self,
        info: Info,
        input: Annotated[UpdateStepInput, strawberry.argument(description="The changes.")],  # noqa: A002 - as above
    ) -> StepPayload:
        """steps.edit."""
        scope = info.context.scope
        return await _edited(
            info,
            input,
            "step.updated",
            lambda: steps.edit(
                scope, input.id, patch=_patch(input), expected_revision=input.expected_revision
            ),
        )

    @strawberry.mutation(description="Put a step at another place; those between move by one.")
    async def move_step(
        self,
        info: Info,
        input: Annotated[MoveStepInput, strawberry.argument(description="The move.")],  # noqa: A002 - as above
    ) -> StepPayload:
        """steps.move."""
        scope = info.context.scope
        return await _edited(
            info,
            input,
            "step.moved",
            lambda: steps.move(
                scope, input.id, position=input.position, expected_revision=input.expected_revision
            ),
        )

    @strawberry.mutation(description="Put all steps of a walkthrough in a new order.")
    async def reorder_steps(
        self,
        info: Info,
        input: Annotated[ReorderStepsInput, strawberry.argument(description="The order.")],  # noqa: A002 - as above
    ) -> StepPayload:
        """steps.reorder."""
        scope = info.context.scope
        change = _walkthrough_change(
            "walkthrough.steps_reordered",
            input.walkthrough_id,
            looks.at_step_order(scope),
            lambda: steps.reorder(
                scope,
                input.walkthrough_id,
                step_ids=input.step_ids,
                expected_revision=input.expected_revision,
            ),
        )
        return await perform(info, input, change, StepPayload, _walkthrough)

    @strawberry.mutation(
        description="Delete a step and close the gap. End users keep the other steps that they "
        "completed."
    )
    async def delete_step(
        self,
        info: Info,
        input: Annotated[DeleteStepInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> StepPayload:
        """steps.delete."""
        scope = info.context.scope
        change = _walkthrough_change(
            "step.deleted",
            input.id,
            looks.at_step(scope),
            lambda: steps.delete(scope, input.id, expected_revision=input.expected_revision),
            subject="step",
        )
        return await perform(info, input, change, StepPayload, _walkthrough)


def _details(given: CreateStepInput) -> StepDetails:
    return StepDetails(
        title=given.title,
        section_title=given.section_title,
        content_fields=ContentFields(
            introduction_for_agent=given.introduction_for_agent,
            context_for_agent=given.context_for_agent,
            content_for_user=given.content_for_user,
            operations_for_agent=given.operations_for_agent,
        ),
        metadata=given_object(given.metadata),
    )


def _patch(given: UpdateStepInput) -> StepPatch:
    changed = settled(given, "section_title", "metadata")
    if "metadata" in changed:
        changed["metadata"] = given_object(changed["metadata"])
    return StepPatch(**changed)


async def _edited(
    info: Info,
    given: UpdateStepInput | MoveStepInput,
    event: str,
    work: Callable[[], Awaitable[StepWritten]],
) -> StepPayload:
    change = Change(
        action=Action.WRITE_WALKTHROUGHS,
        event=event,
        subject="step",
        subject_id=given.id,
        result_type=StepWritten,
        look=looks.at_step(info.context.scope),
        work=work,
    )
    return await perform(info, given, change, StepPayload, _written)


def _walkthrough_change(
    event: str,
    subject_id: str,
    look: Look,
    work: Callable[[], Awaitable[walkthroughs.Walkthrough]],
    *,
    subject: str = "walkthrough",
) -> Change[walkthroughs.Walkthrough]:
    return Change(
        action=Action.WRITE_WALKTHROUGHS,
        event=event,
        subject=subject,
        subject_id=subject_id,
        result_type=walkthroughs.Walkthrough,
        look=look,
        work=work,
    )


def _written(written: StepWritten) -> dict[str, object]:
    return {
        "step": step_shown(written.step),
        "walkthrough": walkthrough_shown(written.walkthrough),
    }


def _walkthrough(walkthrough: walkthroughs.Walkthrough) -> dict[str, object]:
    return {"walkthrough": walkthrough_shown(walkthrough)}
