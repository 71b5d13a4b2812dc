"""Which steps of a file are which steps of the walkthrough."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.step_pairing import Pair, PairedBy, pair

PRESENT = [("ws_1", "Install"), ("ws_2", "Check"), ("ws_3", "Check"), ("ws_4", "Deploy")]

titles = st.sampled_from(["Install", "Check", "Deploy", "New"])
ids = st.sampled_from([None, "ws_0", "ws_1", "ws_2", "ws_3", "ws_4", "ws_5"])
files = st.lists(st.tuples(ids, titles), max_size=8)
walkthroughs = st.lists(
    st.tuples(st.sampled_from(["ws_1", "ws_2", "ws_3", "ws_4"]), titles),
    max_size=4,
    unique_by=lambda step: step[0],
)


def by_id(step_id: str) -> Pair:
    return Pair(PairedBy.ID, step_id)


def by_title(step_id: str) -> Pair:
    return Pair(PairedBy.TITLE, step_id)


NEW = Pair(PairedBy.NEW, None)


def test_an_id_of_this_walkthrough_pairs_whatever_the_title() -> None:
    assert pair([("ws_4", "Install"), (None, "Install")], PRESENT) == [
        by_id("ws_4"),
        by_title("ws_1"),
    ]


def test_an_id_of_another_walkthrough_reads_as_absent() -> None:
    assert pair([("ws_other", "Deploy"), ("ws_another", "Launch")], PRESENT) == [
        by_title("ws_4"),
        NEW,
    ]


def test_equal_titles_pair_in_turn() -> None:
    assert pair([(None, "Check"), (None, "Check"), (None, "Check")], PRESENT) == [
        by_title("ws_2"),
        by_title("ws_3"),
        NEW,
    ]


def test_an_id_takes_its_step_before_any_title_does() -> None:
    assert pair([(None, "Check"), ("ws_2", "Check")], PRESENT) == [
        by_title("ws_3"),
        by_id("ws_2"),
    ]


def test_an_id_that_is_repeated_counts_once() -> None:
    assert pair([("ws_4", "Deploy"), ("ws_4", "Install"), ("ws_4", "Deploy")], PRESENT) == [
        by_id("ws_4"),
        by_title("ws_1"),
        NEW,
    ]


def test_titles_differ_by_case() -> None:
    assert pair([(None, "install")], PRESENT) == [NEW]


@given(files, walkthroughs)
def test_no_step_is_paired_twice(
    written: list[tuple[str | None, str]], present: list[tuple[str, str]]
) -> None:
    pairs = pair(written, present)
    paired = [one.step_id for one in pairs if one.step_id is not None]
    assert len(pairs) == len(written)
    assert len(set(paired)) == len(paired)
    assert set(paired) <= {step_id for step_id, _ in present}


@given(files, walkthroughs)
def test_what_stays_new_has_no_match_left(
    written: list[tuple[str | None, str]], present: list[tuple[str, str]]
) -> None:
    pairs = pair(written, present)
    paired = {one.step_id for one in pairs}
    left = {title for step_id, title in present if step_id not in paired}
    new = {title for (_, title), one in zip(written, pairs, strict=True) if one.by is PairedBy.NEW}
    assert not left & new


@given(walkthroughs)
def test_a_walkthrough_pairs_with_itself_by_id(present: list[tuple[str, str]]) -> None:
    assert pair(present, present) == [by_id(step_id) for step_id, _ in present]
