"""What doctor finds, and what it says to do."""

from pathlib import Path

from tests.support import databases
from tests.support.command import run
from tests.support.redis_servers import free_port


async def test_all_well_ends_with_0(database_url: str, tmp_path: Path) -> None:
    ended = await run(tmp_path, "doctor", DATABASE_URL=database_url)
    assert ended.code == 0, ended
    assert "FIX" not in ended.stdout
    for subject in ("Settings", "Database", "Migrations", "Redis", "Host name localhost"):
        assert f"ok   {subject}: " in ended.stdout


async def test_everything_that_is_wrong_is_found_at_once(cluster_url: str, tmp_path: Path) -> None:
    async with databases.empty_database(cluster_url) as dsn:
        ended = await run(
            tmp_path,
            "doctor",
            DATABASE_URL=dsn,
            REDIS_URL=f"redis://127.0.0.1:{free_port()}",
            MCPLATFORM_BASE_URL="https://mcp.invalid",
            MCPLATFORM_SECRET_KEY="k" * 32,
        )
    assert ended.code == 1
    wrong = [line.partition(": ")[0] for line in ended.stdout.splitlines() if line[:3] == "FIX"]
    assert wrong == [
        "FIX  Migrations",
        "FIX  Redis",
        "FIX  Host name mcp.invalid",
        "FIX  Host name any-server.mcp.invalid",
    ]
    assert "Run `mcplatform migrate`." in ended.stdout
    assert "Add a DNS record for *.mcp.invalid." in ended.stdout


async def test_settings_that_do_not_work_are_named(tmp_path: Path) -> None:
    ended = await run(tmp_path, "doctor", MCPLATFORM_BASE_URL="nonsense")
    assert ended.code == 1
    assert ended.stderr.startswith("Error: MCPLATFORM_BASE_URL must be ")


async def test_a_database_that_does_not_answer_is_told_with_what_to_check(tmp_path: Path) -> None:
    ended = await run(tmp_path, "doctor", DATABASE_URL=f"postgresql://a@127.0.0.1:{free_port()}/b")
    assert ended.code == 1
    assert "FIX  Database: DATABASE_URL: no answer" in ended.stdout
    assert "Check DATABASE_URL." in ended.stdout


async def test_the_embedded_database_needs_nothing_but_to_be_migrated(tmp_path: Path) -> None:
    before = await run(tmp_path, "doctor")
    migrated = await run(tmp_path, "migrate")
    again = await run(tmp_path, "migrate")
    after = await run(tmp_path, "doctor")
    assert "FIX  Migrations" in before.stdout
    assert migrated.stdout.startswith("applied ")
    assert again.stdout == "The schema is up to date.\n"
    assert [ended.code for ended in (before, migrated, again, after)] == [1, 0, 0, 0]
