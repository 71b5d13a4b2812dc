import re

import pytest

from app.core.enums import AuthType
from app.core.errors import Conflict, Fault, Invalid, Unavailable
from app.mcp import call_text
from app.mcp.answer import Answer, InvalidParams
from tests.mcp.samples import RUN


def test_a_ticket_is_told_by_its_number() -> None:
    answer = call_text.ticket_opened(12, "API\n500", is_repeat=False)
    text = (
        'Support ticket #12 "API 500" was opened. '
        "Tell the user this number; the answer comes by e-mail."
    )
    assert answer == Answer(
        texts=(text,),
        structured={
            "kind": "ticket",
            "ticket": {"number": 12, "title": "API\n500", "isRepeat": False},
            "text": text,
        },
    )
    assert re.search(r"ticket #(\d+)", text)


def test_a_repeat_gets_the_same_ticket_and_is_told_so() -> None:
    answer = call_text.ticket_opened(12, "API 500", is_repeat=True, run=RUN)
    assert answer.texts == (
        "This was reported a moment ago as support ticket #12; no second one was opened.",
    )
    assert answer.structured["ticket"] == {"number": 12, "title": "API 500", "isRepeat": True}
    assert answer.structured["run"] == RUN


@pytest.mark.parametrize(
    ("auth_type", "advice"),
    [
        (
            AuthType.NONE,
            "This server knows people by an address of their own: have the user connect with the "
            "one that ends in /api/mcpserver/{trackingId}/mcp, which this server's provider gives "
            "out.",
        ),
        (
            AuthType.COLLECT_EMAIL,
            "Ask the user for their e-mail address, then call `select_walkthrough` with "
            '{"walkthrough_id":"<id>","email":"<e-mail address>"}.',
        ),
        (
            AuthType.PLATFORM_OAUTH,
            "This server asks people to log in: have the user connect it again and log in through "
            "their MCP client, then repeat this call.",
        ),
        (
            AuthType.CUSTOM_OAUTH,
            "This server asks people to log in: have the user connect it again and log in through "
            "their MCP client, then repeat this call.",
        ),
    ],
)
def test_authentication_is_asked_for_in_the_way_of_the_server(
    auth_type: AuthType, advice: str
) -> None:
    answer = call_text.authentication_required(auth_type)
    assert answer.texts == (f"Authentication required. {advice}",)
    assert answer.is_error


def test_every_bad_argument_is_told() -> None:
    error = Invalid(
        "unused",
        faults=(
            Fault("title", "title must not be empty.", "too_short"),
            Fault("email", "email is not a valid e-mail address.", "invalid_email"),
        ),
    )
    text = "Nothing was done. title must not be empty. email is not a valid e-mail address."
    assert call_text.invalid(error) == Answer(
        texts=(text,),
        structured={
            "kind": "invalid",
            "errors": [
                {"field": "title", "message": "title must not be empty.", "code": "too_short"},
                {
                    "field": "email",
                    "message": "email is not a valid e-mail address.",
                    "code": "invalid_email",
                },
            ],
            "text": text,
        },
        is_error=True,
    )


def test_an_invalid_input_without_a_field_is_told_as_well() -> None:
    assert call_text.refusal(Invalid("Too much.")).structured["errors"] == [
        {"field": None, "message": "Too much.", "code": "invalid"}
    ]


@pytest.mark.parametrize(
    "error",
    [Conflict("It is so.", field="title"), Unavailable("Not now.")],
)
def test_other_refusals_keep_their_sentence_and_code(error: Conflict | Unavailable) -> None:
    answer = call_text.refusal(error)
    assert answer.texts == (error.message,)
    assert answer.structured["errors"] == [
        {"field": error.field, "message": error.message, "code": error.code}
    ]
    assert answer.is_error


def test_an_unexpected_error_tells_the_request_id_and_nothing_else() -> None:
    answer = call_text.unexpected("req_1")
    assert answer.texts == (
        "Something went wrong on the server, and it was logged. Try once more; if it happens "
        "again, tell the server's provider this request id: req_1.",
    )
    assert answer.structured["kind"] == "error"
    assert answer.structured["requestId"] == "req_1"


def test_what_the_protocol_refuses_is_a_sentence_and_a_reason() -> None:
    assert call_text.unknown_tool("drop\ntable", ["get_support"]) == InvalidParams(
        "There is no tool 'drop?table' on this server. Its tools: get_support.", "Unknown tool"
    )
    assert call_text.unknown_tool("\ud800" * 100, []) == InvalidParams(
        f"There is no tool '{'?' * 64}' on this server. Its tools: none.", "Unknown tool"
    )
    assert call_text.arguments_no_object("get_support") == InvalidParams(
        "The arguments of get_support must be a JSON object.", "Arguments are not an object"
    )
    assert call_text.email_required() == InvalidParams(
        "Ask the user for their e-mail address, to which the answer goes, and call get_support "
        "again with it as email.",
        "Email is required when not authenticated",
    )
