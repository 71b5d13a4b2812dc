"""docs/cli.md tells of every command and option for integrators, and of no other."""

import re
from pathlib import Path

import click
import pytest

from app.cli.walkthroughs import command as group

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
CONTEXT = click.Context(group)
NOT_OURS = {"--require-hashes", "--no-deps"}


def options(name: str) -> set[str]:
    """The command's options."""
    command = group.get_command(CONTEXT, name)
    assert command is not None
    return {option for one in command.params for option in one.opts if option.startswith("--")}


def test_every_option_is_told_of_and_none_that_does_not_exist() -> None:
    known = {option for name in group.list_commands(CONTEXT) for option in options(name)}
    assert set(re.findall(r"--[a-z][a-z-]*", PAGE)) - NOT_OURS == known


@pytest.mark.parametrize(
    "line", re.findall(r"mcplatform (walkthroughs [a-z]+ .*)$", PAGE, re.MULTILINE)
)
def test_every_example_is_understood(line: str) -> None:
    _, name, *arguments = line.split()
    assert name in group.list_commands(CONTEXT)
    assert {one for one in arguments if one.startswith("--")} <= options(name)


@pytest.mark.parametrize("name", group.list_commands(CONTEXT))
def test_every_command_has_an_example(name: str) -> None:
    assert f"\nmcplatform walkthroughs {name} " in PAGE
    assert f"`{name}`" in PAGE
