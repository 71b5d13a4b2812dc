"""The database that the benchmarks work on, and the end users who are sent through it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

from app.core.enums import Toolset
from app.core.ids import new_id
from app.core.scope import OrganizationScope
from app.domain import admission, assignments, organizations, progress, servers, walkthrough_files
from app.domain.admission import Credentials
from app.domain.server_directory import ServerConfig, ServerDirectory
from app.domain.servers import ServerSettings
from app.domain.tool_calls import Call
from app.repositories import database, migrations
from benchmarks.wire import CLIENT, Era, Walker

FLOOR_SLUG = "benchmark-floor"  # the seed's: 20 walkthroughs of 50 steps
LENGTH_SLUG = "benchmark-length"  # a short and a long walkthrough
FLOOR_WALKTHROUGHS = 20
FLOOR_STEPS = 50
SHORT_STEPS = 10
LONG_STEPS = 1000
_RESIDENTS = 500  # end users who were here before, each of them copied so often:
_COPIES = 40  # a statement that reads a whole table must show
_COPIED = {
    "end_user": ("id", "tracking_id"),
    "session": ("id", "end_user_id", "tracking_id"),
    "progress": ("id", "end_user_id"),
    "tool_call": ("id", "end_user_id", "session_id"),
}
_PARAGRAPH = (
    "Open the project in your editor and look for the configuration file in its top folder. "
    "If it is not there, create it with the command below, then check that the command prints "
    "no warning before you go on to the next step."
)


@dataclass(frozen=True, slots=True)
class World:
    """A migrated database with one organization: its servers by slug, walkthroughs by server."""

    dsn: str
    folder: Path
    postgres: str
    configs: dict[str, ServerConfig]
    walkthroughs: dict[str, list[str]]


@asynccontextmanager
async def built(cluster: str, folder: Path) -> AsyncIterator[World]:
    """A world in a database of its own on the cluster; afterwards the database is dropped."""
    name = new_id("bench")
    owner = await asyncpg.connect(cluster)
    try:
        postgres = "PostgreSQL " + await owner.fetchval("SHOW server_version")
        postgres += ", fsync " + await owner.fetchval("SHOW fsync")
        await owner.execute(f"CREATE DATABASE {name}")
        try:
            dsn = urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))
            await migrations.migrate(dsn)
            async with _pool(dsn):
                yield await _furnished(World(dsn, folder, postgres, {}, {}))
        finally:
            await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await owner.close()


async def enrolled(
    world: World, count: int, *, slug: str, era: Era, walkthrough: int = 0
) -> list[Walker]:
    """New end users who have started a walkthrough of the server, one after the other."""
    walkthrough_id = world.walkthroughs[slug][walkthrough]
    return [await enrolled_in(world, [walkthrough_id], slug=slug, era=era) for _ in range(count)]


async def enrolled_in(
    world: World, walkthrough_ids: Sequence[str], *, slug: str, era: Era
) -> Walker:
    """A new end user who has started these walkthroughs and is in the last of them.

    Known by a tracking id, and in the handshake era by a session besides.
    """
    config = world.configs[slug]
    tracking_id = new_id("user")
    session_id = None
    async with admission.unit_of_work(config):
        if era is Era.HANDSHAKE:
            session_id = await admission.open_session(
                config, client=CLIENT, tracking_id=tracking_id
            )
        given = Credentials(
            session_id=session_id,
            tracking_id=tracking_id,
            client=CLIENT,
            is_stateless=era is Era.STATELESS,
        )
        scope = await admission.end_user(await admission.admit(config, given))
        walker = Walker(
            era=era,
            host=f"{slug}.localhost",
            end_user_id=scope.end_user_id,
            session_id=session_id,
            tracking_id=tracking_id,
        )
        for walkthrough_id in walkthrough_ids:
            call = Call("start_walkthrough", "{}", perf_counter())
            begun = await progress.start(scope, call, walkthrough_id=walkthrough_id)
            walker.step_id = begun.step.id if begun.step else None
        return walker


async def tool_call_count(world: World) -> int:
    """How many tool calls are on record."""
    connection = await asyncpg.connect(world.dsn)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM tool_call")
        return count
    finally:
        await connection.close()


@asynccontextmanager
async def _pool(dsn: str) -> AsyncIterator[None]:
    state = await migrations.state(dsn)
    await database.start(dsn, tenant_role=migrations.tenant_role(state.owner))
    try:
        yield
    finally:
        await database.stop()


async def _furnished(world: World) -> World:
    scope = admission.founder(new_id("org"))
    await organizations.found(scope, name="Benchmark", slug="benchmark")
    for slug, lengths in (
        (FLOOR_SLUG, [FLOOR_STEPS] * FLOOR_WALKTHROUGHS),
        (LENGTH_SLUG, [SHORT_STEPS, LONG_STEPS]),
    ):
        await _open_server(world, scope, slug=slug, lengths=lengths)
    for era in Era:
        await enrolled(world, _RESIDENTS // len(Era), slug=FLOOR_SLUG, era=era)
    connection = await asyncpg.connect(world.dsn)
    try:
        for table, columns in _COPIED.items():
            await connection.execute(_copies(table, columns))
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return world


def _copies(table: str, columns: Sequence[str]) -> str:
    changes = ", ".join(f"'{column}', {column} || '_' || copy" for column in columns)
    return (
        f"INSERT INTO {table}"  # noqa: S608 - our own names
        f" SELECT (jsonb_populate_record(original, jsonb_build_object({changes}))).*"
        f" FROM {table} AS original, generate_series(1, {_COPIES}) AS copy"
    )


async def _open_server(
    world: World, scope: OrganizationScope, *, slug: str, lengths: Sequence[int]
) -> None:
    settings = ServerSettings(name=slug, product="Acme", walkthrough_toolset=Toolset.BOTH)
    server = await servers.open_server(scope, slug, settings=settings)
    world.walkthroughs[slug] = []
    for number, length in enumerate(lengths, start=1):
        content = walkthrough_file(f"{slug} {number}", length)
        report = await walkthrough_files.import_walkthrough(scope, content)
        assert report.walkthrough_id is not None
        world.walkthroughs[slug].append(report.walkthrough_id)
        await assignments.assign(scope, server.id, walkthrough_id=report.walkthrough_id)
    config = await ServerDirectory().by_slug(slug)
    assert config is not None
    world.configs[slug] = config


def walkthrough_file(title: str, length: int) -> bytes:
    """A published walkthrough of so many steps, to import."""
    steps = [
        {
            "title": f"Step {number} of many",
            "sectionTitle": f"Part {number // 10 + 1}",
            "displayOrder": number,
            "contentFields": {
                "version": "v1",
                "introductionForAgent": "The user learns how to configure one thing.",
                "contextForAgent": _PARAGRAPH,
                "contentForUser": f"{_PARAGRAPH}\n\n```sh\nacme configure --part {number}\n```\n\n"
                f"{_PARAGRAPH}",
                "operationsForAgent": "Run the command for the user if they ask for it.",
            },
        }
        for number in range(1, length + 1)
    ]
    return msgspec.json.encode(
        {
            "version": "1.0",
            "exportedAt": "2026-01-01T00:00:00Z",
            "walkthrough": {
                "title": title,
                "description": "How to configure everything there is.",
                "type": "course",
                "status": "published",
                "estimatedDurationMinutes": 30,
                "tags": ["setup", "configuration"],
                "metadata": {},
            },
            "steps": steps,
        }
    )
