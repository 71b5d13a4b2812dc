"""A running platform, asked thousands of operations that Schemathesis makes up."""

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.core.enums import Role
from app.domain import admission
from tests.support.command import Serving, serving
from tests.support.graph import with_key
from tests.support.people import reception
from tests.support.redis_servers import free_port
from tests.support.scale import SCALE, scaled
from tests.support.tables import OWNERS
from tests.support.tools import tool
from tests.tenancy.tenants import settle

EACH = scaled(36)
AT_LEAST = scaled(5_000)
SEED = 20_260_101 if SCALE == 1 else None  # a campaign looks elsewhere each time
SLUG = "acme-docs"
# What would leave the sender with nothing: done at last, by somebody who sends nothing else.
LEAVING = (
    "Mutation.signOut",
    "Mutation.endSession",
    "Mutation.endOtherSessions",
    "Mutation.leaveOrganization",
    "Mutation.removeMember",
    "Mutation.changeMemberRole",
    "Mutation.revokeApiKey",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A platform with an organization that has one of everything, and who may do all there."""

    server: Serving
    folder: Path
    owner: asyncpg.Connection
    ids: list[str]
    key: dict[str, str]
    member: dict[str, str]
    leaver: dict[str, str]

    async def sent(self, name: str, headers: dict[str, str], *options: str) -> "Run":
        """What came of operations with these headers; each of them was answered as it must be."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "ids.json").write_text(json.dumps(self.ids))
        told = (f"{header}:{value}" for header, value in headers.items())
        process = await asyncio.create_subprocess_exec(
            tool("schemathesis"),
            *("run", f"{self.server.url}/graphql", "--no-color", "--continue-on-failure"),
            *("--phases", "fuzzing", "--checks", "is_told", "--max-examples", str(EACH)),
            *("--generation-database", "none", "--output-truncate", "false", "--no-shrink"),
            *("--report", "json", "--report-json-path", "report.json"),
            *(part for line in told for part in ("--header", line)),
            *(("--seed", str(SEED)) if SEED is not None else ()),
            *options,
            cwd=folder,
            env={"PYTHONPATH": str(Path(__file__).parent), "SCHEMATHESIS_HOOKS": "generated"},
            stdin=DEVNULL,
            stdout=PIPE,
        )
        try:
            said, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, said.decode()[-8_000:]
        files = (folder / name for name in ("report.json", "tally.json"))
        return Run(*(json.loads(file.read_text()) for file in files))


@dataclass(frozen=True, slots=True)
class Run:
    """Schemathesis's report, and what our own check counted for each operation."""

    report: dict[str, Any]
    tally: dict[str, dict[str, int]]

    def sent(self) -> int:
        """How many operations were sent; both counts must agree, on every field of the schema."""
        operations = self.report["operations"]
        assert (self.report["complete"], operations["errored"]) == (True, 0)
        assert operations["tested"] == operations["selected"] == len(self.tally) > 0
        counted = sum(one["sent"] for one in self.tally.values())
        assert counted == self.report["test_cases"]["generated"]
        return counted

    def ran(self) -> int:
        """How many of them got past validation."""
        return sum(one["ran"] for one in self.tally.values())

    def codes(self) -> set[str]:
        """The codes of all errors."""
        return {code for one in self.tally.values() for code in one}


@pytest.fixture
async def place(database: str, owner: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Place]:
    """The place, open while the test lasts."""
    await settle(owner, SLUG, word="Acme")
    script = await with_key(f"{SLUG}-org")
    async with reception() as people:
        operator = await admission.operator_as_owner(f"{SLUG}-org")
        cookies = []
        for name in ("olga", "leo"):
            await people.joined(operator, f"{name}@acme.test", Role.OWNER)
            token = await people.sign_in(f"{name}@acme.test")
            cookies.append({"cookie": f"__Host-mcplatform={token}"})
    settings = {"MCPLATFORM_ADDRESS_CALLS_PER_MINUTE": "1000000", "MCPLATFORM_LOG_LEVEL": "error"}
    async with serving(tmp_path, free_port(), "serve", DATABASE_URL=database, **settings) as server:
        yield Place(server, tmp_path, owner, await _ids(owner), script.headers, *cookies)


async def _ids(owner: asyncpg.Connection) -> list[str]:
    found = []
    for name in OWNERS:
        found += await owner.fetch(f"SELECT to_jsonb(t) ->> 'id' AS id FROM {name} t LIMIT 5")
    return sorted({row["id"] for row in found if row["id"] is not None})


async def _busy_connections(place: Place) -> float:
    """How many connections are at work, in the server's pool or inside a transaction."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{place.server.url}/metrics")).text
    [line] = [one for one in text.splitlines() if 'pool_connections{state="busy"}' in one]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    left: int = await place.owner.fetchval(f"{waiting} AND state LIKE 'idle in%'")
    return left + float(line.split()[-1])


@pytest.mark.timeout(scaled(600))
async def test_no_generated_operation_finds_a_fault_of_ours(place: Place) -> None:
    others = [part for name in LEAVING for part in ("--exclude-name", name)]
    by_key, by_member = await asyncio.gather(
        place.sent("key", place.key), place.sent("member", place.member, *others)
    )
    leavings = [part for name in LEAVING for part in ("--include-name", name)]
    at_last = await place.sent("leaver", place.leaver, *leavings)

    assert by_key.sent() + by_member.sent() + at_last.sent() >= AT_LEAST
    assert by_key.ran() + by_member.ran() >= AT_LEAST / 2
    assert "NOT_SIGNED_IN" not in by_key.codes() | by_member.codes()
    async with asyncio.timeout(30):  # what runs in the background may have one for a moment
        while await _busy_connections(place):
            await asyncio.sleep(0.1)
    async with httpx.AsyncClient(base_url=place.server.url, headers=place.key) as client:
        answer = await client.post("/graphql", json={"query": "{ organization { slug } }"})
    assert answer.json()["data"] == {"organization": {"slug": f"{SLUG}-org"}}
    ended = await place.server.leave()
    assert (ended.code, ended.stdout, ended.stderr) == (0, "", "")
