"""`mcplatform walkthroughs archive`."""

import sys
from typing import BinaryIO

import click

from app.cli.terminal import plain
from app.cli.walkthroughs import operations
from app.cli.walkthroughs.connection import connected, with_connection
from app.cli.walkthroughs.naming import changed_all, found_all


@click.command("archive")
@click.argument("names", nargs=-1, required=True, metavar="ID|TITLE...")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask; scripts need this.")
@with_connection
def command(
    *, names: tuple[str, ...], is_sure: bool, url: str | None, key_file: BinaryIO | None
) -> None:
    """Put walkthroughs away: no agent is offered them any more, and progress is kept.

    One that is archived is left as it is. Exit code 1 if one is not found; the others are archived.
    """
    if not is_sure and not sys.stdin.isatty():
        message = "Give --yes where nobody can be asked."
        raise click.UsageError(message)
    with connected(url, key_file) as api:
        found = found_all(api, names)
        if found and not is_sure:
            titles = ", ".join(f"“{plain(one.title)}”" for one in found)
            click.confirm(f"Archive {titles}?", abort=True, err=True)
        are_done = changed_all(api, found, operations.archive, becomes="ARCHIVED")
    sys.exit(0 if are_done and len(found) == len(names) else 1)
