"""Which steps of a file are which steps that a walkthrough has already."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class PairedBy(StrEnum):
    """What told that a step of the file is one that exists, or that it is new."""

    ID = "id"
    TITLE = "title"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Pair:
    """What one step of the file is; `step_id` is None for a new one."""

    by: PairedBy
    step_id: str | None


def pair(
    written: Sequence[tuple[str | None, str]], present: Sequence[tuple[str, str]]
) -> list[Pair]:
    """One pair for each step of the file; present steps in none of them are to go.

    Both sides are (id, title) in order. The id in the file counts if it is one of the present
    steps, for the first that names it. Of the rest, the k-th with a title pairs with the k-th.
    """
    unpaired = dict(present)
    ids = [
        step_id if step_id is not None and unpaired.pop(step_id, None) is not None else None
        for step_id, _ in written
    ]
    by_title: defaultdict[str, deque[str]] = defaultdict(deque)
    for step_id, title in unpaired.items():
        by_title[title].append(step_id)
    return [
        Pair(PairedBy.ID, step_id) if step_id is not None else _by_title(by_title[title])
        for step_id, (_, title) in zip(ids, written, strict=True)
    ]


def _by_title(candidates: deque[str]) -> Pair:
    return Pair(PairedBy.TITLE, candidates.popleft()) if candidates else Pair(PairedBy.NEW, None)
