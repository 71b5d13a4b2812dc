"""Running uvicorn on a socket that is known to be ours."""

import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
import uvicorn

from app.core.settings import Settings, read_settings

KEEP_ALIVE_SECONDS = 75  # longer than common proxies, or they would meet a closed connection
GRACEFUL_SECONDS = 30  # for calls under way when the process is asked to leave


def settings_for(port: int, **overrides: object) -> Settings:
    """The settings, where the base URL, unless it was set, is this machine's at `port`."""
    settings = read_settings(**overrides)
    if "base_url" in settings.model_fields_set:
        return settings
    return read_settings(base_url=f"http://localhost:{port}", **overrides)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on the port. Raises ClickException when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is in use. Stop what uses it, or choose another with --port."
        else:
            reason = f"Cannot listen on {host} port {port}: {error.strerror or error}."
        raise click.ClickException(reason) from error


@contextmanager
def leaving_in_peace() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block without a failure, and every `with` in it properly."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def uvicorn_config(app: Any, **more: Any) -> uvicorn.Config:
    """How uvicorn serves the platform: forwarded headers and logs are our own business."""
    return uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        **more,
    )
