"""Importing and exporting walkthroughs from the command line."""

import json
from pathlib import Path
from typing import Any

from tests.support.command import Ended, run
from tests.support.world import World

ORGANIZATION = ("--organization", "acme-docs-org")


def write_file(folder: Path, name: str = "one.json", **changes: Any) -> str:
    walkthrough = {"title": "First steps", "description": "", "type": "course", "status": "draft"}
    steps = [
        {"title": title, "displayOrder": order, "contentFields": {"contentForUser": f"Do {title}."}}
        for order, title in enumerate(("Install", "Configure"))
    ]
    file = {"version": "1.0", "walkthrough": walkthrough, "steps": steps}
    (folder / name).write_text(json.dumps({**file, **changes}))
    return name


async def bring_in(folder: Path, database_url: str, *arguments: str) -> Ended:
    return await run(folder, "import", *arguments, *ORGANIZATION, DATABASE_URL=database_url)


async def test_a_file_comes_in_and_goes_out_again(
    world: World, database_url: str, tmp_path: Path
) -> None:
    dry = await bring_in(tmp_path, database_url, write_file(tmp_path), "--dry-run")
    assert (dry.code, await world.owner.fetchval("SELECT count(*) FROM walkthrough")) == (0, 0)
    assert "dry run, nothing is written" in dry.stdout

    real = await bring_in(tmp_path, database_url, "one.json", "--status", "published")
    assert real.code == 0, real
    walkthrough_id = await world.owner.fetchval("SELECT id FROM walkthrough")
    assert real.stdout == (
        f"one.json: “First steps” (new, published, {walkthrough_id})\n"
        "  1. Install (new)\n"
        "  2. Configure (new)\n"
    )

    settings = {"DATABASE_URL": database_url}
    by_title = await run(tmp_path, "export", "first STEPS", *ORGANIZATION, **settings)
    by_id = await run(
        tmp_path, "export", walkthrough_id, "--output", "out.json", *ORGANIZATION, **settings
    )
    assert (by_title.code, by_id.code, by_id.stdout) == (0, 0, "")
    told, written = json.loads(by_title.stdout), json.loads((tmp_path / "out.json").read_text())
    assert told.pop("exportedAt") <= written.pop("exportedAt")
    assert told == written
    assert [step["title"] for step in written["steps"]] == ["Install", "Configure"]

    again = await bring_in(tmp_path, database_url, "out.json")
    assert f"(unchanged, published, {walkthrough_id})" in again.stdout
    assert "1. Install (unchanged, known by id)" in again.stdout


async def test_a_refused_file_is_told_with_every_fault_and_keeps_no_other_out(
    world: World, database_url: str, tmp_path: Path
) -> None:
    bad = write_file(tmp_path, "bad.json", steps=[{"title": ""}, {"title": "x" * 201}])
    ended = await bring_in(tmp_path, database_url, bad, write_file(tmp_path))
    assert ended.code == 1
    assert "bad.json: refused\n" in ended.stderr
    assert "steps[0].title: " in ended.stderr
    assert "steps[1].title: " in ended.stderr
    assert ended.stdout.startswith("one.json: “First steps” (new, draft, wt_")
    assert await world.owner.fetchval("SELECT count(*) FROM walkthrough") == 1


async def test_an_organization_or_walkthrough_that_is_not_there_is_said_so(
    world: World, database_url: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database_url}
    nobody = await run(tmp_path, "export", "wt_1", "--organization", "nobody-here", **settings)
    nothing = await run(tmp_path, "export", "wt_1", *ORGANIZATION, **settings)
    assert (nobody.code, nobody.stderr) == (1, "Error: There is no organization 'nobody-here'.\n")
    assert (nothing.code, nothing.stderr) == (
        1,
        "Error: There is no walkthrough “wt_1” in this organization.\n",
    )


async def test_a_file_is_offered_on_the_server_that_is_named(
    world: World, database_url: str, tmp_path: Path
) -> None:
    file = write_file(tmp_path)
    nowhere = await bring_in(tmp_path, database_url, file, "--server", "acme-nowhere")
    assert (nowhere.code, await world.owner.fetchval("SELECT count(*) FROM walkthrough")) == (1, 0)

    for _ in range(2):
        offered = await bring_in(tmp_path, database_url, file, "--server", world.slug)
        assert offered.code == 0, offered
    rows = await world.owner.fetch("SELECT server_id, display_order FROM assignment")
    assert [tuple(row) for row in rows] == [(world.server_id, 1)]
