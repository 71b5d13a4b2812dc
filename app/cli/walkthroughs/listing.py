"""`mcplatform walkthroughs list`."""

from collections.abc import Sequence
from typing import BinaryIO

import click
import msgspec

from app.cli.terminal import Voice
from app.cli.walkthroughs import operations
from app.cli.walkthroughs.connection import connected, with_connection
from app.cli.walkthroughs.operations import Walkthrough
from app.core.enums import WalkthroughStatus

_HEADINGS = ("ID", "STATUS", "STEPS", "UPDATED", "TITLE")
_NUMBERS = {_HEADINGS.index("STEPS")}


@click.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in WalkthroughStatus]),
    help="Only those with this status; may be given several times.",
)
@click.option("--search", metavar="TEXT", help="Only those whose title contains this.")
@click.option("--server", metavar="SLUG|ID", help="Only those assigned to this server.")
@click.option("--json", "is_json", is_flag=True, help="Print a JSON array, for scripts.")
@with_connection
def command(
    *,
    statuses: tuple[str, ...],
    search: str | None,
    server: str | None,
    is_json: bool,
    url: str | None,
    key_file: BinaryIO | None,
) -> None:
    """List walkthroughs by title."""
    with connected(url, key_file) as api:
        server_id = operations.server_called(api, server).id if server else None
        found = list(operations.listed(api, statuses=statuses, search=search, server=server_id))
    if is_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    elif found:
        Voice().tell(*_table([_HEADINGS, *map(_row, found)]))
    else:
        Voice().warn("There is none.")


def _row(walkthrough: Walkthrough) -> tuple[str, ...]:
    return (
        walkthrough.id,
        walkthrough.status.lower(),
        str(walkthrough.step_count),
        f"{walkthrough.updated_at:%Y-%m-%d %H:%M}",
        walkthrough.title,
    )


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, with columns as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0  # nothing follows the titles
    return [
        "  ".join(
            cell.rjust(width) if place in _NUMBERS else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
