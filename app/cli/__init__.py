"""The `mcplatform` command: one file per subcommand."""

from importlib import import_module

import click
from typing_extensions import override

from app import __version__

# Name, module and summary: `--help` must not wait for the modules, which import everything.
_COMMANDS = {
    "serve": ("serve", "Serve the platform over HTTP."),
    "demo": ("demo", "Try the platform with a sample server and an MCP client."),
    "migrate": ("migrate", "Bring the database's schema up to date."),
    "organization": ("organizations", "Found organizations."),
    "import": ("import_files", "Bring walkthroughs in from files."),
    "export": ("export_file", "Write a walkthrough to a file."),
    "walkthroughs": ("walkthroughs", "Keep walkthroughs in files, over the API."),
    "token": ("tokens", "Make API keys for scripts."),
    "doctor": ("doctor", "Check what the platform stands on, and say what to do."),
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
        command = import_module(f"app.cli.{_COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mcplatform")
def main() -> None:
    """Walkthroughs and support inside your users' AI agents, over MCP.

    Settings are read from the environment and from a file `.env`. Without DATABASE_URL a database
    of our own is kept in ./.mcplatform.
    """
