"""The `mcplatform` command: one file per subcommand."""

import click

from app import __version__
from app.cli.lazy import LazyGroup

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


@click.command(
    cls=LazyGroup,
    package=__name__,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="mcplatform")
def main() -> None:
    """Walkthroughs and support inside your users' AI agents, over MCP.

    Settings are read from the environment and from a file `.env`. Without DATABASE_URL a database
    of our own is kept in ./.mcplatform.
    """
