"""`mcplatform migrate`."""

import asyncio

import click

from app.cli.command import errors_explained, quiet_settings
from app.repositories.migrations import migrate
from app.repositories.opening import database_url


@click.command()
def command() -> None:
    """Bring the database's schema up to date: all that is missing, or nothing.

    Any number of processes may run this at once; one does the work.
    """
    with errors_explained(), database_url(quiet_settings()) as dsn:
        applied = asyncio.run(migrate(dsn))
    for name in applied:
        click.echo(f"applied {name}")
    click.echo("The schema is up to date.")
