"""`mcplatform serve`."""

import asyncio
import os
import socket
import sys
from contextlib import suppress
from tempfile import TemporaryDirectory

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.cli.command import errors_explained
from app.cli.serving import leaving_in_peace, listening_socket, settings_for, uvicorn_config
from app.core.log import configure_logging
from app.core.settings import Settings, variable
from app.main import create_app
from app.repositories.opening import bring_up_to_date, database_url


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes; more than one needs REDIS_URL."
)
def command(host: str, port: int, workers: int | None) -> None:
    """Serve the platform over HTTP until SIGTERM or Ctrl-C; calls under way are finished.

    The database must be migrated (`mcplatform migrate`), except for the embedded one, which is
    brought up to date by itself.
    """
    overrides = {} if workers is None else {"workers": workers}
    with errors_explained():
        settings = settings_for(port, **overrides)
        configure_logging(
            level=settings.log_level, style=settings.log_format, bodies=settings.log_bodies
        )
        with (
            leaving_in_peace(),
            listening_socket(host, port) as listener,
            database_url(settings) as dsn,
        ):
            # Here a fault can be told in a sentence; in a worker it would be a trace.
            asyncio.run(bring_up_to_date(settings, dsn))
            has_started = _run(settings, listener)
            sys.exit(0 if has_started else 1)


def _run(settings: Settings, listener: socket.socket) -> bool:
    if settings.workers == 1:
        server = uvicorn.Server(uvicorn_config(create_app(settings)))
        with suppress(SystemExit):  # uvicorn's own, when the start failed; or ours, after SIGTERM
            server.run(sockets=[listener])
        return server.started
    with TemporaryDirectory(prefix="mcplatform-metrics-") as metrics_folder:
        os.environ.update(  # noqa: TID251 - how the workers' settings come to know
            {
                variable("workers"): str(settings.workers),
                variable("base_url"): settings.base_url,
                variable("metrics_folder"): metrics_folder,
            }
        )
        config = uvicorn_config("app.main:application", factory=True, workers=settings.workers)
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
        return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
