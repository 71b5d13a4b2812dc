"""`mcplatform import`."""

import asyncio
import sys
from dataclasses import dataclass
from typing import BinaryIO

import click

from app.cli.command import errors_explained, explained, quiet_settings
from app.core.enums import WalkthroughStatus
from app.core.errors import ProductError
from app.core.scope import OrganizationScope
from app.domain import admission, assignments, servers
from app.domain.servers import Server
from app.domain.walkthrough_files import ImportedStep, ImportReport, PairedBy, import_walkthrough
from app.repositories.opening import opened


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is wanted of each file."""

    status: WalkthroughStatus | None
    title: str | None
    dry_run: bool


@click.command()
@click.argument("files", type=click.File("rb"), nargs=-1, required=True, metavar="FILE...")
@click.option("--organization", required=True, metavar="SLUG", help="Whose walkthroughs.")
@click.option("--dry-run", is_flag=True, help="Print what would happen, and change nothing.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in WalkthroughStatus]),
    help="The walkthroughs' status afterwards.  [default: as it is; of new ones, the file's]",
)
@click.option(
    "--server", "slug", metavar="SLUG", help="Offer them on this server too, after its others."
)
@click.option("--title", help="The title; a file that is a bare array of steps needs it.")
def command(
    *,
    files: tuple[BinaryIO, ...],
    organization: str,
    dry_run: bool,
    status: str | None,
    slug: str | None,
    title: str | None,
) -> None:
    """Bring walkthroughs in from JSON files, each in one transaction; - is standard input.

    A walkthrough that is there already, by the id or the title in the file, becomes what the file
    says, and nobody's progress is lost. Every fault of a file is printed with its path. Exit code 1
    if a file was refused; the others are in.
    """
    if title is not None and len(files) > 1:
        message = "--title goes with one file."
        raise click.UsageError(message)
    with errors_explained():
        wanted = None if status is None else WalkthroughStatus(status)
        errand = Errand(status=wanted, title=title, dry_run=dry_run)
        are_in = asyncio.run(_bring_in(files, organization, slug=slug, errand=errand))
    sys.exit(0 if are_in else 1)


async def _bring_in(
    files: tuple[BinaryIO, ...], organization: str, *, slug: str | None, errand: Errand
) -> bool:
    """Whether every file is in."""
    refused = 0
    async with opened(quiet_settings()):
        scope = await admission.operator(organization)
        server = await servers.by_slug(scope, slug) if slug else None
        is_watched = len(files) > 1 and sys.stderr.isatty()
        with click.progressbar(files, file=sys.stderr, hidden=not is_watched) as each:
            for file in each:
                try:
                    report = await _imported(scope, file, server=server, errand=errand)
                except ProductError as error:
                    refused += 1
                    click.echo(f"{file.name}: refused\n{_indented(explained(error))}", err=True)
                else:
                    click.echo(f"{file.name}: {told(report)}")
    return refused == 0


async def _imported(
    scope: OrganizationScope, file: BinaryIO, *, server: Server | None, errand: Errand
) -> ImportReport:
    report = await import_walkthrough(
        scope, file.read(), title=errand.title, status=errand.status, dry_run=errand.dry_run
    )
    if server is not None and report.walkthrough_id is not None and not errand.dry_run:
        await assignments.assign(scope, server.id, walkthrough_id=report.walkthrough_id)
    return report


def told(report: ImportReport) -> str:
    """What an import did, or would do, step by step."""
    done = "changed" if report.is_changed else "unchanged"
    done = "new" if report.is_new else done
    facts = [done, report.status.value, report.walkthrough_id or "no id yet"]
    if report.is_dry_run:
        facts.append("dry run, nothing is written")
    lines = [f"“{report.title}” ({', '.join(facts)})"]
    lines += [f"{step.position}. {step.title} ({_fate(step)})" for step in report.steps]
    lines += [f"removed: {step.title}" for step in report.removed]
    lines += [f"note: {note.path}: {note.message}" for note in report.notes]
    return "\n  ".join(lines)


def _fate(step: ImportedStep) -> str:
    if step.paired_by is PairedBy.NEW:
        return "new"
    return f"{'changed' if step.is_changed else 'unchanged'}, known by {step.paired_by.value}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
