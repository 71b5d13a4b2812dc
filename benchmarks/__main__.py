"""`python -m benchmarks`: measures, and exits with 1 when a target is missed."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvloop

from app.core.embedded_postgres import EmbeddedPostgresError, embedded_postgres
from app.core.settings import read_settings
from benchmarks import floor, long_run, management, memory_growth, next_step
from benchmarks.contenders import CannotServe
from benchmarks.figures import Report
from benchmarks.machine import Cores, description, split_cores
from benchmarks.terminal import tell
from benchmarks.wire import WrongAnswer
from benchmarks.world import World, built

Benchmark = Callable[[World, Cores], Awaitable[Report]]

_OTHERS: dict[str, Benchmark] = {
    "long-run": long_run.run,
    "memory": memory_growth.run,
    "floor": floor.run,
    "management": management.run,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("which", type=click.Choice(["all", "next-step", *_OTHERS]), default="all")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="next-step")
@click.option(
    "--calls", type=click.IntRange(100), default=2000, show_default=True,
    help="next-step: calls of each contender, era and round",
)  # fmt: skip
def main(which: str, rounds: int, calls: int) -> None:
    """Measure, and exit with 1 when a target is missed.

    next-step: get_next_step beside FastMCP's server and bare ASGI. long-run: a walkthrough of 1,000
    steps against one of 10. memory: its growth over 50,000 calls. floor: every tool with 20
    walkthroughs of 50 steps. management: charts of a month with a million calls, and GraphQL beside
    plain asyncpg and msgspec.

    Works in a database of its own on the server that DATABASE_URL names, or on the embedded one.
    """
    first: Benchmark = partial(next_step.run, rounds=rounds, calls=calls)
    known: dict[str, Benchmark] = {"next-step": first, **_OTHERS}
    chosen = list(known.values()) if which == "all" else [known[which]]
    cores = split_cores()
    try:
        with _cluster() as (dsn, folder):
            is_met = uvloop.run(_measure(chosen, dsn, folder, cores))
    except (CannotServe, EmbeddedPostgresError, WrongAnswer) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if is_met else 1)


async def _measure(chosen: list[Benchmark], dsn: str, folder: Path, cores: Cores) -> bool:
    """Run benchmarks and print what comes out; whether every target was met."""
    is_met = True
    tell("building the database")
    async with built(dsn, folder) as world:
        click.echo(description(cores, world.postgres))
        for benchmark in chosen:
            report = await benchmark(world, cores)
            tell("")
            click.echo(report.text)
            is_met &= all(check.is_met for check in report.checks)
    return is_met


@contextmanager
def _cluster() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL server on the cores that are not the server's, and a folder for logs."""
    given = read_settings().database_url
    with TemporaryDirectory(prefix="mcplatform-benchmarks-") as name:
        folder = Path(name)
        if given is not None:
            yield given.get_secret_value(), folder
            return
        with embedded_postgres(folder / "data") as dsn:
            yield dsn, folder


if __name__ == "__main__":
    main()
