"""Walkthroughs as files, over the API: out, edited, in again, without losing anyone's progress."""

import json
from pathlib import Path
from typing import Any

from mcp import Client

from tests.cli.conftest import SLUG, Platform

IGNORED = {"exportedAt", "createdAt", "updatedAt"}


def write_file(folder: Path, name: str, title: str, *steps: str, **header: Any) -> str:
    """A file that somebody wrote by hand, without any id."""
    listed = [{"title": step, "contentFields": {"contentForUser": f"Do {step}."}} for step in steps]
    document = {"version": "1.0", "walkthrough": {"title": title, **header}, "steps": listed}
    (folder / name).write_text(json.dumps(document))
    return name


def read_file(path: Path) -> Any:
    return json.loads(path.read_text())


def timeless(value: Any) -> Any:
    """A file's content without what differs from export to export."""
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if name not in IGNORED}
    return [timeless(one) for one in value] if isinstance(value, list) else value


async def facts(client: Client, tool: str, **arguments: str) -> Any:
    return (await client.call_tool(tool, arguments)).structured_content


async def test_what_is_pulled_edited_and_pushed_keeps_ids_and_progress(
    platform: Platform, tmp_path: Path
) -> None:
    write_file(tmp_path, "mine.json", "Set it up", "Install", "Configure", "Verify")
    pushed = await platform.walkthroughs(
        tmp_path, "push", "mine.json", "--publish", "--assign", SLUG
    )
    assert pushed.code == 0, pushed
    assert pushed.stdout.startswith("mine.json: “Set it up” (new, published, wt_")
    assert pushed.stdout.endswith("): 3 created\n  on sample-tool\n")
    assert "Without all ids: mine.json." in pushed.stderr

    async with Client(f"{platform.url}/api/mcpserver/ann/mcp") as client:
        presented = await facts(client, "start_walkthrough", name="Set it up")
        await facts(client, "get_next_step", currentStepId=presented["step"]["id"])

    pulled = await platform.walkthroughs(tmp_path, "pull", "set it UP", "--folder", "out")
    assert (pulled.code, pulled.stdout) == (0, "out/set-it-up.json: “Set it up” (new)\n")
    file = tmp_path / "out" / "set-it-up.json"
    document = read_file(file)
    install, configure, verify = document["steps"]
    assert install["metadata"]["stepId"] == presented["step"]["id"]

    install["title"] = "Install the tool"
    fresh = {"title": "Sign in", "contentFields": {"contentForUser": "Sign in."}}
    document["steps"] = [
        {**step, "displayOrder": place, "nextStepReference": None}
        for place, step in enumerate([install, fresh, verify])
    ]
    file.write_text(json.dumps(document))
    before = await platform.rows()
    dry = await platform.walkthroughs(tmp_path, "push", "out", "--dry-run")
    assert await platform.rows() == before
    walkthrough_id = document["metadata"]["originalId"]
    verify_id, configure_id = verify["metadata"]["stepId"], configure["metadata"]["stepId"]
    assert (dry.code, dry.stderr) == (0, "")
    assert dry.stdout.splitlines() == [
        f"out/set-it-up.json: “Set it up” (changed, published, {walkthrough_id}, dry run, nothing"
        " is written): 1 created, 1 changed, 1 kept, 1 removed",
        f"    1. Install the tool (changed, {install['metadata']['stepId']})",
        "    2. Sign in (created, no id yet)",
        f"    3. Verify (kept, {verify_id})",
        f"    -  Configure (removed, {configure_id})",
    ]

    real = await platform.walkthroughs(tmp_path, "push", "out", "--write-ids")
    assert (real.code, real.stderr) == (0, "")
    assert real.stdout.endswith("1 removed\n  written back, with all ids\n")
    kept = [step["metadata"]["stepId"] for step in read_file(file)["steps"]]
    assert (kept[0], kept[2]) == (install["metadata"]["stepId"], verify_id)
    async with Client(f"{platform.url}/api/mcpserver/ann/mcp") as client:
        shown = await facts(client, "get_next_step")
    assert (shown["step"]["id"], shown["completedSteps"], shown["totalSteps"]) == (kept[1], 1, 3)


async def test_what_is_pulled_pushed_and_pulled_again_is_the_same(
    platform: Platform, tmp_path: Path
) -> None:
    guide = await platform.world.guide(title="Über-Größe: a/b\\c?")
    first = await platform.walkthroughs(tmp_path, "pull", guide.id)
    file = tmp_path / "über-grösse-a-b-c.json"
    assert first.stdout == f"{file.name}: “{guide.title}” (new)\n"
    written = file.read_bytes()
    pushed = await platform.walkthroughs(tmp_path, "push", file.name)
    assert pushed.stdout == (
        f"{file.name}: “{guide.title}” (unchanged, published, {guide.id}): 3 kept\n"
    )
    assert pushed.stderr == ""

    second = await platform.walkthroughs(tmp_path, "pull", guide.id)
    assert second.stdout == f"{file.name}: “{guide.title}” (unchanged)\n"
    assert file.read_bytes() == written
    other = await platform.walkthroughs(tmp_path, "pull", guide.id, "--folder", "other")
    assert other.code == 0
    assert timeless(read_file(tmp_path / "other" / file.name)) == timeless(json.loads(written))


async def test_ids_are_written_into_a_file_on_demand_and_other_files_are_left_alone(
    platform: Platform, tmp_path: Path
) -> None:
    write_file(tmp_path, "by-hand.json", "By hand", "One")
    await platform.walkthroughs(tmp_path, "push", "by-hand.json")
    by_hand = (tmp_path / "by-hand.json").read_bytes()
    refused = await platform.walkthroughs(tmp_path, "pull", "By hand")
    assert (refused.code, refused.stdout) == (1, "")
    assert "by-hand.json is there and does not say that it is wt_" in refused.stderr
    assert (tmp_path / "by-hand.json").read_bytes() == by_hand

    written = await platform.walkthroughs(tmp_path, "push", "by-hand.json", "--write-ids")
    assert (written.code, written.stderr) == (0, "")
    document = read_file(tmp_path / "by-hand.json")
    document["walkthrough"]["title"] = "By hand, and renamed"
    (tmp_path / "by-hand.json").rename(tmp_path / "kept-name.json")
    (tmp_path / "kept-name.json").write_text(json.dumps(document))
    renamed = await platform.walkthroughs(tmp_path, "push", "kept-name.json")
    assert f"(changed, draft, {document['metadata']['originalId']})" in renamed.stdout
    again = await platform.walkthroughs(tmp_path, "pull", "By hand, and renamed")
    assert again.stdout == ("kept-name.json: “By hand, and renamed” (updated: no step's content)\n")


async def test_a_refused_file_is_told_with_every_path_and_keeps_no_other_out(
    platform: Platform, tmp_path: Path
) -> None:
    write_file(tmp_path, "a-bad.json", "Bad", "", "x" * 201)
    (tmp_path / "b-text.json").write_bytes(b"\xff\xfe")
    (tmp_path / "c-list.json").write_text('[{"title": "Alone"}]')
    write_file(tmp_path, "d-good.json", "Good", "One")
    write_file(tmp_path, "e-twin.json", "GOOD", "Two")
    ended = await platform.walkthroughs(tmp_path, "push", ".", "--publish")
    assert (ended.code, "Traceback" in ended.stderr) == (1, False)
    assert [line.partition("wt_")[0] for line in ended.stdout.splitlines()] == [
        "d-good.json: “Good” (new, published, "
    ]
    told = ended.stderr.splitlines()
    assert "a-bad.json: refused" in told
    assert any(line.startswith("  steps[0].title ") for line in told)
    assert any(line.startswith("  steps[1].title ") for line in told)
    assert "  $: The file is not text in UTF-8 (invalid start byte)." in told
    assert any("give a title" in line for line in told)
    assert "  d-good.json is the same walkthrough, by its id or title." in told

    write_file(tmp_path, "f-large.json", "Large", "One", description="x" * 4 * 1024 * 1024)
    large = await platform.walkthroughs(tmp_path, "push", "f-large.json")
    assert (large.code, large.stderr.splitlines()[1]) == (1, "  The body is larger than 4096 KiB.")

    named = await platform.walkthroughs(tmp_path, "push", "c-list.json", "--title", "A list")
    assert "c-list.json: “A list” (new, draft, wt_" in named.stdout


async def test_a_key_for_reading_cannot_push_and_nothing_changes(
    platform: Platform, tmp_path: Path
) -> None:
    guide = await platform.world.guide(title="Only read")
    reading = {"MCPLATFORM_API_KEY": platform.reading_key}
    pulled = await platform.walkthroughs(tmp_path, "pull", guide.id, **reading)
    assert pulled.code == 0
    document = read_file(tmp_path / "only-read.json")
    document["steps"].pop()
    (tmp_path / "only-read.json").write_text(json.dumps(document))
    before = await platform.rows()
    for arguments in (["push", "."], ["push", ".", "--dry-run"], ["archive", guide.id, "--yes"]):
        refused = await platform.walkthroughs(tmp_path, *arguments, **reading)
        assert (refused.code, refused.stdout) == (1, "")
        assert "It needs the scope write." in refused.stderr
    assert await platform.rows() == before


async def test_what_belongs_to_others_reads_as_what_does_not_exist(
    platform: Platform, tmp_path: Path
) -> None:
    theirs = await platform.stranger.guide(title="Theirs")
    before = await platform.stranger.rows("SELECT id, title, status, revision FROM walkthrough")
    names = (theirs.id, "Theirs", "wt_nobody", "x" * 300, " ")
    for command in (["pull"], ["publish"], ["archive", "--yes"]):
        ended = await platform.walkthroughs(tmp_path, *command, *names)
        assert (ended.code, ended.stdout) == (1, "")
        assert ended.stderr.splitlines()[1::2] == [
            "  There is no walkthrough with this id or title in the organization."
        ] * len(names)
    nowhere = await platform.walkthroughs(tmp_path, "list", "--server", platform.stranger.slug)
    assert nowhere.stderr == "Error: There is no server “acme-docs” in this organization.\n"

    write_file(tmp_path, "one.json", "Mine", "One")
    document = {**read_file(tmp_path / "one.json"), "metadata": {"originalId": theirs.id}}
    (tmp_path / "one.json").write_text(json.dumps(document))
    mine = await platform.walkthroughs(tmp_path, "push", "one.json")
    assert mine.stdout.startswith("one.json: “Mine” (new, draft, wt_")
    assert theirs.id not in mine.stdout
    after = await platform.stranger.rows("SELECT id, title, status, revision FROM walkthrough")
    assert set(before) <= set(after)
