"""What the subcommands share: settings, logs, and errors that a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.core.embedded_postgres import EmbeddedPostgresError
from app.core.errors import Invalid, ProductError
from app.core.log import configure_logging
from app.core.settings import Settings, SettingsError, read_settings
from app.repositories.opening import SchemaOutOfDate


@contextmanager
def errors_explained() -> Iterator[None]:
    """Turn the errors that we expect into a message and exit code 1; others keep their trace."""
    try:
        yield
    except (SettingsError, EmbeddedPostgresError, SchemaOutOfDate) as error:
        raise click.ClickException(str(error)) from error
    except ProductError as error:
        raise click.ClickException(explained(error)) from error


def explained(error: ProductError) -> str:
    """The error's sentence; of several faults, a line for each."""
    if isinstance(error, Invalid) and error.faults:
        return "\n".join(f"{fault.field}: {fault.message}" for fault in error.faults)
    return error.message


def quiet_settings(**overrides: object) -> Settings:
    """The settings for a command that speaks to a person: only warnings are logged."""
    settings = read_settings(**overrides)
    configure_logging(level="warning", style=settings.log_format)
    return settings
