"""What docs/operations.md gives to copy works, and its figures are those of the code."""

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from app.core.ids import new_id
from app.domain import desk, oauth_flows, oauth_tokens
from app.repositories import migrations
from tests.support.databases import with_database
from tests.support.documents import blocks

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
TOLD = " ".join(PAGE.split())


async def test_the_sql_makes_a_user_who_may_migrate_once_and_then_make_no_roles(
    superusers_cluster: str,
) -> None:
    name = new_id("plain")
    (sql,) = [block.text for block in blocks(PAGE) if block.language == "sql"]
    before, after = re.split(r"^-- and after `mcplatform migrate`$", sql, flags=re.MULTILINE)
    superuser = await asyncpg.connect(superusers_cluster)
    try:
        for statement in before.splitlines():
            await superuser.execute(_named(statement, name))
        dsn = _as_user(with_database(superusers_cluster, name), name)
        assert await migrations.migrate(dsn)
        await superuser.execute(_named(after, name))
        assert await migrations.migrate(dsn) == []
        row = await superuser.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = $1", name
        )
        assert list(row) == [False, False, False]
    finally:
        await superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for role in (migrations.tenant_role(name), name):
            await superuser.execute(f"DROP ROLE IF EXISTS {role}")
        await superuser.close()


def _named(sql: str, name: str) -> str:
    return re.sub(r"\bmcplatform\b", name, sql).replace("…", name)


def _as_user(dsn: str, name: str) -> str:
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{name}:{name}@{place}", parts.path, parts.query, ""))


@pytest.mark.parametrize("query", re.findall(r"`(SELECT [^`]+)`", PAGE))
async def test_a_query_runs_as_the_owner_of_the_tables(
    owner: asyncpg.Connection, query: str
) -> None:
    await owner.fetch(query)


def test_there_are_queries() -> None:
    assert len(re.findall(r"`(SELECT [^`]+)`", PAGE)) == 2


def test_the_limits_of_logins_are_those_of_the_code() -> None:
    often, seldom = desk.ADDRESS_ATTEMPTS_PER_MINUTE, desk.EMAIL_ATTEMPTS_PER_MINUTE
    assert (
        f"one client address may register {often} clients, begin "
        f"{oauth_flows.BEGINNINGS_PER_MINUTE} logins, ask for {often} codes and try {often}, "
        f"of one mailbox {seldom}, and be sent to customers' providers {often} times; one login "
        f"may be refreshed {oauth_tokens.REFRESHES_PER_MINUTE} times. A day: "
        f"{desk.REGISTRATIONS_PER_DAY:,} clients, {desk.DOCUMENTS_PER_DAY:,} logins of clients "
        f"with a metadata document, and {oauth_tokens.REFRESHES_PER_DAY:,} refreshes of one login. "
        f"An organization may have its providers checked {desk.PROVIDER_CHECKS_PER_MINUTE} times a "
        f"minute and {desk.PROVIDER_CHECKS_PER_DAY} times a day."
    ) in TOLD


def test_the_limits_of_mail_are_those_of_the_code() -> None:
    assert (
        f"to one mailbox: {desk.MAILS_PER_MINUTE} a minute and {desk.MAILS_PER_DAY} a day as one "
        f"client address asks for it, {desk.MAILBOX_MAILS_PER_MINUTE} and "
        f"{desk.MAILBOX_MAILS_PER_DAY} whoever asks; of one client address "
        f"{desk.ADDRESS_ATTEMPTS_PER_MINUTE} a minute and {desk.ASKER_MAILS_PER_DAY:,} a day"
    ) in TOLD
