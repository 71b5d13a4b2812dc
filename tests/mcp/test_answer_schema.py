from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from app.core.enums import AuthType, ProgressStatus, Toolset
from app.core.errors import Invalid, Unavailable
from app.mcp import call_text, offer_text, prose
from app.mcp.answer import Answer, Kind
from app.mcp.face import CLASSIC, COMPACT
from app.mcp.tool_definitions import callable_tools, wire
from tests.mcp.samples import COMPLETED, OFFERED, PRESENTED, REPORT, RUN, STEP, Config

UNSECTIONED = replace(PRESENTED, step=replace(STEP, section_title=None))


def _presenting(face: Any) -> list[Answer]:
    return [
        prose.started(PRESENTED, face, run=RUN),
        prose.started(UNSECTIONED, face),
        prose.started(COMPLETED, face),
        prose.advanced(replace(PRESENTED, completed_now=True), face),
        prose.advanced(replace(COMPLETED, completed_now=True), face, run=RUN),
        prose.step_refused(PRESENTED, face, run=RUN),
        prose.step_refused(COMPLETED, face),
        offer_text.none_available(run=RUN),
        offer_text.not_found("x", OFFERED, face),
        offer_text.not_found("x", (), face),
        offer_text.unavailable("x", OFFERED, face, run=RUN),
        offer_text.unavailable("x", (), face),
        offer_text.nothing_active(face, run=RUN),
    ]


EVERYWHERE = [
    call_text.invalid(Invalid("Bad.", field="title")),
    call_text.refusal(Unavailable("Not now.")),
    call_text.unexpected("req_1"),
    *(call_text.authentication_required(auth_type, run=RUN) for auth_type in AuthType),
]
ANSWERS: dict[str, list[Answer]] = {
    "start_walkthrough": [
        *_presenting(COMPACT),
        offer_text.choices(OFFERED, COMPACT, run=RUN),
    ],
    "get_next_step": _presenting(COMPACT),
    "list_walkthroughs": [offer_text.listing(OFFERED), offer_text.listing(())],
    "select_walkthrough": _presenting(CLASSIC),
    "next_walkthrough_step": _presenting(CLASSIC),
    "get_walkthrough_status": [
        prose.status(REPORT, run=RUN),
        prose.status(replace(REPORT, status=ProgressStatus.COMPLETED, next_step=None)),
        prose.no_progress("wt_1"),
    ],
    "reset_walkthrough_progress": [
        prose.reset_unconfirmed("wt_1", run=RUN),
        prose.reset_done("wt_1", "Title", run=RUN),
        prose.nothing_to_reset("wt_1"),
    ],
    "get_support": [
        call_text.ticket_opened(1, "Title", is_repeat=False, run=RUN),
        call_text.ticket_opened(1, "Title", is_repeat=True),
    ],
}
TOOLS = callable_tools(Config(walkthrough_toolset=Toolset.BOTH))


@pytest.mark.parametrize("name", TOOLS)
def test_every_answer_of_a_tool_fits_its_output_schema(name: str) -> None:
    schema: Any = wire(TOOLS[name])["outputSchema"]
    for answer in (*ANSWERS[name], *EVERYWHERE):
        jsonschema.validate(answer.structured, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_declares_only_kinds_that_it_gives(name: str) -> None:
    schema: Any = wire(TOOLS[name])["outputSchema"]
    given = {answer.structured["kind"] for answer in (*ANSWERS[name], *EVERYWHERE)}
    assert set(schema["properties"]["kind"]["enum"]) == given


def test_an_answer_is_an_error_exactly_when_it_lists_some_and_says_so_in_text() -> None:
    for answer in (*EVERYWHERE, *(one for answers in ANSWERS.values() for one in answers)):
        kind = answer.structured["kind"]
        assert answer.is_error == (kind in {Kind.REFUSED, Kind.INVALID, Kind.ERROR})
        assert answer.is_error == ("errors" in answer.structured)
        assert answer.structured["text"] == answer.texts[-1]


def test_a_foreign_fact_does_not_fit() -> None:
    schema: Any = wire(TOOLS["get_support"])["outputSchema"]
    answer = call_text.ticket_opened(1, "Title", is_repeat=False)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**answer.structured, "email": "a@b.co"}, schema)
