"""`mcplatform token`."""

import asyncio

import click

from app.cli.command import errors_explained, quiet_settings
from app.core.enums import KeyScope
from app.domain import admission, api_keys
from app.domain.api_keys import LIFE_DEFAULT_DAYS, IssuedKey
from app.repositories.opening import opened

_SCOPES = [scope.value for scope in KeyScope]


@click.group()
def command() -> None:
    """Make API keys for scripts."""


@command.command()
@click.option("--organization", required=True, metavar="SLUG", help="Whose data the key opens.")
@click.option("--name", required=True, help="What members know the key by.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("read", "write"),
    show_default=True,
    type=click.Choice(_SCOPES),
    help="What the key is for; may be given several times.",
)
@click.option(
    "--days", default=LIFE_DEFAULT_DAYS, show_default=True, help="How long the key is good for."
)
def create(organization: str, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make an API key and print its token, which is shown this once."""
    with errors_explained():
        issued = asyncio.run(
            _issued(organization, name, frozenset(map(KeyScope, scopes)), days=days)
        )
    click.echo(issued.token.reveal())
    told = f"Key {issued.key.id} is good until {issued.key.expires_at:%Y-%m-%d}. Keep the token."
    click.echo(told, err=True)


async def _issued(
    organization: str, name: str, scopes: frozenset[KeyScope], *, days: int
) -> IssuedKey:
    async with opened(quiet_settings()):
        owner = await admission.operator_as_owner(organization)
        return await api_keys.issue(owner, name=name, scopes=scopes, life_days=days)
