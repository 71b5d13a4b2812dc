"""Every command of docs/graphql.md runs as it stands, and prints what the page says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.enums import KeyScope
from app.domain import admission, api_keys, desk
from app.graphql import endpoint, limits, pages, request
from app.graphql.errors import UserErrorCode
from tests.journeys.calling import tools_of
from tests.journeys.test_python_clients import connected
from tests.support import authoring
from tests.support.command import Serving, serving
from tests.support.documents import Block, Reader, blocks, mistakes
from tests.support.redis_servers import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "graphql.md").read_text()
BLOCKS = blocks(PAGE)
SCHEMA = (ROOT / "app" / "graphql" / "schema.graphql").read_text()
BEGINNING = "A request"  # the heading below which the page defines what all examples use
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Place:
    """A platform, a folder to work in, and a key of an organization that has nothing yet."""

    platform: Serving
    folder: Path
    token: str

    def settings(self) -> dict[str, str]:
        """What the page asks its readers to set."""
        return {"MCPLATFORM_URL": self.platform.url, "MCPLATFORM_API_KEY": self.token}


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Place]:
    """The platform, which serves acme-docs at 127.0.0.1 as well once somebody opens it."""
    await authoring.found("acme-tools")
    owner = await admission.operator_as_owner("acme-tools")
    issued = await api_keys.issue(owner, name="Backend", scopes=tuple(KeyScope))
    settings = {"DATABASE_URL": database, "MCPLATFORM_HOST_ALIASES": "127.0.0.1=acme-docs"}
    async with serving(tmp_path, free_port(), "serve", **settings) as platform:
        yield Place(platform, tmp_path, issued.token.reveal())


async def be_stuck(place: Place) -> None:
    """Have Ada's agent do the first step of a walkthrough, and ask for help with the second."""
    address = f"{place.platform.url}/api/mcpserver/ada-1/mcp"
    async with connected(address, mode="auto") as client:
        call = tools_of(client)
        started, _ = await call("start_walkthrough", {"name": "Install the CLI"})
        await call("get_next_step", {"currentStepId": started["step"]["id"]})
        problem = {"title": "Cannot log in", "problemDescription": "acme login says 403."}
        await call("get_support", {**problem, "email": "ada@example.com"})


async def wait_for_mail(place: Place) -> None:
    """Wait until the mail that was asked for lies in the outbox."""
    async with asyncio.timeout(START_SECONDS):
        while not any((place.folder / ".mcplatform" / "outbox").glob("*.eml")):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("language", ["bash", "python"])
async def test_every_block_runs_and_prints_what_the_page_says(place: Place, language: str) -> None:
    reader = Reader(language, place.folder, place.settings())
    heading = ""
    printed: list[object] = []
    for block in BLOCKS:
        if block.heading != heading:
            heading = block.heading
            if heading.startswith("7."):
                await be_stuck(place)
        if block.language == language:
            printed = await run(reader, block, place)
        elif block.language == "json" and printed:
            told = json.loads(block.text)
            reader.learn(told, data(printed.pop()), block.heading)
            assert mistakes(printed) == []
            printed = []
    held = json.loads((place.folder / "ada.json").read_text())
    assert mistakes(held) == []
    assert '"ada@example.com"' in json.dumps(held)


async def run(reader: Reader, block: Block, place: Place) -> list[object]:
    """What a block prints; nothing for those that only define something."""
    if block.heading == BEGINNING:
        reader.begin_with(block)
        return []
    if "outbox" in block.text:
        await wait_for_mail(place)
    return await reader.run(block)


def data(document: object) -> object:
    """What an answer holds: curl prints the whole of it, and Python the data alone."""
    assert isinstance(document, dict)
    assert mistakes(document.get("errors", [])) == []
    return document["data"] if "extensions" in document else document


def test_there_are_ten_tasks_each_with_curl_python_and_an_answer() -> None:
    tasks = {block.heading for block in BLOCKS} - {BEGINNING}
    assert sorted(int(task.partition(".")[0]) for task in tasks) == list(range(1, 11))
    for task in tasks:
        languages = [block.language for block in BLOCKS if block.heading == task]
        assert {"bash", "python", "json"} == set(languages), task


def test_every_field_that_the_page_names_exists() -> None:
    known = set(re.findall(r"^ +(\w+)[(:]", SCHEMA, re.MULTILINE))
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"`([a-z]+[A-Z]\w*)(?:\(\w+:\))?`", prose))
    assert told - known == {"operationName"}


def test_the_figures_and_codes_are_those_of_the_code() -> None:
    told = " ".join(PAGE.split())
    assert (
        f"{limits.MOST_DEPTH} levels deep, {limits.MOST_ALIASES} aliases, "
        f"{limits.MOST_FIELDS} fields, {limits.MOST_TOKENS} tokens, a cost of {limits.MOST_COST}, "
        f"a body of {request.MOST_BODY_BYTES // 1024} KiB "
        f"({request.MOST_FILE_BODY_BYTES // 1024**2} MiB with an API key)"
    ) in told
    assert f"1 to {pages.MOST_ITEMS} items, {pages.USUAL_ITEMS} without" in told
    assert f"may take {endpoint.TIME_LIMIT_SECONDS:g} seconds" in told
    assert (
        f"sign in {desk.ADDRESS_ATTEMPTS_PER_MINUTE} times a minute (a backend is one address), "
        f"and one account {desk.EMAIL_ATTEMPTS_PER_MINUTE} times"
    ) in told
    for code in ("REVISION_MISMATCH", "IDEMPOTENCY_KEY_REUSED", "NOT_FOUND", "NOT_PERMITTED"):
        assert f"`{code}`" in told
        assert code in UserErrorCode.__members__
