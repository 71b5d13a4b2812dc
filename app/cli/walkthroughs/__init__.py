"""`mcplatform walkthroughs`: walkthroughs as files, over the API."""

import click

from app.cli.lazy import LazyGroup

_COMMANDS = {
    "list": ("listing", "List walkthroughs."),
    "pull": ("pulling", "Write walkthroughs to files."),
    "push": ("pushing", "Bring files in, as new walkthroughs or over those that are there."),
    "publish": ("publishing", "Offer walkthroughs on the servers that they are assigned to."),
    "archive": ("archiving", "Put walkthroughs away."),
}


@click.command(cls=LazyGroup, package=__name__, lazy=_COMMANDS)
def command() -> None:
    """Keep walkthroughs in files: list, pull, push, publish and archive them over the API.

    The platform's address is MCPLATFORM_API_URL (else MCPLATFORM_BASE_URL), the API key
    MCPLATFORM_API_KEY, in the environment or in a file `.env`. No command touches a database.
    """
