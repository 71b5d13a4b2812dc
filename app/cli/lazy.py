"""Groups of commands that are imported when they run: the help must not wait for them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from typing_extensions import override


class LazyGroup(click.Group):
    """Subcommands by name: each a module of `package`, whose `command` it is, and a summary."""

    def __init__(
        self, *args: Any, package: str, lazy: Mapping[str, tuple[str, str]], **attrs: Any
    ) -> None:
        super().__init__(*args, **attrs)
        self._package = package
        self._lazy = lazy

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        command = import_module(f"{self._package}.{self._lazy[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self._lazy.items()])
