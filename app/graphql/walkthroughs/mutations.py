"""Writing walkthroughs, publishing them, taking them back."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from app.core.enums import WalkthroughType
from app.domain import looks, walkthroughs
from app.domain.changes import Change
from app.domain.permissions import Action
from app.domain.walkthroughs import WalkthroughDetails, WalkthroughPatch
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutation import (
    KEY_FIELD,
    REVISION_FIELD,
    USER_ERRORS_FIELD,
    DeletePayload,
    given_object,
    perform,
    settled,
)
from app.graphql.walkthroughs.types import Walkthrough, walkthrough_shown

_TITLE = "Its title: one line, 1 to 100 characters, unique among those not archived."
_DESCRIPTION = "What it is about, at most 500 characters."
_TYPE = "What it is for."
_DURATION = "How long it takes, in minutes."
_TAGS = "Words to find it by, at most 50."
_METADATA = "An object with data of yours, kept for files: at most 20 kB of JSON."


@strawberry.input(description="A new walkthrough.")
class CreateWalkthroughInput:
    """The input of createWalkthrough."""

    title: str = strawberry.field(description=_TITLE)
    description: str = strawberry.field(default="", description=_DESCRIPTION)
    type: WalkthroughType = strawberry.field(default=WalkthroughType.COURSE, description=_TYPE)
    estimated_duration_minutes: int | None = strawberry.field(default=None, description=_DURATION)
    tags: list[str] = strawberry.field(default_factory=list, description=_TAGS)
    metadata: JSON | None = strawberry.field(default=None, description=_METADATA)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="What to change of a walkthrough; what is left out stays.")
class UpdateWalkthroughInput:
    """The input of updateWalkthrough."""

    id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    title: strawberry.Maybe[str | None] = strawberry.field(description=_TITLE)
    description: strawberry.Maybe[str | None] = strawberry.field(description=_DESCRIPTION)
    type: strawberry.Maybe[WalkthroughType | None] = strawberry.field(description=_TYPE)
    estimated_duration_minutes: strawberry.Maybe[int | None] = strawberry.field(
        description=_DURATION
    )
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(description=_TAGS)
    metadata: strawberry.Maybe[JSON | None] = strawberry.field(description=_METADATA)
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="Which walkthrough to act on.")
class WalkthroughInput:
    """The input of mutations that need no more than the walkthrough."""

    id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    expected_revision: int | None = strawberry.field(default=None, description=REVISION_FIELD)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.input(description="Which walkthrough to copy.")
class DuplicateWalkthroughInput:
    """The input of duplicateWalkthrough."""

    id: strawberry.ID = strawberry.field(description="The walkthrough's id.")
    title: str | None = strawberry.field(
        default=None, description="The copy's title; “Copy of …” without."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="What came of a change of a walkthrough.")
class WalkthroughPayload:
    """The payload of the mutations below."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    walkthrough: Walkthrough | None = strawberry.field(
        default=None, description="The walkthrough as it is now; null when nothing was changed."
    )


@strawberry.type
class WalkthroughMutations:
    """The root fields that change walkthroughs."""

    @strawberry.mutation(description="Begin a walkthrough: a draft without steps.")
    async def create_walkthrough(
        self,
        info: Info,
        input: Annotated[CreateWalkthroughInput, strawberry.argument(description="It.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> WalkthroughPayload:
        """walkthroughs.create."""
        scope = info.context.scope
        work = lambda: walkthroughs.create(scope, _details(input))  # noqa: E731 - one line says it
        return await _made(info, input, "walkthrough.created", work)

    @strawberry.mutation(description="A draft with the same steps, on no server.")
    async def duplicate_walkthrough(
        self,
        info: Info,
        input: Annotated[DuplicateWalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> WalkthroughPayload:
        """walkthroughs.duplicate."""
        scope = info.context.scope
        work = lambda: walkthroughs.duplicate(scope, input.id, title=input.title)  # noqa: E731 - as above
        return await _made(info, input, "walkthrough.duplicated", work)

    @strawberry.mutation(
        description="Change what is said of a walkthrough. Of a published one, agents read the new "
        "words at once."
    )
    async def update_walkthrough(
        self,
        info: Info,
        input: Annotated[UpdateWalkthroughInput, strawberry.argument(description="It.")],  # noqa: A002 - as above
    ) -> WalkthroughPayload:
        """walkthroughs.update."""
        scope = info.context.scope
        return await _changed(
            info,
            input,
            "walkthrough.updated",
            lambda: walkthroughs.update(
                scope, input.id, patch=_patch(input), expected_revision=input.expected_revision
            ),
        )

    @strawberry.mutation(
        description="Offer a walkthrough, as a new version, on the servers that it is assigned to. "
        "An incomplete one is refused, with an error for each step and field that is missing."
    )
    async def publish_walkthrough(
        self,
        info: Info,
        input: Annotated[WalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> WalkthroughPayload:
        """walkthroughs.publish."""
        scope = info.context.scope
        return await _changed(
            info,
            input,
            "walkthrough.published",
            lambda: walkthroughs.publish(
                scope, input.id, expected_revision=input.expected_revision
            ),
            action=Action.PUBLISH_WALKTHROUGHS,
        )

    @strawberry.mutation(
        description="Make a walkthrough a draft again, out of the archive too. Progress is kept."
    )
    async def unpublish_walkthrough(
        self,
        info: Info,
        input: Annotated[WalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> WalkthroughPayload:
        """walkthroughs.unpublish."""
        scope = info.context.scope
        return await _changed(
            info,
            input,
            "walkthrough.unpublished",
            lambda: walkthroughs.unpublish(
                scope, input.id, expected_revision=input.expected_revision
            ),
            action=Action.PUBLISH_WALKTHROUGHS,
        )

    @strawberry.mutation(
        description="Put a walkthrough away. Its title is free again, its progress is kept."
    )
    async def archive_walkthrough(
        self,
        info: Info,
        input: Annotated[WalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> WalkthroughPayload:
        """walkthroughs.archive."""
        scope = info.context.scope
        return await _changed(
            info,
            input,
            "walkthrough.archived",
            lambda: walkthroughs.archive(
                scope, input.id, expected_revision=input.expected_revision
            ),
            action=Action.PUBLISH_WALKTHROUGHS,
        )

    @strawberry.mutation(
        description="Delete a walkthrough with its steps, its assignments and everybody's progress "
        "in it. Archive it to keep the progress."
    )
    async def delete_walkthrough(
        self,
        info: Info,
        input: Annotated[WalkthroughInput, strawberry.argument(description="Which.")],  # noqa: A002 - as above
    ) -> DeletePayload:
        """walkthroughs.delete."""
        scope = info.context.scope

        async def work() -> str:
            await walkthroughs.delete(scope, input.id, expected_revision=input.expected_revision)
            return input.id

        change = Change(
            action=Action.WRITE_WALKTHROUGHS,
            event="walkthrough.deleted",
            subject="walkthrough",
            subject_id=input.id,
            result_type=str,
            look=looks.at_walkthrough(scope),
            work=work,
        )
        return await perform(info, input, change, DeletePayload, lambda it: {"deleted_id": it})


def _details(given: CreateWalkthroughInput) -> WalkthroughDetails:
    return WalkthroughDetails(
        title=given.title,
        description=given.description,
        type=given.type,
        estimated_duration_minutes=given.estimated_duration_minutes,
        tags=tuple(given.tags),
        metadata=given_object(given.metadata),
    )


def _patch(given: UpdateWalkthroughInput) -> WalkthroughPatch:
    changed = settled(given, "estimated_duration_minutes", "metadata")
    if "tags" in changed:
        changed["tags"] = tuple(changed["tags"])
    if "metadata" in changed:
        changed["metadata"] = given_object(changed["metadata"])
    return WalkthroughPatch(**changed)


async def _made(
    info: Info,
    given: CreateWalkthroughInput | DuplicateWalkthroughInput,
    event: str,
    work: Callable[[], Awaitable[walkthroughs.Walkthrough]],
) -> WalkthroughPayload:
    change = Change(
        action=Action.WRITE_WALKTHROUGHS,
        event=event,
        subject="walkthrough",
        result_type=walkthroughs.Walkthrough,
        look=looks.at_walkthrough(info.context.scope),
        work=work,
        made=lambda walkthrough: walkthrough.id,
    )
    return await perform(
        info, given, change, WalkthroughPayload, lambda it: {"walkthrough": walkthrough_shown(it)}
    )


async def _changed(
    info: Info,
    given: UpdateWalkthroughInput | WalkthroughInput,
    event: str,
    work: Callable[[], Awaitable[walkthroughs.Walkthrough]],
    *,
    action: Action = Action.WRITE_WALKTHROUGHS,
) -> WalkthroughPayload:
    change = Change(
        action=action,
        event=event,
        subject="walkthrough",
        subject_id=given.id,
        result_type=walkthroughs.Walkthrough,
        look=looks.at_walkthrough(info.context.scope),
        work=work,
    )
    return await perform(
        info, given, change, WalkthroughPayload, lambda it: {"walkthrough": walkthrough_shown(it)}
    )
