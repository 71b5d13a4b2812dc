r"""Repairing text whose line breaks became `\n`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.line_breaks import repaired

pieces = st.sampled_from(
    [
        "\\n",
        "\\r\\n",
        "\\\\n",
        "`",
        "``",
        "```",
        "~~~",
        '"',
        "'",
        "“",
        "”",
        " ",
        "word",
        "don't",
        "\\",
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"One.\nTwo.", "One.\nTwo."),
        (r"One.\n\nTwo.\r\nThree.\n", "One.\n\nTwo.\nThree.\n"),
        (r"\n- a\n- b", "\n- a\n- b"),
        (r"Don't stop.\nIt's near.", "Don't stop.\nIt's near."),
        (r"Run `printf 'a\n'` now.\nThen go.", "Run `printf 'a\\n'` now.\nThen go."),
        (r"Use ``a`\n`b`` here.\nDone.", "Use ``a`\\n`b`` here.\nDone."),
        (r"So:\n```sh\nmake\n```\nDone.", "So:\n```sh\\nmake\\n```\nDone."),
        (r"So:\n~~~\nmake\n~~~\nDone.", "So:\n~~~\\nmake\\n~~~\nDone."),
        (r"An open ```fence\nstays", r"An open ```fence\nstays"),
        (r"A lone ` tick.\nNext.", "A lone ` tick.\nNext."),
        (r'Say "a\nb".\nNext.', 'Say "a\\nb".\nNext.'),
        (r"Say 'a\nb'.\nNext.", "Say 'a\\nb'.\nNext."),
        (r"Say 'don't\nstop'.\nNext.", "Say 'don't\\nstop'.\nNext."),
        (r"Say “a\nb”.\nNext.", "Say “a\\nb”.\nNext."),
        (r"An escaped \\n stays.\nNext.", "An escaped \\\\n stays.\nNext."),
    ],
)
def test_lost_line_breaks_come_back_outside_code_and_quotes(text: str, expected: str) -> None:
    assert repaired(text) == (expected, expected.count("\n"))


@pytest.mark.parametrize(
    "text", ["", "plain", "A real\nbreak and a \\n", "A real\rreturn and a \\n", "`\\n`"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert repaired(text) == (text, 0)


@given(st.lists(pieces, max_size=40).map("".join))
def test_only_line_breaks_change_and_repairing_again_changes_nothing(text: str) -> None:
    once, count = repaired(text)
    assert once.count("\n") == count
    assert once.replace("\n", "\\n") == text.replace("\\r\\n", "\\n") or "\\r\\n" in text
    if count:
        assert repaired(once) == (once, 0)


@pytest.mark.parametrize(
    "unit", ["`", '"', "'", " 'a", "'a'b ", "~~~", "``` ", "` `` ", "\\n'", "‘"]
)
def test_the_longest_text_is_read_in_no_time(unit: str) -> None:
    repaired(("\\n" + unit * 20_000)[:20_000])
