"""No secret of anybody's comes to light, whatever is done with it: canaries in every field.

One organization lives through everything in which secrets are made, used and mislaid. Afterwards
each of them is looked for in all that was answered, kept, counted and printed meanwhile.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg
import pytest
from redis.asyncio import Redis

from app.core.settings import SettingsError, read_settings, variable
from tests.journeys.secret_members import MARK
from tests.journeys.secret_story import play, with_password
from tests.support import databases
from tests.support.command import run
from tests.support.redis_servers import free_port, redis_server
from tests.support.secrets_watch import KINDS, Leak, Watch, shows

pytestmark = pytest.mark.timeout(300)  # the whole story is told before the first test

# The answers that a secret is meant for; each is in one answer and never again.
HANDED_OUT = {
    "access token": {"POST /oauth/token 200"},
    "API key": {"GraphQL createApiKey 200"},
    "authorization code": {
        "POST /oauth/login 303",
        "POST /oauth/login 200",  # an app of its own scheme: a page leads there
        "GET /oauth/callback 303",
    },
    "client secret": {"POST /oauth/register 201"},
    "login cookie": {"GET /oauth/authorize 303"},
    "refresh token": {"POST /oauth/token 200"},
    "session token": {"POST /sign-in 303", "GraphQL signIn 200"},
    # On to the customer's provider, at first or after the button to try again.
    "upstream nonce": {"POST /oauth/consent 303", "POST /oauth/login 303"},
    "upstream state": {"POST /oauth/consent 303", "POST /oauth/login 303"},
}
# What forms carry along is in every page that has one; whoever asks for it has it already.
CARRIED = {
    "csrf token": {
        "GET /oauth/consent 200",
        "GET /oauth/login 200",
        "POST /oauth/login 400",
        "GET /oauth/callback 503",
    },
    "invitation token": {"GET /invitation 200", "POST /invitation 303", "GET /sign-in 200"},
    "token of a mailed link": {
        "GET /verify-email 200",
        "GET /reset-password 200",
        "POST /reset-password 400",
    },
}
# No secrets to those who answer for the server: the log alone must not have them.
UNLOGGED = {"MCP session id", "state of the client", "tracking id"}
# Secrets that no answer ever has: they go to the platform, to mailboxes or to the provider.
UNTOLD = {
    "database password", "e-mail code", "e-mail code as the mail shows it", "password",
    "PKCE verifier", "provider's client secret", "Redis password", "sealing key", "SMTP password",
    "upstream code", "upstream token", "upstream verifier",
}  # fmt: skip

CHAPTERS = (
    "members", "logins", "provider", "rotation", "mistakes", "scattered", "breaks", "reading",
    "shouting-provider", "misspellings", "lost-ways", "another-key", "more-breaks",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """The story's end: all that was seen, and every secret that is in it."""

    watch: Watch
    leaks: list[Leak]

    def shows_in(self, where: str, chapter: str = "") -> list[Leak]:
        """The secrets that came to light there in this chapter."""
        return [one for one in self.leaks if one.seen[:2] == (where, chapter)]

    def places_of(self, word: str, where: str) -> set[str]:
        """Where a word shows that is no secret."""
        return {
            one.place for one in self.watch.seen() if one.where == where and shows(one.text, word)
        }


@pytest.fixture(scope="module")
async def told(cluster_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The whole story, told once."""
    watch, folder = Watch(), tmp_path_factory.mktemp("secrets")
    async with databases.cloned_database(cluster_url, template) as dsn:
        owner = await asyncpg.connect(dsn)
        with redis_server() as url:
            password = watch.keep("Redis password", "redis pass/word+%")
            async with Redis.from_url(url) as whoever:
                await whoever.config_set("requirepass", password)
            settings = {
                "DATABASE_URL": with_password(dsn, watch.keep("database password", "db: pass/+%")),
                "REDIS_URL": url.replace("//", f"//:{quote(password, safe='')}@"),
            }
            async with Redis.from_url(url, password=password) as redis:
                await play(watch, owner, folder, redis, settings)
        await owner.close()
    return Told(watch, watch.leaks())


@pytest.mark.parametrize("chapter", ["", *CHAPTERS])
async def test_no_line_that_a_process_prints_has_a_secret(told: Told, chapter: str) -> None:
    assert [(one.kind, one.seen.place) for one in told.shows_in("line", chapter)] == []


@pytest.mark.parametrize("chapter", CHAPTERS)
async def test_no_answer_has_a_secret_that_is_not_meant_for_it(told: Told, chapter: str) -> None:
    meant = {**HANDED_OUT, **CARRIED}
    assert [
        (one.kind, one.seen.place)
        for one in told.shows_in("answer", chapter)
        if one.kind not in UNLOGGED and one.seen.place not in meant.get(one.kind, ())
    ] == []


async def test_each_secret_is_handed_out_once_and_where_it_is_meant_to_be(told: Told) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    for one in told.leaks:
        meant = HANDED_OUT.get(one.kind) or CARRIED.get(one.kind, set())
        if one.seen.where == "answer" and one.seen.place in meant:
            found[one.kind].add(one.seen.place)
            times[one.secret] += one.kind in HANDED_OUT
    assert found == {**HANDED_OUT, **CARRIED}
    assert set(times.values()) <= {0, 1}


async def test_every_kind_of_secret_was_about(told: Told) -> None:
    kinds = {*HANDED_OUT, *CARRIED, *UNLOGGED, *UNTOLD}
    assert kinds >= set(KINDS.values())
    assert set(told.watch.secrets.values()) == kinds


async def test_the_database_never_holds_a_secret_that_can_be_read(told: Told) -> None:
    shown = {(one.kind, one.seen.place) for one in told.shows_in("table")}
    assert {pair for pair in shown if pair[0] not in UNLOGGED} == set()


async def test_redis_never_holds_a_secret(told: Told) -> None:
    assert told.shows_in("redis") == []


async def test_a_harmless_word_is_found_wherever_secrets_were_looked_for(told: Told) -> None:
    """Else the search would have nothing to find, whatever leaked."""
    answers = told.places_of(MARK, "answer")
    assert answers >= {
        "GET /oauth/consent 200",
        "POST /api/mcpserver/mcp 200",
        "GraphQL auditLog.nodes 200",
        "GraphQL server 200",
        "GraphQL toolCalls.nodes 200",
        "GraphQL exportEndUser 200",
        "GraphQL walkthroughs with a key 200",
    }
    tables = {"audit_entry", "oauth_client", "server", "session", "ticket", "tool_call"}
    assert told.places_of(MARK, "table") >= tables
    assert told.places_of("mcplatform", "redis")
    # Nobody can plant a word there: what is always there is found.
    assert "GET /api/mcpserver/health 200" in told.places_of("registeredServers", "answer")
    assert "GET /metrics 200" in told.places_of("mcplatform_", "answer")
    assert "POST /sign-in 303" in told.places_of("members.0", "answer")  # in a header


async def test_a_harmless_word_is_found_in_every_kind_of_line(told: Told) -> None:
    lines = [line for line in told.watch.said if MARK in line]
    for sort in ('"event":"request received"', '"event":"connection"', '"event":"request failed"'):
        assert any(sort in line for line in lines), sort
    # A trace as a terminal shows it, and the row that is quoted where the database may.
    assert any(line.startswith("asyncpg.exceptions.CheckViolationError") for line in lines)
    assert any("Failing row contains" in line for line in lines)


SECRET = "kä\"n'a/r+y&<\\> %41"
DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in small letters": lambda text: quote(text, safe="").lower(),
    "as a form": quote_plus,
    "twice percent-encoded": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON with letters": lambda text: json.dumps(text, ensure_ascii=False),
    "HTML": escape,
    "Python": repr,
    "bytes": lambda text: repr(text.encode()),
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 among others": lambda text: b64encode(f"a client:{text}.".encode()).decode(),
    "base64 for addresses": lambda text: urlsafe_b64encode(f"client:{text}.".encode()).decode(),
    "Basic": lambda text: b64encode(f"name:{quote_plus(text)}".encode()).decode(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_secret_is_found_in_every_disguise(disguise: str) -> None:
    written = DISGUISES[disguise](SECRET)
    assert shows(f"before {written} after", SECRET)
    assert not shows(f"before {DISGUISES[disguise](SECRET[::-1])} after", SECRET)


def test_a_code_of_digits_is_found_and_not_mistaken_for_a_part_of_a_digest() -> None:
    assert shows('{"code":"12345678"}', "12345678")
    assert shows("\\n12345678", "12345678")
    assert not shows("ab12345678cd", "12345678")
    assert not shows("9123456789", "12345678")


CANARY = "canary-s3cret"


@pytest.mark.parametrize("command", ["doctor", "serve"])
async def test_no_command_says_a_password_of_what_does_not_answer(
    tmp_path: Path, command: str
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    ended = await run(
        tmp_path,
        command,
        DATABASE_URL=f"postgresql://us:{CANARY}@{nobody}/mcplatform",
        REDIS_URL=f"redis://:{CANARY}@{nobody}/0",
        MCPLATFORM_SMTP_URL=f"smtps://us:{CANARY}@{nobody}",
        MCPLATFORM_SECRET_KEY=CANARY * 3,
        MCPLATFORM_SECRET_KEY_OLD=CANARY * 4,
        MCPLATFORM_LOG_LEVEL="debug",
    )
    assert ended.code == 1
    assert "DATABASE_URL" in ended.stdout + ended.stderr
    assert not shows(ended.stdout + ended.stderr, CANARY)


PASSWORDS_TO_ENCODE = (
    ("database_url", f"postgresql://us:{CANARY}/word@host/db"),
    ("redis_url", f"redis://:{CANARY}#word@host/0"),
    ("smtp_url", f"smtp://us:{CANARY}?word@host"),
    ("smtp_url", f"smtp://us:p@{CANARY}/word@host"),
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("database_url", f"mysql://us:{CANARY}@host/db"),
        ("redis_url", f"http://:{CANARY}@host"),
        ("smtp_url", f"mail://us:{CANARY}@host"),
        ("secret_key", CANARY),
        ("secret_key_old", f"{CANARY},{CANARY * 4}"),
        *PASSWORDS_TO_ENCODE,
    ],
)
def test_a_setting_that_is_refused_is_named_and_not_repeated(field: str, value: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings(**{field: value})
    assert variable(field) in str(refusal.value)
    assert not shows(f"{refusal.value!r} {refusal.value}", CANARY)
