"""Importing walkthroughs from files."""

from typing import Annotated, Any

import strawberry

from app.core.enums import WalkthroughStatus
from app.domain import listings, looks, permissions, walkthrough_files
from app.domain.changes import Change
from app.domain.permissions import Action
from app.domain.walkthrough_files import ImportReport, PairedBy
from app.graphql.context import Info
from app.graphql.errors import USER_ERRORS, UserError
from app.graphql.mutation import KEY_FIELD, USER_ERRORS_FIELD, perform, refused
from app.graphql.shapes import shown
from app.graphql.walkthroughs.types import Walkthrough, walkthrough_shown


@strawberry.input(description="A file with a walkthrough.")
class ImportWalkthroughInput:
    """The input of importWalkthrough."""

    content: str = strawberry.field(
        description="The file's JSON: a walkthrough with its steps, or an array of steps alone."
    )
    title: str | None = strawberry.field(
        default=None,
        description="The walkthrough's title whatever the file says; an array of steps needs it.",
    )
    status: WalkthroughStatus | None = strawberry.field(
        default=None,
        description="The status that it is to have. Without, a new one takes the file's and an "
        "existing one keeps its own.",
    )
    dry_run: bool = strawberry.field(
        default=False, description="Only report what the import would do."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_FIELD)


@strawberry.type(description="A step as it is after an import.")
class ImportedStep:
    """One line of the report."""

    position: int = strawberry.field(description="Its place now.")
    previous_position: int | None = strawberry.field(
        description="Its place before; null for a new one."
    )
    title: str = strawberry.field(description="Its title.")
    id: strawberry.ID | None = strawberry.field(
        description="Its id; null for what a dry run would add."
    )
    paired_by: PairedBy = strawberry.field(description="What told which step it is.")
    is_changed: bool = strawberry.field(description="Whether it is new or says something else.")


@strawberry.type(description="A step that is not in the file, and gone from the walkthrough.")
class RemovedStep:
    """One step that went."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    title: str = strawberry.field(description="Its title.")


@strawberry.type(description="Something in a file that was understood otherwise than written.")
class ImportNote:
    """One remark of the importer."""

    path: str = strawberry.field(description="Where in the file.")
    message: str = strawberry.field(description="What was done about it, for a person.")
    code: str = strawberry.field(description="What kind of remark it is, for programs.")


@strawberry.type(description="What an import did, or in a dry run would do.")
class ImportSummary:
    """The report."""

    title: str = strawberry.field(description="The walkthrough's title.")
    status: WalkthroughStatus = strawberry.field(description="The walkthrough's status.")
    is_new: bool = strawberry.field(description="Whether the walkthrough is new.")
    is_changed: bool = strawberry.field(description="Whether anything changes at all.")
    is_dry_run: bool = strawberry.field(description="Whether nothing was written.")
    steps: list[ImportedStep] = strawberry.field(description="The steps in order.")
    removed: list[RemovedStep] = strawberry.field(description="The steps that go.")
    notes: list[ImportNote] = strawberry.field(description="Remarks on the file.")


@strawberry.type(description="What came of an import.")
class ImportWalkthroughPayload:
    """The payload of importWalkthrough."""

    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_FIELD)
    report: ImportSummary | None = strawberry.field(
        default=None, description="What was done; null when the file was refused."
    )
    walkthrough_id: strawberry.Private[str | None] = None

    @strawberry.field(
        description="The walkthrough as it is now; null when the file was refused, and for one "
        "that a dry run would add."
    )
    async def walkthrough(self, info: Info) -> Walkthrough | None:
        """The walkthrough that the file is a version of."""
        if self.walkthrough_id is None:
            return None
        found = await listings.walkthroughs_by_id(info.context.scope, [self.walkthrough_id])
        return walkthrough_shown(found[0]) if found else None


@strawberry.type
class FileMutations:
    """The root fields about files."""

    @strawberry.mutation(
        description="Bring in a file's walkthrough: a new one, or over the one that it is a "
        "version of. All faults are told at once, each at its path in the file."
    )
    async def import_walkthrough(
        self,
        info: Info,
        input: Annotated[ImportWalkthroughInput, strawberry.argument(description="The file.")],  # noqa: A002 - what GraphQL APIs call it
    ) -> ImportWalkthroughPayload:
        """walkthrough_files.import_walkthrough."""
        scope = info.context.scope

        async def work() -> ImportReport:
            # What the file says may publish, so whoever imports must be allowed to.
            permissions.require(scope, Action.PUBLISH_WALKTHROUGHS)
            return await walkthrough_files.import_walkthrough(
                scope, input.content, title=input.title, status=input.status, dry_run=input.dry_run
            )

        if input.dry_run:  # changes nothing: nothing for the audit log, and nothing to do once
            try:
                permissions.require(scope, Action.WRITE_WALKTHROUGHS)
                return ImportWalkthroughPayload(**_report(await work()), user_errors=[])
            except USER_ERRORS as error:
                return refused(ImportWalkthroughPayload, error)
        change = Change(
            action=Action.WRITE_WALKTHROUGHS,
            event="walkthrough.imported",
            subject="walkthrough",
            result_type=ImportReport,
            look=looks.at_walkthrough(scope),
            work=work,
            made=lambda report: report.walkthrough_id or "",
        )
        return await perform(info, input, change, ImportWalkthroughPayload, _report)


def _report(report: ImportReport) -> dict[str, Any]:
    summary = shown(
        ImportSummary,
        report,
        steps=[shown(ImportedStep, step) for step in report.steps],
        removed=[shown(RemovedStep, step) for step in report.removed],
        notes=[shown(ImportNote, note) for note in report.notes],
    )
    return {"report": summary, "walkthrough_id": report.walkthrough_id}
