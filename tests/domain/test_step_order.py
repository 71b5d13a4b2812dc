"""In which order the steps of a file come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.step_order import in_order

NONE: list[int | None] = [None] * 4


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([1, 2, 3, None], [0, 1, 2, 3]),
        ([1, 2, 3, -1], [0, 1, 2, 3]),
        ([None, 0, 1, 2], [3, 2, 1, 0]),
        ([2, 3, 1, None], [0, 2, 1, 3]),
    ],
)
def test_links_that_form_one_chain_decide(links: list[int | None], expected: list[int]) -> None:
    assert in_order(links, [4, 3, 2, 1]) == expected


@pytest.mark.parametrize(
    "links",
    [
        [None, None, None, None],  # no links
        [1, None, 3, None],  # two chains
        [1, 2, 0, None],  # a circle beside a step
        [1, 2, 3, 0],  # a circle
        [1, 2, 3, 4],  # out of the file
        [2, 3, 4, None],  # counted from 1
        [1, 1, 3, None],  # two steps before one
        [0, 2, 3, None],  # a step before itself
    ],
)
def test_links_that_form_no_chain_leave_it_to_the_display_order(links: list[int | None]) -> None:
    assert in_order(links, [40, 0, 7, -1]) == [3, 1, 2, 0]


def test_ties_in_the_display_order_keep_the_order_of_the_file() -> None:
    assert in_order(NONE, [1, 0, 1, 0]) == [1, 3, 0, 2]


def test_a_missing_display_order_leaves_it_to_the_file() -> None:
    assert in_order(NONE, [3, 2, None, 1]) == [0, 1, 2, 3]


def test_a_file_without_steps_has_no_order() -> None:
    assert in_order([], []) == []


def test_one_step_is_in_order() -> None:
    assert in_order([None], [7]) == [0]


@given(st.lists(st.tuples(st.none() | st.integers(-3, 12), st.none() | st.integers()), max_size=12))
def test_every_step_comes_exactly_once(steps: list[tuple[int | None, int | None]]) -> None:
    order = in_order([link for link, _ in steps], [display for _, display in steps])
    assert sorted(order) == list(range(len(steps)))


@given(st.permutations(range(8)), st.lists(st.integers(), min_size=8, max_size=8))
def test_any_one_chain_is_followed(order: list[int], display_orders: list[int]) -> None:
    links: list[int | None] = [None] * 8
    for before, after in pairwise(order):
        links[before] = after
    assert in_order(links, display_orders) == order
