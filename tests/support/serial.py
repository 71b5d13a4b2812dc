"""Whether what came of several changes at once could have come of some order of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any

from tests.support.graph import Graph

State = dict[str, Any]
AT_ONCE = 4
SEED = 2026


@dataclass(frozen=True, slots=True)
class Op:
    """A mutation, and what the specification says that it does.

    `apply` changes the state or gives the code of what is wrong. `expected` is the revision that it
    is sent with; what it names is looked for before that is compared, unless `is_late`. Where
    nothing is changed the revision stays.
    """

    mutation: str
    given: dict[str, Any]
    apply: Callable[[State], str | None]
    expected: int | None = None
    is_late: bool = False

    async def sent_by(self, author: Graph) -> str | None:
        """The code that the author was told, if any."""
        given = dict(self.given)
        if self.expected is not None:
            given["expectedRevision"] = self.expected
        payload = await author.attempt(f"{self.mutation} {{ __typename }}", **given)
        codes = [error["code"] for error in payload["userErrors"]]
        assert len(codes) <= 1
        return codes[0] if codes else None

    def done_to(self, state: State) -> str | None:
        """The code that its author is to be told, once the state is what this makes of it."""
        made = deepcopy(state)
        code = self.apply(made)
        if code == "NOT_FOUND" and not self.is_late:
            return code
        if self.expected is not None and self.expected != state["revision"]:
            return "REVISION_MISMATCH"
        if code is None and made != state:
            state |= made
            if "revision" in state:
                state["revision"] += 1
        return code


def is_serial(before: State, ops: Sequence[Op], codes: Sequence[str | None], after: State) -> bool:
    """Whether some order of the ops tells these codes and ends in this state."""
    for order in permutations(zip(ops, codes, strict=True)):
        state = deepcopy(before)
        if all(op.done_to(state) == code for op, code in order) and state == after:
            return True
    return False


async def rounds(
    number: int,
    authors: Sequence[Graph],
    read: Callable[[], Awaitable[State]],
    think: Callable[[Random, State, Graph], Op],
) -> set[str | None]:
    """Let the authors work at once, so many times; the codes that they were told in all.

    `think` makes up what one of them does who sees the state.
    """
    random = Random(SEED)
    told: set[str | None] = set()
    after = await read()
    for _ in range(number):
        before = after
        at_work = [authors[place % len(authors)] for place in range(AT_ONCE)]
        ops = [think(random, before, author) for author in at_work]
        sent = (op.sent_by(author) for op, author in zip(ops, at_work, strict=True))
        codes = await asyncio.gather(*sent)
        after = await read()
        assert is_serial(before, ops, codes, after), (before, ops, codes, after)
        told.update(codes)
    return told


def revision_or_not(random: Random, state: State) -> int | None:
    """The revision that the author saw, half of the time."""
    seen: int = state["revision"]
    return random.choice([seen, None])
