"""Every MUST has a test, every test that the tables name is there, and nothing is named twice."""

import ast
from pathlib import Path

import pytest

from tests.oauth.requirements import REQUIREMENTS
from tests.oauth.requirements.left_out import NOT_APPLICABLE, NOT_KEPT
from tests.oauth.requirements.row import Requirement

_TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("asked", REQUIREMENTS, ids=lambda asked: f"{asked.source}: {asked.must}")
def test_the_requirement_is_held_by_tests(asked: Requirement) -> None:
    assert asked.tests
    assert len(set(asked.tests)) == len(asked.tests)
    for named in asked.tests:
        path, _, name = named.partition("::")
        tree = ast.parse((_TESTS / path).read_text())
        there = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name.startswith("test_"), named
        assert name in there, named


def test_every_must_is_in_the_tables_once() -> None:
    rows = [(row.source, row.must) for row in REQUIREMENTS]
    rows += [(row.source, row.must) for row in (*NOT_APPLICABLE, *NOT_KEPT)]
    assert len(set(rows)) == len(rows)


def test_what_has_no_test_says_why() -> None:
    assert [row for row in (*NOT_APPLICABLE, *NOT_KEPT) if not row.why] == []
