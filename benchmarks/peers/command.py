"""How the peers are started."""

from collections.abc import Callable
from typing import Any

import click
import uvicorn

from benchmarks.contenders import POOL_SIZE
from benchmarks.peers.next_step import NextStep
from benchmarks.world import FLOOR_SLUG

Open = Callable[[], Any]  # the tool's context


def peer(app: Callable[[Open], Any]) -> click.Command:
    """A command that serves `app(open)` with uvicorn, as fast as uvicorn goes."""

    @click.command()
    @click.option("--dsn", envvar="DATABASE_URL", required=True)
    @click.option("--port", type=int, required=True)
    def command(dsn: str, port: int) -> None:
        def open_tool() -> Any:
            return NextStep.opened(dsn, slug=FLOOR_SLUG, pool_size=POOL_SIZE)

        uvicorn.run(
            app(open_tool),
            port=port,
            http="httptools",
            loop="uvloop",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            ws="none",
            access_log=False,
            log_level="warning",
        )

    return command
