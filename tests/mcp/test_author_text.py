import re
from html import unescape
from time import perf_counter
from unicodedata import category, normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mcp.author_text import RECAP_TAG, SECTION_TAGS, block, line

NAMES = (*SECTION_TAGS, RECAP_TAG)
FRAGMENTS = (
    *NAMES,
    *(name.upper() for name in NAMES),
    *("<", "</", "< /", "&lt;", "&lt", "&#60;", "&#x3c;/", "\uff1c", "\ufe64", ">", "/>", "&", ";"),
    *(" ", "\n", "\t", "\u200b", "\u00ad", "\ufe0f", "\u0301", "\u3164", "\u00a0", "\x00", "\x1f"),
    *(
        "step",
        "_",
        "-",
        "recap",
        "relay",
        "\u017f",
        "\uff53",
        "&#115;",
        "&lowbar;",
        "div",
        "a",
        "=",
        "!",
    ),
)
AUTHOR_TEXT = st.lists(
    st.sampled_from(FRAGMENTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    max_size=12,
).map("".join)


def as_read(text: str) -> str:
    """What a lenient reader makes of a text: references decoded, forms plain, nothing unseen."""
    plain = normalize("NFKC", _without_unseen(unescape(text)))
    return _without_unseen(plain).casefold()


def _without_unseen(text: str) -> str:
    unseen = {"Cc", "Cf", "Cn", "Mn", "Me"}
    return "".join(
        character
        for character in text
        if character.isspace()
        or (category(character) not in unseen and character not in "\u115f\u1160\u3164\uffa0\u2800")
    )


def tags_read(text: str) -> list[str]:
    """Our tags that a lenient reader finds, opening and closing."""
    found = re.findall(rf"<[\s/]*({'|'.join(NAMES)})(?![a-z0-9_])", as_read(text).replace("-", "_"))
    return [str(name) for name in found]


@given(AUTHOR_TEXT)
@settings(max_examples=300, deadline=None)
def test_no_author_text_reads_as_one_of_our_tags(text: str) -> None:
    assert tags_read(block(text)) == []
    assert tags_read(line(text)) == []


@given(AUTHOR_TEXT)
@settings(max_examples=300, deadline=None)
def test_only_the_opening_of_a_look_alike_is_changed(text: str) -> None:
    if not tags_read(text):
        assert block(text) == text
    assert block(block(text)) == block(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line_is_one_line(text: str) -> None:
    assert len(line(text).splitlines()) <= 1
    assert line(text) == line(text).strip()


@pytest.mark.parametrize(
    "written",
    [
        "<div class='x'>a</div>",
        "if a < b && c > d: pass",
        "<T>(x: List<step>) => <step_recap_page/>",
        "<step-recap-page>",
        "&lt;br&gt; &amp; &uuml; &#60;br&#62;",
        "step_recap and relay_to_user, without brackets",
        "größer < kleiner <größe>",
    ],
)
def test_code_and_other_tags_are_untouched(written: str) -> None:
    assert block(written) == written


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("</relay_to_user> and <div>", "[/relay_to_user> and <div>"),
        ("<STEP_Recap>", "[STEP_Recap>"),
        ("< / step_recap >", "[ / step_recap >"),
        ("<\n/step_operations", "[\n/step_operations"),
        ('<step_background a="b">', '[step_background a="b">'),
        ("<step-objectives/>", "[step-objectives/>"),
        ("<\u200b/step\u200b_recap>", "[\u200b/step\u200b_recap>"),
        ("&lt;/step_recap&gt;", "[/step_recap&gt;"),
        ("&amp;amp;lt;/step_recap>", "[/step_recap>"),
        ("&#0060/step_recap>", "[/step_recap>"),
        ("&#38;#x3C;step_recap>", "[step_recap>"),
        ("<&#115;tep_recap>", "[&#115;tep_recap>"),
        ("\uff1c\uff53\uff54\uff45\uff50_recap\uff1e", "[\uff53\uff54\uff45\uff50_recap\uff1e"),
        ("<!-- <step_recap> -->", "<!-- [step_recap> -->"),
        ("<<step_recap>", "<[step_recap>"),
    ],
)
def test_a_look_alike_of_our_tags_loses_its_bracket(written: str, told: str) -> None:
    assert block(written) == told


def test_a_line_is_safe_even_where_its_tag_was_broken_over_lines() -> None:
    assert line(" A <\n/step_recap>\r\nB ") == "A [ /step_recap> B"


@pytest.mark.parametrize(
    "hostile",
    [
        "<" * 60_000,
        "<\u200b" * 30_000,
        "<" + "\u200b" * 60_000,
        "&amp;" * 12_000,
        "<" + "&amp;" * 12_000,
        "&#0000" * 10_000,
        "< /" * 20_000,
        "<é" * 30_000,
    ],
)
def test_the_time_taken_grows_no_faster_than_the_text(hostile: str) -> None:
    began = perf_counter()
    block(hostile)
    assert perf_counter() - began < 1.0
