"""A page of documentation, and a reader who copies its commands one after another."""

import asyncio
import json
import os
import re
import shlex
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
_ID = re.compile(r"[a-z]{2,5}_[a-z2-7]{16,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_OPAQUE = frozenset({"startCursor", "endCursor", "cursor", "token"})
_CURL = Path(__file__).with_name("curl.py")
_BLOCK_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences, and the heading above."""

    heading: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """The page's fenced blocks in order."""
    headings = [(0, ""), *((one.start(), one[1]) for one in _HEADING.finditer(page))]
    parts = pairwise([*headings, (len(page), "")])
    return [
        Block(heading, found[1], found[2])
        for (start, heading), (end, _) in parts
        for found in _FENCE.finditer(page, start, end)
    ]


@dataclass(slots=True)
class Reader:
    """Somebody who runs a page's blocks of one language in a folder, with their own ids put in.

    `known` has the page's ids and the reader's own. A block that only defines something goes before
    all that follow.
    """

    language: str
    folder: Path
    settings: dict[str, str]
    known: dict[str, str] = field(default_factory=dict)
    beginning: str = ""

    async def run(self, block: Block) -> list[Any]:
        """Run a block, which must succeed, and give the JSON documents that it prints."""
        text = block.text
        for theirs, own in self.known.items():
            text = text.replace(theirs, own)
        process = await asyncio.create_subprocess_exec(
            *self._command(self.beginning + text),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.settings},
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(_BLOCK_SECONDS):
            stdout, stderr = await process.communicate()
        assert process.returncode == 0, f"{block.heading}: {stderr.decode()}"
        return list(_documents(stdout.decode()))

    def begin_with(self, block: Block) -> None:
        """Put a block before all that follow."""
        self.beginning += block.text + "\n"

    def learn(self, told: Any, seen: Any, at: str = "") -> None:
        """Compare what the page tells with what the reader sees, and learn whose id is whose."""
        if isinstance(told, dict) and isinstance(seen, dict):
            assert told.keys() == seen.keys(), f"{at}: {sorted(seen)}"
            for name in told:
                self.learn(told[name], seen[name], f"{at}.{name}")
        elif isinstance(told, list) and isinstance(seen, list):
            assert len(told) == len(seen), at
            for number, pair in enumerate(zip(told, seen, strict=True)):
                self.learn(*pair, f"{at}[{number}]")
        elif isinstance(told, str) and isinstance(seen, str):
            self._learn_text(told, seen, at)
        else:
            assert told == seen, f"{at}: the page says {told!r}, and it is {seen!r}"

    def _learn_text(self, told: str, seen: str, at: str) -> None:
        if _TIME.fullmatch(told):
            assert _TIME.fullmatch(seen), at
            return
        if at.rpartition(".")[2] in _OPAQUE:
            self.known.setdefault(told, seen)
        for theirs, own in zip(_ID.findall(told), _ID.findall(seen), strict=False):
            self.known.setdefault(theirs, own)
        for theirs, own in self.known.items():
            told = told.replace(theirs, own)
        assert told == seen, f"{at}: the page says {told!r}, and it is {seen!r}"

    def _command(self, text: str) -> list[str]:
        if self.language == "python":
            return [sys.executable, "-c", text]
        curl = f'curl() {{ {shlex.join([sys.executable, "-I", str(_CURL)])} "$@"; }}\n'
        return ["sh", "-euc", curl + text]


def _documents(printed: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    printed = printed.strip()
    while printed:
        document, end = decoder.raw_decode(printed)
        yield document
        printed = printed[end:].lstrip()


def mistakes(answer: Any) -> list[Any]:
    """All errors and user errors anywhere in a document."""
    if isinstance(answer, list):
        return [found for one in answer for found in mistakes(one)]
    if not isinstance(answer, dict):
        return []
    own = [*answer.get("errors", ()), *answer.get("userErrors", ())]
    return own + [found for one in answer.values() for found in mistakes(one)]
