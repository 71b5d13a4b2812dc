"""What doctor finds, and what it says to do."""

from pathlib import Path

import pytest

from tests.cli.conftest import NOWHERE
from tests.support import databases
from tests.support.command import run
from tests.support.plain_owners import plainly_owned_database
from tests.support.redis_servers import free_port

NO_PROXIES = "Proxies: none are trusted: behind one, everybody shares one address's limits"


async def test_all_well_ends_with_0(database_url: str, tmp_path: Path) -> None:
    ended = await run(tmp_path, "doctor", DATABASE_URL=database_url)
    assert ended.code == 0, ended
    assert "FIX" not in ended.stdout
    told = ("Settings", "Database", "Migrations", "Role and grants", "Redis", "Mail")
    for subject in (*told, "Host name localhost"):
        assert f"ok   {subject}: " in ended.stdout
    assert "Proxies" not in ended.stdout  # on this machine there are none


async def test_everything_that_is_wrong_is_found_at_once(cluster_url: str, tmp_path: Path) -> None:
    async with databases.empty_database(cluster_url) as dsn:
        ended = await run(
            tmp_path,
            "doctor",
            DATABASE_URL=dsn,
            REDIS_URL=f"redis://127.0.0.1:{free_port()}",
            MCPLATFORM_BASE_URL=f"https://{NOWHERE}",
            MCPLATFORM_SECRET_KEY="k" * 32,
        )
    assert ended.code == 1
    wrong = [line.partition(": ")[0] for line in ended.stdout.splitlines() if line[:3] == "FIX"]
    assert wrong == [
        "FIX  Migrations",
        "FIX  Redis",
        "FIX  Mail",
        "FIX  Proxies",
        f"FIX  Host name {NOWHERE}",
        f"FIX  Host name any-server.{NOWHERE}",
    ]
    for advice in (
        "Run `mcplatform migrate`.",
        "Until it answers, nobody can log in, and calls are limited by address alone.",
        "Set MCPLATFORM_SMTP_URL.",
        "Set MCPLATFORM_TRUSTED_PROXIES.",
        f"Add a DNS record for *.{NOWHERE}.",
    ):
        assert f"{advice}\n" in ended.stdout


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ("", f"FIX  {NO_PROXIES}\n     Set MCPLATFORM_TRUSTED_PROXIES.\n"),
        ("10.0.0.0/8,2001:db8::1", "ok   Proxies: trusted: 10.0.0.0/8, 2001:db8::1/128\n"),
    ],
)
async def test_proxies_that_nobody_trusts_are_told(tmp_path: Path, proxies: str, told: str) -> None:
    ended = await run(
        tmp_path,
        "doctor",
        DATABASE_URL=f"postgresql://a@127.0.0.1:{free_port()}/b",
        MCPLATFORM_BASE_URL=f"https://{NOWHERE}",
        MCPLATFORM_SECRET_KEY="k" * 32,
        MCPLATFORM_TRUSTED_PROXIES=proxies,
    )
    assert told in ended.stdout


async def test_a_restored_database_is_not_well_until_it_is_migrated(
    superusers_cluster: str, tmp_path: Path
) -> None:
    async with plainly_owned_database(superusers_cluster) as plain:
        await run(tmp_path, "migrate", DATABASE_URL=plain.dsn)
        await plain.lose_grants()
        before = await run(tmp_path, "doctor", DATABASE_URL=plain.dsn)
        await run(tmp_path, "migrate", DATABASE_URL=plain.dsn)
        after = await run(tmp_path, "doctor", DATABASE_URL=plain.dsn)
    assert "ok   Migrations: all applied\n" in before.stdout
    assert "FIX  Role and grants: missing\n     Run `mcplatform migrate`.\n" in before.stdout
    assert f"ok   Role and grants: the pool can work as {plain.tenant}\n" in after.stdout
    assert (before.code, after.code) == (1, 0)


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
