"""`mcplatform walkthroughs pull`."""

import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from app.cli.api import Api, Refused
from app.cli.terminal import Voice, watched
from app.cli.walkthroughs import folder, operations
from app.cli.walkthroughs.connection import connected, with_connection
from app.cli.walkthroughs.folder import Document, Folder
from app.cli.walkthroughs.operations import Walkthrough
from app.core.enums import WalkthroughStatus

UNCHANGED: Final = "unchanged"
_NO_CONTENT: Final = {"displayOrder", "nextStepReference", "createdAt", "updatedAt"}


@click.command("pull")
@click.argument("names", nargs=-1, metavar="[ID|TITLE]...")
@click.option("--all", "is_all", is_flag=True, help="All that are not archived.")
@click.option(
    "--folder",
    "path",
    default=".",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files are; it is made if need be.",
)
@click.option("--force", is_flag=True, help="Overwrite files that do not say whose they are, too.")
@with_connection
def command(
    *,
    names: tuple[str, ...],
    is_all: bool,
    path: Path,
    force: bool,
    url: str | None,
    key_file: BinaryIO | None,
) -> None:
    """Write walkthroughs to JSON files, which push brings back in.

    A file is named after the title. One that holds the same walkthrough already is brought up to
    date wherever it is in the folder, under the name that it has; other files are left alone. Exit
    code 1 if one could not be written; the others are.
    """
    if is_all == bool(names):
        message = "Name walkthroughs, or give --all."
        raise click.UsageError(message)
    with connected(url, key_file) as api:
        are_here = _pull_all(api, _wanted(api, names), Folder(path), force=force)
    sys.exit(0 if are_here else 1)


def _wanted(api: Api, names: tuple[str, ...]) -> list[str | Walkthrough]:
    """The names as given; without any, the walkthroughs that are not archived."""
    statuses = [status for status in WalkthroughStatus if status is not WalkthroughStatus.ARCHIVED]
    return list(names) or list(operations.listed(api, statuses=statuses))


def _pull_all(api: Api, wanted: list[str | Walkthrough], place: Folder, *, force: bool) -> bool:
    """Whether every one is in its file."""
    refused = 0
    with watched(wanted) as (each, voice):
        for one in each:
            name = one if isinstance(one, str) else f"{one.title} ({one.id})"
            try:
                found = operations.called(api, one) if isinstance(one, str) else one
                voice.tell(_pulled(api, found, place, force=force))
            except Refused as refusal:
                refused += 1
                voice.warn(f"{name}: not pulled", *(f"  {fault}" for fault in refusal.faults))
    if not wanted:
        Voice().warn("There is none.")
    return refused == 0


def _pulled(api: Api, walkthrough: Walkthrough, place: Folder, *, force: bool) -> str:
    document = operations.file_of(api, walkthrough.id)
    file = place.place_of(walkthrough.id, title=walkthrough.title, force=force)
    done = brought_up_to_date(file, document)
    return f"{file}: “{walkthrough.title}” ({done})"


def brought_up_to_date(file: Path, document: Document) -> str:
    """Write the document into the file unless it is there; what was done. Raises Refused."""
    before = folder.read_document(file) if file.exists() else None
    if folder.is_same(before, document):
        return UNCHANGED
    folder.write(file, document)
    return "new" if before is None else f"updated: {_difference(before, document)}"


def _difference(before: Document, after: Document) -> str:
    """How many steps came, changed and went."""
    old, new = _steps(before), _steps(after)
    came = len(new.keys() - old.keys())
    went = len(old.keys() - new.keys())
    changed = sum(1 for step_id in old.keys() & new.keys() if old[step_id] != new[step_id])
    counts = {"new": came, "changed": changed, "removed": went}
    told = [f"{count} {what}" for what, count in counts.items() if count]
    return f"steps: {', '.join(told)}" if told else "no step's content"


def _steps(document: Document) -> dict[str, Any]:
    """What each step says, by its id or else its place."""
    found = {}
    for place, step in enumerate(folder.steps_in(document)):
        content = {name: value for name, value in step.items() if name not in _NO_CONTENT}
        found[folder.step_id_in(step) or f"[{place}]"] = content
    return found
