"""Secrets that a test lets loose, and every place where one of them may have come to light."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus

import asyncpg
import httpx
from redis.asyncio import Redis

SHORTEST: Final = 8  # characters of a secret; shorter ones are found by chance
_TABLES: Final = """
SELECT oid::regclass::text AS name FROM pg_class
WHERE relkind IN ('r', 'm', 'p') AND relnamespace = 'public'::regnamespace
"""
_IN_REDIS: Final[dict[bytes | str, Callable[[Any, Any], Any]]] = {
    b"string": lambda redis, key: redis.get(key),
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"hash": lambda redis, key: redis.hgetall(key),
    b"set": lambda redis, key: redis.smembers(key),
    b"zset": lambda redis, key: redis.zrange(key, 0, -1),
}
# What the product makes itself tells by its first letters what it is.
_OURS: Final = re.compile(r"\b(mcp[a-z]{1,3})_[a-z2-7]{16,}")
KINDS: Final = {
    "mcpa": "access token",
    "mcpc": "authorization code",
    "mcpf": "login cookie",
    "mcpi": "invitation token",
    "mcpk": "API key",
    "mcpm": "session token",
    "mcpo": "client secret",
    "mcpr": "refresh token",
    "mcps": "MCP session id",
    "mcpt": "token of a mailed link",
}
_CHAPTER: Final = re.compile(r"\b([a-z-]+)\.\d{6}\b")


@cache
def disguises(secret: str) -> frozenset[str]:
    """The ways in which the text may be written: as it is, escaped, percent-encoded, in base64."""
    raw, as_json = secret.encode(), json.dumps(secret)[1:-1]
    found = {
        secret,
        as_json,
        json.dumps(as_json)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        as_json.replace("/", "\\/"),
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        html.escape(secret),
        html.escape(secret).replace("&#x27;", "&#39;"),
        secret.replace(" ", "+"),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
    }
    found |= {re.sub("%..", lambda escape: escape[0].lower(), one) for one in found if "%" in one}
    found |= {raw.hex(), raw.hex().upper()}
    for one in (secret, quote_plus(secret), quote(secret, safe="")):  # as Basic has it, or not
        found.update(_in_base64(one.encode()))
    return frozenset(found)


def _in_base64(raw: bytes) -> Iterator[str]:
    """What base64 makes of the bytes wherever among others they begin: four characters of three."""
    for before in range(3):
        skipped, whole = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + raw).decode()[skipped:whole]


def shows(text: str, secret: str) -> bool:
    """Whether the secret is in the text in any disguise; digits alone not as part of a digest."""
    return any(
        one in text and (not one.isdigit() or _alone(one).search(text) is not None)
        for one in disguises(secret)
    )


@cache
def _alone(digits: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9a-f]){digits}(?![0-9a-f])")


class Seen(NamedTuple):
    """Something that came to light: `where` is answer, table, line or redis; `place` which one.

    `chapter` is what the test was about just then; of rows and keys nobody knows.
    """

    where: str
    chapter: str
    place: str
    text: str


class Leak(NamedTuple):
    """A secret of this kind is in something that was seen."""

    kind: str
    secret: str
    seen: Seen


@dataclass(slots=True)
class Watch:
    """Secrets with their kinds, and all that was seen while they were about.

    `rows` are by table, `said` the lines that processes printed. Requests whose id begins with the
    chapter and a dot tell in both answer and log to which chapter they belong.
    """

    chapter: str = "beginning"
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[Seen] = field(default_factory=list)
    rows: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    said: list[str] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)

    def keep(self, kind: str, secret: str) -> str:
        """Watch this secret from now on, and give it back."""
        assert len(secret) >= SHORTEST, f"{kind} is too short to be told from chance"
        assert self.secrets.setdefault(secret, kind) == kind
        return secret

    def keep_ours(self, text: str) -> None:
        """Watch every secret in the text that the product made."""
        for found in _OURS.finditer(text):
            if found[1] != "mcpu":  # an end user's id opens nothing
                self.keep(KINDS[found[1]], found[0])

    def hear(self, to: str, answer: httpx.Response) -> None:
        """Write an answer down, and watch the secrets of ours that it hands out."""
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
        text = f"{head}\n\n{answer.text}"
        self.keep_ours(text)
        self.answers.append(Seen("answer", self.chapter, f"{to} {answer.status_code}", text))

    async def look_at(self, owner: asyncpg.Connection) -> None:
        """Write down all that the database holds, in whichever table."""
        names = [row["name"] for row in await owner.fetch(_TABLES)]
        each = (
            f"SELECT '{name}' AS name, to_jsonb(t)::text AS row FROM {name} t" for name in names
        )
        for row in await owner.fetch(" UNION ALL ".join(each)):
            self.rows[row["name"]].add(row["row"])

    async def look_into(self, redis: Redis) -> None:
        """Write down all that Redis holds."""
        async for key in redis.scan_iter():
            kind = await redis.type(key)
            if kind != b"none":  # it has just expired
                self.counted.add(f"{key!r} {await _IN_REDIS[kind](redis, key)!r}")

    def seen(self) -> list[Seen]:
        """All of it."""
        rows = [Seen("table", "", table, "\n".join(rows)) for table, rows in self.rows.items()]
        lines = [Seen("line", _chapter(line), line[:500], line) for line in self.said]
        counted = [Seen("redis", "", text[:500], text) for text in self.counted]
        return [*self.answers, *rows, *lines, *counted]

    def leaks(self) -> list[Leak]:
        """Every secret in everything that was seen."""
        together: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        for one in self.seen():
            together[one.where, one.chapter].append(one)
        return [
            Leak(kind, secret, one)
            for many in together.values()
            for secret, kind in self._in("\n".join(one.text for one in many))
            for one in many
            if shows(one.text, secret)
        ]

    def _in(self, text: str) -> list[tuple[str, str]]:
        return [(secret, kind) for secret, kind in self.secrets.items() if shows(text, secret)]


def _chapter(line: str) -> str:
    found = _CHAPTER.search(line)
    return found[1] if found else ""
