"""`mcplatform organization`."""

import asyncio

import click

from app.cli.command import errors_explained, quiet_settings
from app.core.ids import new_id
from app.domain import admission, organizations
from app.domain.organizations import Organization
from app.repositories.opening import opened


@click.group()
def command() -> None:
    """Found organizations."""


@command.command()
@click.argument("slug")
@click.option("--name", required=True, help="What its members and keys see it by.")
def create(slug: str, name: str) -> None:
    """Found an organization; `token create` then makes the key that opens its servers."""
    with errors_explained():
        founded = asyncio.run(_founded(slug, name))
    click.echo(f"{founded.id} {founded.slug}")


async def _founded(slug: str, name: str) -> Organization:
    async with opened(quiet_settings()):
        scope = admission.founder(new_id("org"))
        return await organizations.found(scope, name=name, slug=slug)
