"""`mcplatform demo`."""

import asyncio
import os
import shlex
import socket
import sys
from pathlib import Path

import click
import uvicorn
from mcp import MCPError

from app.cli.command import errors_explained
from app.cli.serving import leaving_in_peace, listening_socket, settings_for, uvicorn_config
from app.cli.terminal import plain
from app.cli.transcript import walk_through
from app.core.log import configure_logging
from app.core.secrets import Secret
from app.core.settings import Settings
from app.domain import sample_owner
from app.domain.account_mail import RESET_PAGE
from app.domain.samples import load_samples
from app.main import create_app
from app.repositories.migrations import migrate
from app.repositories.opening import database_url, pool

HOST = "127.0.0.1"
POLL_SECONDS = 0.02
START_POLLS = 1500  # half a minute
TRACKING_ID = "demo"  # so that the next start goes on where this one ends


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--once", is_flag=True, help="End after the transcript instead of serving on.")
def command(port: int, *, once: bool) -> None:
    """Try the platform: a sample server, and an MCP client that walks some of its steps.

    Uses DATABASE_URL or a database of its own in ./.mcplatform, and keeps what is in it. Serves on
    this machine until Ctrl-C.
    """
    with errors_explained(), leaving_in_peace():
        settings = settings_for(port, workers=1)
        if settings.is_production:
            message = (
                f"The demo is for your own machine, and MCPLATFORM_BASE_URL is {settings.base_url}."
            )
            raise click.ClickException(message)
        level = settings.log_level if "log_level" in settings.model_fields_set else "warning"
        configure_logging(level=level, style=settings.log_format)
        with listening_socket(HOST, port) as listener:
            was_refused = asyncio.run(_demo(settings, listener, once=once))
        if once and was_refused:
            sys.exit(1)


async def _demo(settings: Settings, listener: socket.socket, *, once: bool) -> bool:
    """Whether our own client was refused; it returns when the platform has left."""
    click.echo("Starting the database …")
    with database_url(settings) as dsn:
        await migrate(dsn)
        async with pool(settings, dsn):
            is_first = await load_samples()
            token = await sample_owner.way_in()
        server = uvicorn.Server(uvicorn_config(create_app(settings)))
        serving = asyncio.create_task(server.serve([listener]))  # noqa: TID251 - awaited below
        stays = was_refused = False
        try:
            for _ in range(START_POLLS):
                if server.started or serving.done():
                    break
                await asyncio.sleep(POLL_SECONDS)
            if server.started:
                was_refused = await _tell(listener.getsockname()[1], is_first=is_first)
                _tell_members(settings, token)
                stays = not once
                if stays:
                    click.echo("\nServing until Ctrl-C.")
        except* BrokenPipeError:
            _print_no_more()
        finally:
            if not stays:
                server.should_exit = True
            await serving
    return was_refused


async def _tell(port: int, *, is_first: bool) -> bool:
    """How the walk goes, and how to connect; whether our client was refused."""
    was_refused = False
    origin = f"http://{HOST}:{port}"
    try:
        await walk_through(f"{origin}/api/mcpserver/{TRACKING_ID}/mcp", opens_ticket=is_first)
    except* MCPError as refusals:  # its owner may have changed the server since the last start
        was_refused = True
        told = plain(_first(refusals))
        click.echo(f"The demo's client is refused by the sample server: {told}")
    address = f"{origin}/api/mcpserver/mcp"
    command_line = f"claude mcp add --transport http mcplatform {shlex.quote(address)}"
    click.echo(
        f"\nConnect your own agent to\n\n    {address}\n\n"
        f"for example with\n\n    {command_line}\n\n"
        "Open the address in a browser to read how to connect other agents."
    )
    return was_refused


def _first(refusals: BaseException) -> str:
    while isinstance(refusals, BaseExceptionGroup):
        refusals = refusals.exceptions[0]
    return str(refusals)


def _tell_members(settings: Settings, token: Secret) -> None:
    """How to come in as the customer, and where the platform's mail can be read."""
    link = f"{settings.base_url}/{RESET_PAGE}?token={token.reveal()}"
    click.echo(
        f"\nManage the sample organization as its owner, {sample_owner.EMAIL}: choose a password\n"
        f"within the hour at\n\n    {link}\n\n"
        f"and sign in at {settings.base_url}/sign-in."
    )
    if settings.serves_graphiql:
        click.echo(f"GraphiQL is at {settings.base_url}/graphql.")
    if settings.smtp_url is None:
        outbox = (settings.data_folder / "outbox").absolute()
        click.echo(f"Mail that would be sent goes into {outbox}.")


def _print_no_more() -> None:
    """Send what is yet to be printed nowhere: whoever read along, such as `head`, has left."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
