"""Speaking to a person, or to a log, in words that partly come from elsewhere."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TypeVar

import click

Item = TypeVar("Item")

# What a terminal obeys, and what turns the direction of reading.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """One line of text without anything that a terminal would obey."""
    return _UNPRINTABLE.sub("�", text)


class Voice:
    """Tells lines on standard output and warnings on standard error, around a progress bar."""

    def __init__(self, *, has_bar: bool = False) -> None:
        self._has_bar = has_bar

    def tell(self, *lines: str) -> None:
        """Print lines that a script may read."""
        self._say(lines, is_warning=False)

    def warn(self, *lines: str) -> None:
        """Print lines for whoever watches."""
        self._say(lines, is_warning=True)

    def _say(self, lines: Sequence[str], *, is_warning: bool) -> None:
        if self._has_bar:
            click.echo("\r" + " " * 79 + "\r", nl=False, err=True)
        for line in lines:
            click.echo(plain(line), err=is_warning)


@contextmanager
def watched(items: Sequence[Item]) -> Iterator[tuple[Iterator[Item], Voice]]:
    """The items one by one with a progress bar, which only a terminal shows; and a voice."""
    has_bar = len(items) > 1 and sys.stderr.isatty()
    with click.progressbar(items, file=sys.stderr, hidden=not has_bar) as each:
        yield iter(each), Voice(has_bar=has_bar)


def print_everything() -> None:
    """Let no title end a command on a terminal or pipe whose encoding lacks one of its letters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
