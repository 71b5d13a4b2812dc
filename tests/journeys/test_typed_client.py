"""A client that a tool generates from our schema is typed, and runs a customer's whole story."""

import asyncio
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.journeys.calling import tools_of
from tests.journeys.test_python_clients import connected
from tests.journeys.walks import walk, whole_walk
from tests.support.command import serving
from tests.support.redis_servers import free_port

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
STORY = HERE / "story.py"
STEPS = 10
SAMPLE = ROOT / "app" / "samples" / "receive-webhooks.json"
START_SECONDS = 30
ERROR = re.compile(r"^mistaken.py:(\d+): error: .*\[(.*)\]$", re.MULTILINE)
PROBLEM = {
    "title": "Stuck",
    "problemDescription": "The signature never matches.",
    "email": "bob@example.com",
}

CODEGEN = f"""
[tool.ariadne-codegen]
schema_path = "{ROOT.as_posix()}/app/graphql/schema.graphql"
queries_path = "{HERE.as_posix()}/operations"
target_package_name = "acme_api"
target_package_path = "."

[tool.ariadne-codegen.scalars.DateTime]
type = "datetime.datetime"

[tool.ariadne-codegen.scalars.JSON]
type = "typing.Any"
"""

# What the generator copies without regard to the schema has an untyped stand-in for websockets; it
# reads the same whether or not they are there, as they are after `make bench`.
MYPY = """
[mypy]
strict = True
disallow_any_unimported = True
plugins = pydantic.mypy

[pydantic-mypy]
init_forbid_extra = True
init_typed = True

[mypy-acme_api.async_base_client]
disallow_any_unimported = False
disallow_untyped_defs = False
warn_unused_ignores = False

[mypy-websockets.*]
follow_imports = skip
"""

# Each line that is marked is a mistake which a typed client is there to catch.
MISTAKEN = """
from acme_api import SetTicketStatusInput, Tickets, TicketStatus

def titles(found: Tickets) -> list[str]:
    return [ticket.titel for ticket in found.tickets.nodes]  # wrong: attr-defined

def assignee(found: Tickets) -> str:
    return found.tickets.nodes[0].walkthrough.title  # wrong: union-attr

missing = SetTicketStatusInput(status=TicketStatus.RESOLVED)  # wrong: call-arg
unknown = SetTicketStatusInput(id="sr_x", status="DONE")  # wrong: arg-type
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the generated package."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "codegen.toml").write_text(CODEGEN)
    run(folder, Path(sys.prefix) / "tools" / "bin" / "ariadne-codegen", "client",
        "--config", "codegen.toml")  # fmt: skip
    return folder


@pytest.fixture
def story(generated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The customer's program, with the generated package to import."""
    monkeypatch.syspath_prepend(generated)
    yield importlib.import_module("tests.journeys.story")
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_api"]:
        del sys.modules[name]
    del sys.modules["tests.journeys.story"]


def run(folder: Path, *command: str | Path) -> str:
    """What a command prints, which must succeed."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def checked(folder: Path, *files: Path) -> str:
    """What mypy says of files next to the generated package."""
    (folder / "mypy.ini").write_text(MYPY)
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-color-output", "--config-file", "mypy.ini", *files],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stderr == ""
    return ended.stdout


def test_the_client_and_a_program_that_uses_it_pass_strict_types(generated: Path) -> None:
    package = generated / "acme_api"
    assert checked(generated, package, STORY).startswith("Success: no issues found in")


def test_the_types_catch_what_the_schema_does_not_admit(generated: Path) -> None:
    mistaken = generated / "mistaken.py"
    mistaken.write_text(MISTAKEN)
    said = ERROR.findall(checked(generated, mistaken))
    lines = enumerate(MISTAKEN.splitlines(), start=1)
    marked = [(str(at), line.partition("# wrong: ")[2]) for at, line in lines if "# wrong" in line]
    assert said == marked


async def test_the_whole_story_runs(story: ModuleType, database_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": database_url, "MCPLATFORM_HOST_ALIASES": "127.0.0.1=acme-docs"}
    async with serving(tmp_path, free_port(), "serve", **settings) as platform:

        async def agents_walk() -> None:
            async with connected(address("ada"), mode="auto") as ada:
                assert await walk(tools_of(ada)) == whole_walk(STEPS)
            async with connected(address("bob"), mode="legacy") as bob:
                started, _ = await tools_of(bob)("start_walkthrough", {})
                await tools_of(bob)("get_next_step", started["nextAction"]["arguments"])
                await tools_of(bob)("get_support", PROBLEM)

        def address(tracking_id: str) -> str:
            return f"{platform.url}/api/mcpserver/{tracking_id}/mcp"

        async def token_sent_to(email: str) -> str:
            return await token_in(tmp_path / ".mcplatform" / "outbox", email)

        outside = story.Outside(token_sent_to=token_sent_to, agents_walk=agents_walk)
        told = await story.tell(platform.url, SAMPLE.read_text(), outside)
    funnel = told.funnel
    assert (funnel.started, funnel.finished, funnel.completion_rate) == (2, 1, 0.5)
    assert [step.reached for step in funnel.steps] == [2, 2] + [1] * (STEPS - 2)
    assert [step.completed for step in funnel.steps] == [2] + [1] * (STEPS - 1)
    assert told.answered.ticket.status == "RESOLVED"
    assert told.answered.activity.author.name == "olga@acme.test"
    assert told.answered.activity.body.endswith("wrote to bob@example.com.")
    assert told.pending_tickets == 0


async def token_in(outbox: Path, email: str) -> str:
    """The token in the only mail, which comes in its own time."""
    async with asyncio.timeout(START_SECONDS):
        while not (mails := waiting(outbox)):
            await asyncio.sleep(0.02)
    [text] = mails
    assert f"To: {email}\n" in text
    return text.partition("?token=")[2].split()[0]


def waiting(outbox: Path) -> list[str]:
    """The mails that lie there."""
    return [mail.read_text() for mail in outbox.glob("*.eml")]
