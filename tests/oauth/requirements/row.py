"""One row of the tables."""

from typing import NamedTuple


class Requirement(NamedTuple):
    """One MUST: the document and section, what it asks, and the tests that hold it."""

    source: str
    must: str
    tests: tuple[str, ...]


def must(source: str, asked: str, *tests: str) -> Requirement:
    """A row, with the tests as further arguments."""
    return Requirement(source, asked, tests)
