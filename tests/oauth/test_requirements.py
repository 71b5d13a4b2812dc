"""Every MUST has a test, and every test that the table names is there."""

import ast
from pathlib import Path

import pytest

from tests.oauth.requirements import REQUIREMENTS, Requirement

_TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("asked", REQUIREMENTS, ids=lambda asked: f"{asked.source}: {asked.must}")
def test_the_requirement_is_held_by_tests(asked: Requirement) -> None:
    assert asked.tests
    for named in asked.tests:
        path, _, name = named.partition("::")
        tree = ast.parse((_TESTS / path).read_text())
        there = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in there, named
