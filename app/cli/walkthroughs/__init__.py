"""`mcplatform walkthroughs`: walkthroughs as files, over the API."""

from importlib import import_module

import click
from typing_extensions import override

# Name, module and summary: the help must not wait for the modules.
_COMMANDS = {
    "list": ("listing", "List walkthroughs."),
    "pull": ("pulling", "Write walkthroughs to files."),
    "push": ("pushing", "Bring files in, as new walkthroughs or over those that are there."),
    "publish": ("publishing", "Offer walkthroughs on the servers that they are assigned to."),
    "archive": ("archiving", "Put walkthroughs away."),
}


class _Commands(click.Group):
    """Subcommands that are imported when they run."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"{__name__}.{_COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


@click.command(cls=_Commands)
def command() -> None:
    """Keep walkthroughs in files: list, pull, push, publish and archive them over the API.

    The platform's address is MCPLATFORM_API_URL (else MCPLATFORM_BASE_URL), the API key
    MCPLATFORM_API_KEY, in the environment or in a file `.env`. No command touches a database.
    """
