"""`mcplatform export`."""

import asyncio
import json
from typing import Any, TextIO

import click

from app.cli.command import errors_explained, quiet_settings
from app.core.errors import NotFound
from app.core.scope import OrganizationScope
from app.domain import admission
from app.domain.walkthrough_files import export_walkthrough
from app.repositories import database
from app.repositories.opening import opened
from app.repositories.walkthroughs import Walkthroughs


@click.command()
@click.argument("walkthrough", metavar="ID|TITLE")
@click.option("--organization", required=True, metavar="SLUG", help="Whose walkthrough.")
@click.option(
    "--output",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="The file to write.  [default: standard output]",
)
def command(walkthrough: str, organization: str, output: TextIO) -> None:
    """Write a walkthrough, named by its id or its title, to a JSON file that `import` reads."""
    with errors_explained():
        content = asyncio.run(_content(walkthrough, organization))
        output.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


async def _content(walkthrough: str, organization: str) -> dict[str, Any]:
    async with opened(quiet_settings()):
        scope = await admission.operator(organization)
        return await export_walkthrough(scope, await _id_of(scope, walkthrough))


async def _id_of(scope: OrganizationScope, walkthrough: str) -> str:
    async with database.connection(scope):
        found = Walkthroughs(scope)
        if await found.by_id(walkthrough) is not None:
            return walkthrough
        ids = await found.ids_by_title(walkthrough)
    if walkthrough in ids:
        return ids[walkthrough]
    if len(ids) != 1:
        message = f"There is no walkthrough “{walkthrough}” in this organization."
        if ids:
            titles = ", ".join(f"“{title}”" for title in ids)
            message = f"Several walkthroughs are meant: {titles}. Give the id."
        raise NotFound(message)
    return next(iter(ids.values()))
