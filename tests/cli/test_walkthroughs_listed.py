"""Listing walkthroughs over the API, and moving them from one status to another."""

import asyncio
import json
import signal
from contextlib import suppress
from pathlib import Path

from tests.cli.conftest import SLUG, Platform
from tests.support.command import START_SECONDS, started


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_list_goes_over_all_pages_and_is_filtered(
    platform: Platform, tmp_path: Path
) -> None:
    for number in range(105):
        await platform.world.guide(steps=1, title=f"Many {number:03}", status="draft")
    offered = await platform.world.guide(steps=2, title="Offered", assigned=True)
    everything = await platform.walkthroughs(tmp_path, "list", "--json", "--search", "many")
    found = json.loads(everything.stdout)
    assert [one["title"] for one in found] == [f"Many {number:03}" for number in range(105)]
    assert found[0].keys() == {
        *("id", "title", "status", "type", "version", "revision", "stepCount", "tags", "updatedAt")
    }

    table = await platform.walkthroughs(tmp_path, "list", "--status", "published", "--server", SLUG)
    heading, *lines = table.stdout.splitlines()
    assert heading.split() == ["ID", "STATUS", "STEPS", "UPDATED", "TITLE"]
    assert [line.split()[:3] + line.split()[5:] for line in lines] == [
        [offered.id, "published", "2", "Offered"]
    ]
    nothing = await platform.walkthroughs(tmp_path, "list", "--search", "nothing like it")
    assert (nothing.code, nothing.stdout, nothing.stderr) == (0, "", "There is none.\n")


async def test_all_are_pulled_into_files_of_their_own(platform: Platform, tmp_path: Path) -> None:
    one = await platform.world.guide(steps=1, title="CON: …", status="draft")
    two = await platform.world.guide(steps=1, title="Same name!", status="draft")
    three = await platform.world.guide(steps=1, title="Same? Name", status="draft")
    await platform.world.guide(steps=1, title="Put away", status="archived")
    first = await platform.walkthroughs(tmp_path, "pull", "--all", "--folder", "all")
    assert first.code == 0, first
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "all").iterdir()}
    ids = {name: document["metadata"]["originalId"] for name, document in written.items()}
    suffixed = f"same-name-{three.id[-8:].lower()}.json"
    assert ids["walkthrough-con.json"] == one.id
    assert (ids["same-name.json"], ids[suffixed]) == (two.id, three.id)
    assert "put-away.json" not in ids
    assert len(set(ids.values())) == len(ids) == len(first.stdout.splitlines())
    second = await platform.walkthroughs(tmp_path, "pull", "--all", "--folder", "all")
    assert all(line.endswith("(unchanged)") for line in second.stdout.splitlines())


async def test_ctrl_c_leaves_no_half_written_file(platform: Platform, tmp_path: Path) -> None:
    for number in range(40):
        await platform.world.guide(steps=40, title=f"Long {number:02}", status="draft")
    given = {"MCPLATFORM_API_URL": platform.url, "MCPLATFORM_API_KEY": platform.key}
    pulling = await started(tmp_path, ("walkthroughs", "pull", "--all"), given)
    async with asyncio.timeout(START_SECONDS):
        while not any(name.endswith(".json") for name in names(tmp_path)):
            await asyncio.sleep(0.01)
    with suppress(ProcessLookupError):  # on a fast machine it may be through
        pulling.send_signal(signal.SIGINT)
    _, told = await pulling.communicate()
    assert b"Traceback" not in told
    assert [name for name in names(tmp_path) if not name.endswith(".json")] == []
    for name in names(tmp_path):
        assert json.loads((tmp_path / name).read_text())["steps"]


async def test_walkthroughs_are_published_and_archived_by_id_or_title(
    platform: Platform, tmp_path: Path
) -> None:
    ready = await platform.world.guide(title="Ready", status="draft")
    empty = await platform.world.guide(steps=0, title="Empty", status="draft")
    published = await platform.walkthroughs(tmp_path, "publish", "ready", empty.id, "Nowhere")
    assert (published.code, published.stdout) == (1, f"{ready.id}: “Ready” is published\n")
    assert published.stderr == (
        "Nowhere: not found\n"
        "  There is no walkthrough with this id or title in the organization.\n"
        f"{empty.id}: “Empty” is not published\n"
        "  steps: A walkthrough needs at least one step to be published.\n"
    )
    again = await platform.walkthroughs(tmp_path, "publish", ready.id)
    assert (again.code, again.stdout) == (0, f"{ready.id}: “Ready” is published already\n")

    unsure = await platform.walkthroughs(tmp_path, "archive", ready.id)
    assert unsure.code == 2
    archived = await platform.walkthroughs(tmp_path, "archive", "--yes", "Ready", "Empty")
    assert archived.code == 0
    statuses = await platform.world.rows(
        "SELECT title, status, version FROM walkthrough WHERE id = ANY($1) ORDER BY title",
        [ready.id, empty.id],
    )
    assert statuses == [("Empty", "archived", 1), ("Ready", "archived", 2)]
