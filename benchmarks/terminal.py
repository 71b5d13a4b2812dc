"""What a person who waits at a terminal sees."""

import sys

import click

_WIDTH = 78


def tell(doing: str) -> None:
    """Show on a terminal what is being done, over what was shown before; elsewhere nothing."""
    if sys.stderr.isatty():
        click.echo(f"\r{doing[:_WIDTH]:<{_WIDTH}}\r", nl=False, err=True)
