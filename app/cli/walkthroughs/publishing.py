"""`mcplatform walkthroughs publish`."""

import sys
from typing import BinaryIO

import click

from app.cli.walkthroughs import operations
from app.cli.walkthroughs.connection import connected, with_connection
from app.cli.walkthroughs.naming import changed_all, found_all


@click.command("publish")
@click.argument("names", nargs=-1, required=True, metavar="ID|TITLE...")
@with_connection
def command(*, names: tuple[str, ...], url: str | None, key_file: BinaryIO | None) -> None:
    """Offer walkthroughs on the servers that they are assigned to.

    One that is published is left as it is. Exit code 1 if one is not found or not complete; the
    others are published.
    """
    with connected(url, key_file) as api:
        found = found_all(api, names)
        are_done = changed_all(api, found, operations.publish, becomes="PUBLISHED")
    sys.exit(0 if are_done and len(found) == len(names) else 1)
