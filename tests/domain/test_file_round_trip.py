"""export(import(f)) differs from f only in what product specification §6 says."""

from copy import deepcopy
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.unseen import is_blank
from app.domain.walkthrough_files import export_walkthrough, import_walkthrough
from tests.support.authoring import found

_numbers = count(100_000)

_storable = st.characters(codec="utf-8", exclude_characters="\x00")
_lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=30)
_titles = _lines.filter(lambda text: not is_blank(text))
_texts = st.text(_storable, max_size=60).filter(lambda text: "\\n" not in text)
_metadata = st.dictionaries(
    _lines.filter(lambda key: key not in {"stepId", "originalId"}),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | _lines,
        lambda values: st.lists(values, max_size=3) | st.dictionaries(_lines, values, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)


@st.composite
def _files(draw: st.DrawFn) -> dict[str, Any]:
    number_of_steps = draw(st.integers(0, 6))
    content = {
        "introductionForAgent": _texts,
        "contextForAgent": _texts,
        "contentForUser": _texts,
        "operationsForAgent": _texts,
    }
    return {
        "version": "1.0",
        "exportedAt": "2026-01-01T00:00:00.000Z",
        "walkthrough": {
            "title": draw(_titles),
            "description": draw(_texts),
            "type": draw(
                st.sampled_from(
                    ["course", "installer", "troubleshooting", "integration", "quickstart"]
                )
            ),
            "status": draw(st.sampled_from(["draft", "archived"])),
            "createdAt": draw(st.integers(0, 2**41)),
            "updatedAt": draw(st.integers(0, 2**41)),
            "estimatedDurationMinutes": draw(st.none() | st.integers(0, 1000)),
            "tags": draw(st.lists(_titles, max_size=3)),
            "metadata": draw(_metadata),
        },
        "steps": [
            {
                "title": draw(_titles),
                **draw(st.fixed_dictionaries({}, optional={"sectionTitle": _lines})),
                "contentFields": {"version": "v1", **draw(st.fixed_dictionaries(content))},
                "displayOrder": index,
                "metadata": draw(_metadata),
                "nextStepReference": None,
            }
            for index in range(number_of_steps)
        ],
        "metadata": draw(_metadata),
    }


def _comparable(value: dict[str, Any]) -> dict[str, Any]:
    """The file without what may differ."""
    rest = deepcopy(value)
    del rest["exportedAt"]
    for name in ("createdAt", "updatedAt"):
        rest["walkthrough"].pop(name, None)
    rest["metadata"].pop("originalId", None)
    for step in rest["steps"]:
        for name in ("createdAt", "updatedAt", "displayOrder", "nextStepReference"):
            step.pop(name, None)
        step["metadata"].pop("stepId", None)
    return rest


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(value=_files())
@pytest.mark.usefixtures("database")
async def test_what_goes_in_comes_out_again(value: dict[str, Any]) -> None:
    scope = await found(f"acme-{next(_numbers)}")
    report = await import_walkthrough(scope, msgspec.json.encode(value))
    assert report.walkthrough_id is not None
    exported = await export_walkthrough(scope, report.walkthrough_id)
    assert _comparable(exported) == _comparable(value)
    assert [step["displayOrder"] for step in exported["steps"]] == [
        index + 1 for index in range(len(value["steps"]))
    ]
    again = await import_walkthrough(scope, msgspec.json.encode(exported))
    assert (again.walkthrough_id, again.is_changed) == (report.walkthrough_id, False)
    elsewhere = await found(f"acme-{next(_numbers)}")
    copied = await import_walkthrough(elsewhere, msgspec.json.encode(exported))
    assert copied.walkthrough_id is not None
    copy = await export_walkthrough(elsewhere, copied.walkthrough_id)
    assert _comparable(copy) == _comparable(value)
