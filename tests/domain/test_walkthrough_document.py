"""Reading walkthrough files: what they say, and everything that is wrong with them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import Invalid
from app.domain import walkthrough_document
from app.domain.file_object import Findings, Note
from app.domain.walkthrough_document import Document
from app.domain.walkthrough_rules import MAX_STEPS
from app.repositories.steps import ContentFields

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
    max_leaves=10,
)
keys = st.sampled_from([
    "version", "exportedAt", "walkthrough", "steps", "metadata", "title", "description", "type",
    "status", "isPublished", "estimatedDurationMinutes", "tags", "contentFields", "content",
    "contentForUser", "displayOrder", "nextStepReference", "sectionTitle", "stepId", "originalId",
])  # fmt: skip
almost_files = st.recursive(
    json_values | st.sampled_from(["1.0", "v1", "draft", "published", "course"]),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=6),
    max_leaves=20,
)


def read(value: object, *, title: str | None = None) -> Document:
    findings = Findings()
    document = walkthrough_document.read(msgspec.json.encode(value), findings, title=title)
    findings.refuse()
    return document


def faults(value: object, *, title: str | None = None) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        read(value, title=title)
    return [(fault.field, fault.code) for fault in refused.value.faults]


def file(*steps: dict[str, Any], **header: Any) -> dict[str, Any]:
    return {"walkthrough": {"title": "Guide", **header}, "steps": list(steps)}


def step(title: str, **fields: Any) -> dict[str, Any]:
    return {"title": title, "contentFields": {"contentForUser": "Do it."}, **fields}


def titles(document: Document) -> list[str]:
    return [one.details.title for one in document.steps]


def test_a_whole_file_is_read() -> None:
    document = read(
        {
            "version": "1.0",
            "exportedAt": "2026-01-01T00:00:00.000Z",
            "walkthrough": {
                "title": "Guide",
                "description": "How to",
                "type": "integration",
                "status": "published",
                "createdAt": 1767225600000,
                "updatedAt": 1767225600000,
                "estimatedDurationMinutes": 15,
                "tags": ["cli", "http"],
                "metadata": {"owner": "docs"},
            },
            "steps": [
                {
                    "title": "Install",
                    "sectionTitle": "Setup",
                    "contentFields": {
                        "version": "v1",
                        "introductionForAgent": "a",
                        "contextForAgent": "b",
                        "contentForUser": "c",
                        "operationsForAgent": "d",
                    },
                    "displayOrder": 1,
                    "createdAt": 1767225600000,
                    "updatedAt": 1767225600000,
                    "metadata": {"stepId": "ws_1", "kept": True},
                    "nextStepReference": None,
                }
            ],
            "metadata": {"originalId": "wt_1", "source": "docs"},
        }
    )
    assert document.stated == {
        "title": "Guide",
        "description": "How to",
        "type": WalkthroughType.INTEGRATION,
        "estimated_duration_minutes": 15,
        "tags": ("cli", "http"),
        "metadata": {"owner": "docs"},
        "file_metadata": {"source": "docs"},
    }
    assert (document.status, document.original_id) == (WalkthroughStatus.PUBLISHED, "wt_1")
    (only,) = document.steps
    assert (only.path, only.step_id) == ("steps[0]", "ws_1")
    assert (only.details.title, only.details.section_title) == ("Install", "Setup")
    assert only.details.metadata == {"kept": True}
    assert only.details.content_fields == ContentFields(
        introduction_for_agent="a",
        context_for_agent="b",
        content_for_user="c",
        operations_for_agent="d",
    )
    assert document.notes == ()


def test_a_bare_array_of_steps_states_only_the_title_that_the_caller_gives() -> None:
    document = read([step("One"), step("Two")], title="Guide")
    assert document.stated == {"title": "Guide"}
    assert (document.status, document.original_id) == (None, None)
    assert titles(document) == ["One", "Two"]
    assert [one.path for one in document.steps] == ["[0]", "[1]"]


def test_a_bare_array_without_a_title_is_refused() -> None:
    assert faults([step("One")]) == [("walkthrough.title", "required")]


def test_the_callers_title_replaces_the_files() -> None:
    assert read(file(), title="Another").details.title == "Another"
    assert read({"steps": []}, title="Another").details.title == "Another"
    assert faults(file(), title="x" * 101) == [("walkthrough.title", "too_long")]


def test_plain_content_is_what_the_user_reads() -> None:
    document = read(
        file(
            {"title": "One", "content": "Read me."},
            {"title": "Two", "contentFields": "Read me too."},
            {"title": "Three", "contentFields": {"contextForAgent": "b"}},
            {"title": "Four", "contentFields": None, "content": None},
            {"title": "Five"},
        )
    )
    assert [one.details.content_fields for one in document.steps] == [
        ContentFields(content_for_user="Read me."),
        ContentFields(content_for_user="Read me too."),
        ContentFields(context_for_agent="b"),
        ContentFields(),
        ContentFields(),
    ]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, None),
        ({"isPublished": True}, WalkthroughStatus.PUBLISHED),
        ({"isPublished": False}, WalkthroughStatus.DRAFT),
        ({"isPublished": True, "status": "archived"}, WalkthroughStatus.ARCHIVED),
    ],
)
def test_is_published_is_a_shorthand_for_the_status(
    header: dict[str, object], status: WalkthroughStatus | None
) -> None:
    assert read(file(**header)).status is status


def test_links_come_before_display_orders_and_these_before_the_order_of_the_file() -> None:
    steps = [
        step("One", displayOrder=5, nextStepReference=2),
        step("Two", displayOrder=0, nextStepReference=-1),
        step("Three", displayOrder=9, nextStepReference=1),
    ]
    assert titles(read(file(*steps))) == ["One", "Three", "Two"]
    for one in steps:
        one["nextStepReference"] = None
    assert titles(read(file(*steps))) == ["Two", "One", "Three"]
    for one in steps:
        del one["displayOrder"]
    assert titles(read(file(*steps))) == ["One", "Two", "Three"]


def test_lost_line_breaks_are_repaired_and_reported() -> None:
    document = read(
        file(
            step(
                "One",
                contentFields={
                    "contentForUser": r"Do `a\n`.\nThen\nthis.",
                    "contextForAgent": "A real\nbreak, so \\n stays.",
                },
            )
        )
    )
    content = document.steps[0].details.content_fields
    assert content.content_for_user == "Do `a\\n`.\nThen\nthis."
    assert content.context_for_agent == "A real\nbreak, so \\n stays."
    path = "steps[0].contentFields.contentForUser"
    assert document.notes == (
        Note(path, f"{path}: 2 literal \\n became line breaks.", "line_breaks_repaired"),
    )


def test_what_the_format_does_not_know_is_ignored_and_reported() -> None:
    value = file(step("One", contentFields={"contentForUsr": "x"}, id="ws_9"), views=3)
    value["exportedBy"] = "someone"
    assert [(note.path, note.code) for note in read(value).notes] == [
        ("walkthrough.views", "ignored"),
        ("steps[0].contentFields.contentForUsr", "ignored"),
        ("steps[0].id", "ignored"),
        ("exportedBy", "ignored"),
    ]


def test_every_fault_is_reported_at_its_path() -> None:
    value = {
        "version": "2.0",
        "walkthrough": {
            "title": "",
            "description": 5,
            "type": "novel",
            "status": "live",
            "isPublished": "yes",
            "estimatedDurationMinutes": "15",
            "tags": ["fine", 5],
            "metadata": [],
        },
        "steps": [
            "no object",
            {
                "contentFields": {"version": "v2", "contentForUser": ["x"]},
                "displayOrder": True,
                "nextStepReference": "1",
                "metadata": "x",
            },
            step("x" * 201, sectionTitle=5),
            step("Four", contentFields=5),
            step("Five", contentFields={"contentForUser": "\x00", "contextForAgent": "x" * 20_001}),
        ],
        "metadata": "x",
    }
    assert sorted(faults(value)) == sorted(
        [
            ("version", "unsupported_version"),
            ("metadata", "wrong_type"),
            ("walkthrough.title", "required"),
            ("walkthrough.description", "wrong_type"),
            ("walkthrough.type", "invalid_choice"),
            ("walkthrough.status", "invalid_choice"),
            ("walkthrough.isPublished", "wrong_type"),
            ("walkthrough.estimatedDurationMinutes", "wrong_type"),
            ("walkthrough.tags", "wrong_type"),
            ("walkthrough.metadata", "wrong_type"),
            ("steps[0]", "wrong_type"),
            ("steps[1].title", "required"),
            ("steps[1].contentFields.version", "unsupported_version"),
            ("steps[1].contentFields.contentForUser", "wrong_type"),
            ("steps[1].displayOrder", "wrong_type"),
            ("steps[1].nextStepReference", "wrong_type"),
            ("steps[1].metadata", "wrong_type"),
            ("steps[2].title", "too_long"),
            ("steps[2].sectionTitle", "wrong_type"),
            ("steps[3].contentFields", "wrong_type"),
            ("steps[4].contentFields.contentForUser", "invalid_character"),
            ("steps[4].contentFields.contextForAgent", "too_long"),
        ]
    )


def test_a_fault_says_in_words_what_is_expected() -> None:
    with pytest.raises(Invalid) as refused:
        read(file(step("One", displayOrder="1"), status="live"))
    assert [fault.message for fault in refused.value.faults] == [
        "walkthrough.status must be one of draft, published, archived.",
        "steps[0].displayOrder must be a whole number.",
    ]
    assert refused.value.message.endswith("(1 more fault.)")


@pytest.mark.parametrize(
    ("value", "code"),
    [({"walkthrough": {"title": "Guide"}}, "required"), (file() | {"steps": {}}, "wrong_type")],
)
def test_a_file_without_an_array_of_steps_is_refused(value: object, code: str) -> None:
    assert faults(value) == [("steps", code)]


def test_too_many_steps_are_one_fault() -> None:
    assert faults(file(*({} for _ in range(MAX_STEPS + 1))))[0] == ("steps", "too_many")


def test_a_hundred_faults_are_enough() -> None:
    assert len(faults(file(*({} for _ in range(500))))) == 100


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe{}", "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[NaN]", "not_json"),
        ('"half \ud800"', "not_json"),
        (b"5", "wrong_type"),
        (b"null", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b" " * (walkthrough_document.FILE_MAX_BYTES + 1), "too_long"),
    ],
)
def test_what_is_no_file_at_all_is_refused(content: bytes | str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        walkthrough_document.read(content, Findings())
    assert (refused.value.field, refused.value.code) == ("$", code)


def test_a_byte_order_mark_does_no_harm() -> None:
    content = b"\xef\xbb\xbf" + msgspec.json.encode(file())
    assert walkthrough_document.read(content, Findings()).details.title == "Guide"


@given(st.binary(max_size=200) | st.text(st.characters(codec=None), max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(content: bytes | str) -> None:
    assert_read_or_refused(content, title="Guide")


@given(almost_files)
def test_any_json_is_read_or_refused_with_faults(value: object) -> None:
    assert_read_or_refused(msgspec.json.encode(value))


def assert_read_or_refused(content: bytes | str, *, title: str | None = None) -> None:
    findings = Findings()
    refused: Invalid | None = None
    try:
        document = walkthrough_document.read(content, findings, title=title)
        walkthrough_document.check_complete(findings, document)
        findings.refuse()
    except Invalid as error:
        refused = error
    if refused is not None:
        assert refused.faults
        assert all(fault.field and fault.message and fault.code for fault in refused.faults)
