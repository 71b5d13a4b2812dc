"""The sample content: complete, loaded once, and left alone afterwards."""

import asyncio
import json
import re
from pathlib import Path

import asyncpg
import pytest

from app.core.enums import AuthType, Toolset, WalkthroughStatus
from app.core.settings import SAMPLE_SLUG
from app.domain import admission, assignments, servers, steps, walkthrough_document, walkthroughs
from app.domain.file_object import Findings
from app.domain.samples import load_samples, sample_organization
from app.domain.walkthrough_files import export_walkthrough, import_walkthrough
from app.domain.walkthroughs import WalkthroughPatch
from app.repositories import lookups

FOLDER = Path(walkthrough_document.__file__).parents[1] / "samples"
NAMES = ["first-server", "receive-webhooks", "webhook-troubleshooting"]


async def test_the_samples_are_an_organization_with_two_servers_and_three_walkthroughs(
    database: str,
) -> None:
    assert await load_samples()
    scope = await admission.operator(sample_organization().slug)
    expected = {
        SAMPLE_SLUG: (AuthType.NONE, Toolset.COMPACT, [12, 10, 8]),
        "acme-hooks": (AuthType.COLLECT_EMAIL, Toolset.CLASSIC, [10, 8]),
    }
    for slug, (auth_type, toolset, numbers_of_steps) in expected.items():
        row = await lookups.server_by_slug(slug)
        assert row is not None
        server = await servers.by_id(scope, row["id"])
        assert (server.auth_type, server.walkthrough_toolset) == (auth_type, toolset)
        assert row["has_walkthroughs"]
        offered = await assignments.of_server(scope, server.id)
        assert [
            len(await steps.of_walkthrough(scope, one.walkthrough_id)) for one in offered
        ] == numbers_of_steps
        for one in offered:
            walkthrough = await walkthroughs.by_id(scope, one.walkthrough_id)
            assert walkthrough.status is WalkthroughStatus.PUBLISHED


async def test_loading_again_changes_nothing_and_keeps_what_was_changed(database: str) -> None:
    assert await load_samples()
    scope = await admission.operator(sample_organization().slug)
    row = await lookups.server_by_slug(SAMPLE_SLUG)
    assert row is not None
    first = (await assignments.of_server(scope, row["id"]))[0]
    patch = WalkthroughPatch(title="Renamed by its author")
    await walkthroughs.update(scope, first.walkthrough_id, patch=patch)
    before = await everything(database)
    assert not await load_samples()
    assert await everything(database) == before


async def test_processes_that_start_together_load_the_samples_once(database: str) -> None:
    assert sorted(await asyncio.gather(*(load_samples() for _ in range(6)))) == [False] * 5 + [True]
    assert [len(rows) for rows in (await everything(database)).values()] == [1, 2, 3, 30, 5]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_a_complete_file_without_anything_to_remark(name: str) -> None:
    findings = Findings()
    document = walkthrough_document.read((FOLDER / f"{name}.json").read_bytes(), findings)
    walkthrough_document.check_complete(findings, document)
    assert (findings.found, findings.notes) == ([], [])
    for step in document.steps:
        content = step.details.content_fields
        texts = (
            content.introduction_for_agent,
            content.context_for_agent,
            content.content_for_user,
            content.operations_for_agent,
        )
        assert all(text.strip() == text and text for text in texts), step.details.title
        assert step.details.section_title


@pytest.mark.parametrize("name", NAMES)
async def test_a_sample_comes_out_as_it_went_in(database: str, name: str) -> None:
    await load_samples()
    scope = await admission.operator(sample_organization().slug)
    content = (FOLDER / f"{name}.json").read_bytes()
    report = await import_walkthrough(scope, content)
    assert not report.is_changed
    assert report.walkthrough_id is not None
    exported = await export_walkthrough(scope, report.walkthrough_id)
    written = json.loads(content)
    for step in exported["steps"]:
        del step["createdAt"], step["updatedAt"], step["metadata"]
    for moment in ("createdAt", "updatedAt"):
        del exported["walkthrough"][moment]
    assert exported["walkthrough"] == written["walkthrough"]
    assert exported["steps"] == written["steps"]


def test_code_in_the_samples_is_fenced_completely() -> None:
    for name in NAMES:
        for step in json.loads((FOLDER / f"{name}.json").read_bytes())["steps"]:
            text = step["contentFields"]["contentForUser"]
            fences = re.findall(r"^```(\w*)$", text, re.MULTILINE)
            assert len(fences) % 2 == 0, step["title"]
            assert not any(fences[1::2]), step["title"]


async def everything(database_url: str) -> dict[str, list[asyncpg.Record]]:
    """Every row that the samples consist of."""
    connection = await asyncpg.connect(database_url)
    tables = ("organization", "server", "walkthrough", "step", "assignment")
    rows = {table: await connection.fetch(f"SELECT * FROM {table} ORDER BY id") for table in tables}
    await connection.close()
    return rows
