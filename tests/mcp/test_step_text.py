import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.presentation import Presentation, PresentedStep
from app.mcp.author_text import RECAP_TAG, SECTION_TAGS, block
from app.mcp.face import CLASSIC, COMPACT
from app.mcp.prose import started
from app.mcp.step_text import progress_bar, step_text
from tests.mcp.samples import CONTENT, PRESENTED, RUN, STEP
from tests.mcp.test_author_text import AUTHOR_TEXT, NAMES, tags_read

FIELDS = ("introductionForAgent", "contextForAgent", "operationsForAgent", "contentForUser")


def told(step: PresentedStep, presentation: Presentation = PRESENTED) -> str:
    return step_text(presentation, step, COMPACT.advance(step.id, None))


def test_a_whole_step_reads_like_this() -> None:
    text = step_text(PRESENTED, STEP, COMPACT.advance(STEP.id, RUN))
    assert text == (
        "Walkthrough: Getting started\n"
        "Step 2 of 5: Log in\n"
        "Section: Setup\n"
        "\n"
        "<step_objectives>\n"
        "The user can call the API.\n"
        "</step_objectives>\n"
        "\n"
        "<step_background>\n"
        "They have an account.\n"
        "</step_background>\n"
        "\n"
        "<step_operations>\n"
        "Run `acme login`.\n"
        "</step_operations>\n"
        "\n"
        "<relay_to_user>\n"
        "First we **log in**.\n"
        "</relay_to_user>\n"
        "\n"
        "<step_recap>\n"
        "Progress: [##--------] 20% (1/5)\n"
        "Step id: ws_2\n"
        "When the user has confirmed that this step is done, call `get_next_step` with "
        f'{{"currentStepId":"ws_2","run":"{RUN}"}}.\n'
        "</step_recap>"
    )


def test_the_classic_face_names_its_own_next_call() -> None:
    text = step_text(PRESENTED, STEP, CLASSIC.advance(STEP.id, None))
    assert text.splitlines()[-2] == (
        "When the user has confirmed that this step is done, call `next_walkthrough_step` with "
        '{"current_step_id":"ws_2"}.'
    )


def test_empty_fields_and_an_empty_section_title_are_left_out() -> None:
    content = {"contextForAgent": " \n", "operationsForAgent": "", "contentForUser": "\nHello.\n"}
    step = replace(STEP, section_title="  ", content=content)
    assert told(step) == (
        "Walkthrough: Getting started\n"
        "Step 2 of 5: Log in\n"
        "\n"
        "<relay_to_user>\n"
        "Hello.\n"
        "</relay_to_user>\n"
        "\n"
        "<step_recap>\n"
        "Progress: [##--------] 20% (1/5)\n"
        "Step id: ws_2\n"
        "When the user has confirmed that this step is done, call `get_next_step` with "
        '{"currentStepId":"ws_2"}.\n'
        "</step_recap>"
    )


def test_the_indentation_of_the_first_line_is_kept() -> None:
    step = replace(STEP, content={"contentForUser": "    code()\n    more()\n"})
    assert "<relay_to_user>\n    code()\n    more()\n</relay_to_user>" in told(step)


@given(
    title=AUTHOR_TEXT,
    step_title=AUTHOR_TEXT,
    section=st.none() | AUTHOR_TEXT,
    fields=st.fixed_dictionaries(dict.fromkeys(FIELDS, AUTHOR_TEXT)),
)
@settings(max_examples=300, deadline=None)
def test_whatever_authors_write_exactly_our_sections_are_read_back(
    title: str, step_title: str, section: str | None, fields: dict[str, str]
) -> None:
    step = replace(STEP, title=step_title, section_title=section, content=fields)
    text = started(replace(PRESENTED, title=title, step=step), COMPACT).texts[0]
    written = {
        tag: block(fields[name]).strip("\r\n")
        for tag, name in zip(SECTION_TAGS, FIELDS, strict=True)
        if fields[name].strip()
    }
    expected = [*written, RECAP_TAG]
    marks = re.findall(rf"<(/?)({'|'.join(NAMES)})>", text)
    assert marks == [(slash, tag) for tag in expected for slash in ("", "/")]
    assert tags_read(text) == [tag for tag in expected for _ in range(2)]
    for tag, content in written.items():
        assert f"\n<{tag}>\n{content}\n</{tag}>\n" in text
    recap = text.split(f"<{RECAP_TAG}>")[1]
    assert "Step id: ws_2\n" in recap


@pytest.mark.parametrize(
    ("percent", "bar"),
    [
        (0, "[----------]"),
        (9, "[----------]"),
        (50, "[#####-----]"),
        (99, "[#########-]"),
        (100, "[##########]"),
    ],
)
def test_the_bar_is_full_only_at_the_end(percent: int, bar: str) -> None:
    assert progress_bar(percent) == bar


def test_unknown_content_fields_are_not_shown() -> None:
    assert "secret" not in told(replace(STEP, content={**CONTENT, "other": "secret"}))
