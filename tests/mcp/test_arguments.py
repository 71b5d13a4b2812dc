from time import perf_counter
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Fault, Invalid
from app.mcp.argument_faults import is_email
from app.mcp.arguments import (
    Arguments,
    GetNextStep,
    GetSupport,
    GetWalkthroughStatus,
    ListWalkthroughs,
    NextWalkthroughStep,
    ResetWalkthroughProgress,
    SelectWalkthrough,
    StartWalkthrough,
    input_schema,
    parse,
)

NOTHING: frozenset[str] = frozenset()
EMAIL = frozenset({"email"})
SHAPES: tuple[type[Arguments], ...] = (
    StartWalkthrough,
    GetNextStep,
    ListWalkthroughs,
    SelectWalkthrough,
    NextWalkthroughStep,
    GetWalkthroughStatus,
    ResetWalkthroughProgress,
    GetSupport,
)
NAMES = sorted({name for shape in SHAPES for name in input_schema(shape, NOTHING)["properties"]})
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 1),
    st.just(1.5),
    st.just([]),
    st.just({}),
    st.text(max_size=4),
    st.sampled_from(
        (
            "true",
            " ",
            "a@b.co",
            " a@b.co ",
            "a b@c.de",
            "\x00",
            "\ud800",
            "ü",
            "é" * 1001,
            "x" * 2001,
        )
    ),
)


def faults(
    shape: type[Arguments], arguments: dict[str, object], withheld: frozenset[str] = NOTHING
) -> tuple[Fault, ...]:
    with pytest.raises(Invalid) as caught:
        parse(shape, arguments, withheld=withheld)
    assert caught.value.message == " ".join(fault.message for fault in caught.value.faults)
    return caught.value.faults


def test_defaults_stand_for_what_is_left_out() -> None:
    assert parse(StartWalkthrough, {}, withheld=NOTHING) == StartWalkthrough(
        name=None, restart=False, email=None, run=None
    )
    assert parse(
        SelectWalkthrough, {"walkthrough_id": "wt_1"}, withheld=EMAIL
    ) == SelectWalkthrough(walkthrough_id="wt_1", resume_if_exists=True, email=None, run=None)


def test_everything_given_is_read() -> None:
    assert parse(
        GetSupport,
        {
            "title": "API 500",
            "problemDescription": "It fails with ü.",
            "problemContext": "React",
            "email": " ada@example.com\n",
            "run": "run_1",
        },
        withheld=NOTHING,
    ) == GetSupport(
        title="API 500",
        problem_description="It fails with ü.",
        problem_context="React",
        email="ada@example.com",
        run="run_1",
    )
    assert parse(GetNextStep, {"currentStepId": "ws_1"}, withheld=NOTHING) == GetNextStep(
        current_step_id="ws_1", run=None
    )


def test_every_fault_is_told_at_once_one_a_field() -> None:
    assert faults(
        GetSupport,
        {
            "title": "a" * 230,
            "problemDescription": " \n",
            "problemContext": 3,
            "email": "ada at example.com",
            "run": "",
            "severity": "high",
        },
    ) == (
        Fault("title", "title is 230 characters long; at most 200 are allowed.", "too_long"),
        Fault("problemDescription", "problemDescription must not be empty.", "too_short"),
        Fault("problemContext", "problemContext must be a text, not a number.", "wrong_type"),
        Fault("email", "email is not a valid e-mail address.", "invalid_email"),
        Fault("run", "run must not be empty.", "too_short"),
        Fault(
            "severity",
            "severity is not an argument; this tool takes title, problemDescription, "
            "problemContext, email, run.",
            "unknown_field",
        ),
    )


def test_what_is_required_is_told_with_what_it_is() -> None:
    assert faults(ResetWalkthroughProgress, {}) == (
        Fault("walkthrough_id", "walkthrough_id is required: The walkthrough's id.", "required"),
        Fault(
            "confirm",
            "confirm is required: True once the user has agreed that all their progress in this "
            "walkthrough is deleted for good; false only warns.",
            "required",
        ),
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [("true", "a text"), (1, "a number"), (0.0, "a number"), ([], "a list"), ({}, "an object")],
)
def test_a_flag_is_true_or_false_and_nothing_like_it(value: object, kind: str) -> None:
    assert faults(StartWalkthrough, {"restart": value}) == (
        Fault("restart", f"restart must be true or false, not {kind}.", "wrong_type"),
    )


def test_a_text_is_not_made_from_something_else() -> None:
    assert faults(GetNextStep, {"currentStepId": True}) == (
        Fault("currentStepId", "currentStepId must be a text, not true or false.", "wrong_type"),
    )


@pytest.mark.parametrize("value", ["ws_\x00", "ws_\ud800", "\udfff"])
def test_a_character_that_cannot_be_stored_is_refused_in_ids_too(value: str) -> None:
    message = "holds a character that is none: NUL or half of a surrogate pair."
    for shape, name in (
        (GetNextStep, "currentStepId"),
        (GetNextStep, "run"),
        (StartWalkthrough, "name"),
    ):
        assert faults(shape, {name: value}) == (
            Fault(name, f"{name} {message}", "invalid_characters"),
        )


def test_a_null_counts_as_left_out() -> None:
    nulls: dict[str, object] = {"name": None, "restart": None, "email": None, "run": None}
    assert parse(StartWalkthrough, nulls, withheld=EMAIL) == StartWalkthrough()
    assert [fault.code for fault in faults(GetWalkthroughStatus, {"walkthrough_id": None})] == [
        "required"
    ]
    assert [fault.code for fault in faults(ListWalkthroughs, {"other": None})] == ["unknown_field"]


def test_an_argument_that_this_server_does_not_offer_is_unknown() -> None:
    assert faults(SelectWalkthrough, {"walkthrough_id": "wt_1", "email": "a@b.co"}, EMAIL) == (
        Fault(
            "email",
            "email is not an argument; this tool takes walkthrough_id, resume_if_exists, run.",
            "unknown_field",
        ),
    )
    assert faults(ListWalkthroughs, {"run": "run_1"}) == (
        Fault("run", "run is not an argument; this tool takes none.", "unknown_field"),
    )


def test_unknown_names_are_shown_safely_and_only_some_of_them() -> None:
    assert faults(ListWalkthroughs, {"a\nb\ud800" + "c" * 100: 1})[0].field == "a?b?" + "c" * 56
    many: dict[str, object] = {str(number): 1 for number in range(1000)}
    assert len(faults(ListWalkthroughs, many)) == 20


@given(
    shape=st.sampled_from(SHAPES),
    withheld=st.sampled_from((NOTHING, EMAIL)),
    arguments=st.dictionaries(st.sampled_from([*NAMES, "other", "\ud800"]), VALUES, max_size=5),
)
@settings(max_examples=500, deadline=None)
def test_what_the_schema_admits_is_read_and_everything_else_is_told(
    shape: type[Arguments], withheld: frozenset[str], arguments: dict[str, object]
) -> None:
    schema = input_schema(shape, withheld)
    known = {*schema["properties"], *withheld}
    filled = {
        name: value for name, value in arguments.items() if value is not None or name not in known
    }
    at_fault = {*_refused_by_schema(schema, filled), *_refused_besides(schema, filled)}
    try:
        parsed = parse(shape, arguments, withheld=withheld)
    except Invalid as error:
        told = [fault.field for fault in error.faults]
        assert sorted(told) == sorted(name.replace("\ud800", "?") for name in at_fault)
    else:
        assert at_fault == set()
        assert isinstance(parsed, shape)


def _refused_by_schema(schema: dict[str, Any], arguments: dict[str, object]) -> set[str]:
    names = {name for name in schema.get("required", ()) if name not in arguments}
    names |= {name for name in arguments if name not in schema["properties"]}
    for name, described in schema["properties"].items():
        if name in arguments:
            validator = jsonschema.Draft202012Validator(described)
            if not validator.is_valid(arguments[name]):
                names.add(name)
    return names


def _refused_besides(schema: dict[str, Any], arguments: dict[str, object]) -> set[str]:
    names = set()
    for name, value in arguments.items():
        if name in schema["properties"] and isinstance(value, str):
            if {"\x00", "\ud800"} & set(value):
                names.add(name)
            if name == "email" and not is_email(value.strip()):
                names.add(name)
    return names


def test_a_sound_call_of_get_next_step_is_read_within_microseconds() -> None:
    arguments: dict[str, object] = {
        "currentStepId": "ws_mzxw6ytboi2gk3tp",
        "run": "run_" + "a" * 32,
    }
    rounds = []
    for _ in range(20):
        began = perf_counter()
        for _ in range(500):
            parse(GetNextStep, arguments, withheld=NOTHING)
        rounds.append((perf_counter() - began) / 500)
    assert min(rounds) < 5e-6  # 0.6 µs where it was written
