"""What the command says of itself, and how it refuses what it does not understand."""

import pytest
from click.testing import CliRunner

from app import __version__
from app.cli import main

COMMANDS = (
    "serve",
    "demo",
    "migrate",
    "organization",
    "import",
    "export",
    "walkthroughs",
    "token",
    "doctor",
)


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    listed = [line.split()[0] for line in result.output.partition("Commands:\n")[2].splitlines()]
    assert (result.exit_code, listed) == (0, list(COMMANDS))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(command: str, option: str) -> None:
    result = CliRunner().invoke(main, [command, option], prog_name="mcplatform")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: mcplatform {command}")


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert (result.exit_code, result.output) == (0, f"mcplatform, version {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["serve", "--port", "99999"],
        ["serve", "--workers", "0"],
        ["serve", "--loud"],
        ["import"],
        ["import", "missing.json", "--organization", "acme"],
        ["import", "-"],
        ["import", "-", "-", "--organization", "acme", "--title", "One"],
        ["import", "-", "--organization", "acme", "--status", "lost"],
        ["export", "--organization", "acme"],
        ["export", "wt_1"],
        ["walkthroughs", "dance"],
        ["walkthroughs", "list", "--key", "mcpk_1"],
        ["walkthroughs", "list", "--status", "lost"],
        ["walkthroughs", "pull"],
        ["walkthroughs", "pull", "wt_1", "--all"],
        ["walkthroughs", "push"],
        ["walkthroughs", "push", "missing.json"],
        ["walkthroughs", "publish"],
        ["walkthroughs", "archive", "wt_1"],
    ],
)
def test_a_command_that_is_not_understood_ends_with_2_and_names_the_usage(
    arguments: list[str],
) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="mcplatform")
    assert result.exit_code == 2
    assert "Usage: mcplatform" in result.output
    assert "Error: " in result.output
