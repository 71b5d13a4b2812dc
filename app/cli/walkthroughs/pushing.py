"""`mcplatform walkthroughs push`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

from app.cli.api import Api, Refused
from app.cli.terminal import Voice, watched
from app.cli.walkthroughs import folder, operations, plan
from app.cli.walkthroughs.connection import connected, with_connection
from app.cli.walkthroughs.operations import Report, Server
from app.cli.walkthroughs.pulling import UNCHANGED, brought_up_to_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is wanted of each file."""

    dry_run: bool
    publish: bool
    write_ids: bool
    title: str | None
    servers: tuple[Server, ...]


@click.command("push")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="FILE|FOLDER...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--dry-run", is_flag=True, help="Print what would become of each step; change none.")
@click.option("--publish", is_flag=True, help="Publish them, in the same step.")
@click.option(
    "--assign",
    "slugs",
    multiple=True,
    metavar="SERVER",
    help="Offer them on this server too, by its slug or id; may be given several times.",
)
@click.option("--write-ids", is_flag=True, help="Write back into each file what the platform has.")
@click.option("--title", help="The title; a file that is a bare array of steps needs it.")
@with_connection
def command(  # noqa: PLR0913 - one for each option
    *,
    paths: tuple[Path, ...],
    dry_run: bool,
    publish: bool,
    slugs: tuple[str, ...],
    write_ids: bool,
    title: str | None,
    url: str | None,
    key_file: BinaryIO | None,
) -> None:
    """Bring walkthroughs in from JSON files, or from all JSON files of a folder.

    A walkthrough that is there already, by the id or the title in the file, becomes what the file
    says. Its steps keep their ids, and nobody's progress is lost. Each file comes in whole or not
    at all. Exit code 1 if one was refused, with every fault and its path; the others are in.
    """
    try:
        files = _files(paths)
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    if title is not None and len(files) > 1:
        message = "--title goes with one file."
        raise click.UsageError(message)
    with connected(url, key_file) as api:
        errand = Errand(
            dry_run=dry_run,
            publish=publish,
            write_ids=write_ids and not dry_run,
            title=title,
            servers=tuple(operations.server_called(api, slug) for slug in slugs),
        )
        are_in = _push_all(api, files, errand)
    sys.exit(0 if are_in else 1)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """The files meant, each once. Raises Refused."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = folder.files_in(path) if path.is_dir() else [path]
        if not inside:
            raise Refused([f"{path} has no file whose name ends with .json."])
        found.update(dict.fromkeys(inside))
    return list(found)


def _push_all(api: Api, files: list[Path], errand: Errand) -> bool:
    """Whether every file is in."""
    refused = 0
    lack_ids: list[Path] = []
    came_from: dict[str, Path] = {}
    with watched(files) as (each, voice):
        for file in each:
            try:
                has_ids = _push(api, file, errand, came_from, voice)
            except Refused as refusal:
                refused += 1
                voice.warn(f"{file}: refused", *(f"  {fault}" for fault in refusal.faults))
            else:
                lack_ids += [] if has_ids or errand.dry_run else [file]
    if lack_ids:
        _advise(lack_ids)
    return refused == 0


def _push(api: Api, file: Path, errand: Errand, came_from: dict[str, Path], voice: Voice) -> bool:
    """Bring one file in and say so; whether it has the ids of all that it holds.

    `came_from` tells which file each id and title was pushed from. Raises Refused.
    """
    text = folder.read_text(file)
    document = folder.parsed(text)
    original = folder.original_id(document)
    names = [name for name in (original, folder.title_in(document)) if name is not None]
    for name in names:
        if name in came_from:
            raise Refused([f"{came_from[name]} is the same walkthrough, by its id or title."])
    report = operations.bring_in(
        api, text, dry_run=errand.dry_run, publish=errand.publish, title=errand.title
    )
    came_from.update(dict.fromkeys(names, file))
    walkthrough_id = report.walkthrough_id
    voice.tell(f"{file}: {plan.summary(report, dry_run=errand.dry_run)}", *_details(report, errand))
    if errand.dry_run or walkthrough_id is None:
        return False
    for server in errand.servers:
        operations.assign(api, server, walkthrough_id)
    if not errand.write_ids:
        known = {folder.step_id_in(step) for step in folder.steps_in(document)}
        return original == walkthrough_id and known == {step.id for step in report.steps}
    if brought_up_to_date(file, operations.file_of(api, walkthrough_id)) != UNCHANGED:
        voice.tell("  written back, with all ids")
    return True


def _details(report: Report, errand: Errand) -> list[str]:
    lines = [f"  note: {note.path}: {note.message}" for note in report.notes]
    if errand.dry_run:
        lines += plan.steps(report)
    return lines + [f"  on {server.slug}" for server in errand.servers]


def _advise(files: list[Path]) -> None:
    """Say how ids are kept: without them a step with another title is another step."""
    shown = ", ".join(map(str, files[:3])) + (", …" if len(files) > 3 else "")
    Voice().warn(
        f"Without all ids: {shown}. They are known again by their titles only, until you push",
        "with --write-ids, or pull them. Do so before you change a title.",
    )
