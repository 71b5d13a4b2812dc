"""Which database is opened, and that it is ready before anybody uses it."""

from pathlib import Path

import pytest

from app.core.errors import Unavailable
from app.core.settings import Settings
from app.repositories import database, lookups, migrations, opening
from app.repositories.opening import SchemaOutOfDate, bring_up_to_date, opened
from tests.support import databases


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]  # pydantic judges


async def test_a_database_without_our_tables_lacks_every_migration(cluster_url: str) -> None:
    async with databases.empty_database(cluster_url) as dsn:
        before = await migrations.state(dsn)
        with pytest.raises(SchemaOutOfDate, match="Run `mcplatform migrate`"):
            await bring_up_to_date(settings(database_url=dsn), dsn)
        applied = await migrations.migrate(dsn)
        after = await migrations.state(dsn)
    assert (before.pending, after.pending) == (tuple(sorted(applied)), ())
    assert before.owner == after.owner


async def test_a_migrated_database_is_left_alone(database_url: str) -> None:
    await bring_up_to_date(settings(database_url=database_url), database_url)


@pytest.mark.parametrize(
    "dsn", ["postgresql://nobody@127.0.0.1:1/none", "postgresql://host:port/none"]
)
async def test_a_database_that_is_not_there_is_unavailable(dsn: str) -> None:
    with pytest.raises(Unavailable, match="Check DATABASE_URL"):
        await migrations.state(dsn)


async def test_without_a_url_the_embedded_database_is_made_ready_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    async with opened(settings(data_folder=tmp_path)):
        assert await lookups.server_count() == 0
        assert sum(database.connections()) == 2
    assert database.connections() == (0, 0)


async def test_the_url_that_was_given_is_the_database(database_url: str) -> None:
    with opening.database_url(settings(database_url=database_url)) as dsn:
        assert dsn == database_url
