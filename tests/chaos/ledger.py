"""What clients asked and what they were answered, and whether the database tells the same."""

import time
from collections import Counter
from dataclasses import dataclass, field

import asyncpg
import msgspec

from tests.support.agent import STATELESS


@dataclass(eq=False)
class Person:
    """Someone with an agent: known by a tracking id, a session or a run handle."""

    version: str
    tracking_id: str | None
    session_id: str | None = None
    run: str | None = None

    @property
    def is_stateless(self) -> bool:
        """Whether the agent speaks the era without sessions."""
        return self.version == STATELESS


@dataclass
class Ledger:
    """The oracle of one server. A call that is asked again is one entry with two askings."""

    server_id: str
    asked: Counter[tuple[Person, str, str]] = field(default_factory=Counter)
    answered: Counter[tuple[Person, str, str]] = field(default_factory=Counter)
    completed: set[tuple[Person, str]] = field(default_factory=set)
    tickets: dict[str, int] = field(default_factory=dict)
    answer_moments: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cut: int = 0
    unavailable: int = 0  # told by a JSON-RPC error: such a call may have been recorded
    failed: int = 0  # told by a tool's result: such a call was recorded

    def ask(self, person: Person, tool: str, arguments: dict[str, object]) -> None:
        """Note that a call goes out."""
        self.asked[person, tool, _canonical(arguments)] += 1

    def answer(
        self, person: Person, tool: str, arguments: dict[str, object], *, seconds: float
    ) -> None:
        """Note that a call came back with a result."""
        self.answered[person, tool, _canonical(arguments)] += 1
        self.answer_moments.append(time.perf_counter())
        self.seconds.append(seconds)

    def first_answer_after(self, moment: float) -> float:
        """When the first result came after a moment, both in `perf_counter` seconds."""
        return min(answer for answer in self.answer_moments if answer > moment)

    async def compare(self, owner: asyncpg.Connection, *, exactly: bool = False) -> None:
        """Fail where the database lacks what was acknowledged, or holds anything twice.

        With `exactly`, fail also where it holds what was never acknowledged.
        """
        people = await _people(owner, {person for person, _, _ in self.asked})
        await self._compare_tool_calls(owner, people, exactly=exactly)
        await self._compare_completions(owner, people)
        await self._compare_tickets(owner)

    async def _compare_tool_calls(
        self, owner: asyncpg.Connection, people: dict[Person, str], *, exactly: bool
    ) -> None:
        rows = await owner.fetch(
            "SELECT end_user_id, tool, input::text FROM tool_call WHERE server_id = $1",
            self.server_id,
        )
        kept = Counter(
            (row["end_user_id"], row["tool"], _canonical(msgspec.json.decode(row["input"])))
            for row in rows
        )
        lost, doubled = [], []
        for entry, askings in self.asked.items():
            person, tool, arguments = entry
            if person not in people:
                assert not self.answered[entry], f"{person} was answered and is not known"
                continue
            found = kept[people[person], tool, arguments]
            if found < self.answered[entry]:
                lost.append(entry)
            if found > (self.answered[entry] if exactly else askings):
                doubled.append(entry)
        assert not lost, f"lost: {lost[:3]}"
        assert not doubled, f"doubled: {doubled[:3]}"
        acknowledged = self.answered.total() + self.failed
        assert acknowledged <= len(rows) <= (acknowledged if exactly else self.asked.total())

    async def _compare_completions(
        self, owner: asyncpg.Connection, people: dict[Person, str]
    ) -> None:
        rows = await owner.fetch(
            "SELECT end_user_id, step_id FROM completion WHERE server_id = $1", self.server_id
        )
        kept = Counter((row["end_user_id"], row["step_id"]) for row in rows)
        acknowledged = {(people[person], step) for person, step in self.completed}
        assert [entry for entry in acknowledged if entry not in kept] == []
        assert [entry for entry, number in kept.items() if number > 1] == []
        rows = await owner.fetch(
            "SELECT end_user_id, done_steps FROM progress WHERE server_id = $1", self.server_id
        )
        held = Counter((row["end_user_id"], step) for row in rows for step in row["done_steps"])
        assert held == kept, "the progress rows and the completions tell different stories"

    async def _compare_tickets(self, owner: asyncpg.Connection) -> None:
        rows = await owner.fetch(
            "SELECT title, number FROM ticket WHERE server_id = $1 ORDER BY number", self.server_id
        )
        kept = {row["title"]: row["number"] for row in rows}
        assert len(kept) == len(rows), "a ticket was opened twice"
        assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
        assert {title: kept.get(title) for title in self.tickets} == self.tickets


def _canonical(arguments: dict[str, object]) -> str:
    return msgspec.json.encode(arguments, order="sorted").decode()


async def _people(owner: asyncpg.Connection, persons: set[Person]) -> dict[Person, str]:
    """The end users that these people turned out to be, as far as the server knows them."""
    rows = await owner.fetch(
        "SELECT tracking_id AS known_by, id FROM end_user WHERE tracking_id IS NOT NULL"
        " UNION ALL SELECT id, end_user_id FROM session"
        " UNION ALL SELECT id, end_user_id FROM run_handle"
    )
    end_users = {row["known_by"]: row["id"] for row in rows}
    known = {
        person: end_users.get(person.tracking_id or person.session_id or person.run)
        for person in persons
    }
    return {person: end_user_id for person, end_user_id in known.items() if end_user_id}
