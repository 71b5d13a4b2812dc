"""Which text shows nothing."""

import pytest

from app.core.unseen import FILLERS, is_blank


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u00a0\u3000", "\u200b\ufeff\u2060", "\u0301\ufe0f", *sorted(FILLERS)]
)
def test_nothing_is_seen_of_spaces_fillers_and_marks_alone(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}x")


@pytest.mark.parametrize("text", ["x", "é", "7", "-", "日本語", "한", "⠓", "🚀", "1\ufe0f\u20e3"])
def test_letters_digits_signs_and_pictures_are_seen(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize("text", ["\x00", "\ud800"])
def test_what_cannot_be_kept_is_not_taken_for_nothing(text: str) -> None:
    assert not is_blank(text)
