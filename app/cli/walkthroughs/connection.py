"""The options that every one of these commands has, and what they lead to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

import click

from app.cli.api import Api, ApiFault, Refused
from app.cli.terminal import print_everything
from app.core.api_settings import read_api_settings
from app.core.settings import SettingsError

_KEY_FILE_MAX_BYTES = 1000

Command = TypeVar("Command", bound=Callable[..., Any])


def with_connection(command: Command) -> Command:
    """Add --url and --key-file; there is no --key, which others on the machine could read."""
    key_file = click.option(
        "--key-file",
        type=click.File("rb"),
        help="A file that holds the API key; - is standard input.  [default: MCPLATFORM_API_KEY]",
    )
    url = click.option("--url", help="The platform's address.  [default: MCPLATFORM_API_URL]")
    return url(key_file(command))


@contextmanager
def connected(url: str | None, key_file: BinaryIO | None) -> Iterator[Api]:
    """The API that the options and settings lead to; raises ClickException where they do not.

    What is refused within, and caught by nobody, ends the command in the same way.
    """
    print_everything()
    key = None
    if key_file is not None:
        key = key_file.read(_KEY_FILE_MAX_BYTES).decode(errors="replace").strip()
    try:
        settings = read_api_settings(url=url, key=key)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    with Api(settings) as api:
        try:
            yield api
        except Refused as refusal:  # of what the whole command stands on, such as the list
            raise ApiFault(*refusal.faults) from refusal
