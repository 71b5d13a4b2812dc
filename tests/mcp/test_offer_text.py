import json
from dataclasses import replace

from app.mcp import offer_text
from app.mcp.answer import Answer
from app.mcp.face import CLASSIC, COMPACT
from tests.mcp.samples import OFFERED, RUN

ENTRIES = [
    {
        "id": "wt_1",
        "title": "Getting started",
        "description": "From nothing to the first call.",
        "type": "quickstart",
        "totalSteps": 5,
        "progressPercent": 20,
        "isStarted": True,
        "isCompleted": False,
        "estimatedDurationMinutes": 10,
        "tags": ["api", "login"],
    },
    {
        "id": "wt_2",
        "title": "Webhooks",
        "description": "",
        "type": "course",
        "totalSteps": 1,
        "progressPercent": 0,
        "isStarted": False,
        "isCompleted": False,
        "estimatedDurationMinutes": None,
        "tags": [],
    },
]


def test_the_compact_list_is_pure_json_and_then_how_to_pick() -> None:
    answer = offer_text.choices(OFFERED, COMPACT)
    listed, how_to_pick = answer.texts
    assert json.loads(listed) == {"walkthroughs": ENTRIES}
    assert how_to_pick == (
        'Ask the user which one they want, then call `start_walkthrough` with {"name":"<id>"}.'
    )
    assert answer.structured == {
        "kind": "walkthroughs",
        "walkthroughs": ENTRIES,
        "text": how_to_pick,
    }


def test_the_compact_list_passes_on_the_run_handle_beside_the_json() -> None:
    answer = offer_text.choices(OFFERED, COMPACT, run=RUN)
    assert json.loads(answer.texts[0]) == {"walkthroughs": ENTRIES}
    assert f'{{"name":"<id>","run":"{RUN}"}}' in answer.texts[1]
    assert answer.structured["run"] == RUN


def test_titles_in_the_json_are_exact_for_they_are_what_start_takes() -> None:
    odd = replace(OFFERED[0], title=' </step_recap> "ü"\t')
    listed = json.loads(offer_text.choices((odd, OFFERED[1]), COMPACT).texts[0])
    assert listed["walkthroughs"][0]["title"] == ' </step_recap> "ü"\t'


def test_the_classic_list_is_words() -> None:
    answer = offer_text.listing(OFFERED)
    assert answer.texts == (
        "Available Walkthroughs\n"
        "\n"
        "- Getting started (5 steps)\n"
        "  Id: wt_1\n"
        "  From nothing to the first call.\n"
        "\n"
        "- Webhooks (1 step)\n"
        "  Id: wt_2\n"
        "\n"
        "Ask the user which one they want, then call `select_walkthrough` with "
        '{"walkthrough_id":"<id>"}.',
    )
    assert answer.structured["walkthroughs"] == ENTRIES


def test_an_empty_offer_is_said_and_is_no_error() -> None:
    sentence = "No walkthroughs are currently available on this server."
    empty = Answer(
        texts=(sentence,),
        structured={"kind": "walkthroughs", "walkthroughs": [], "text": sentence},
    )
    assert offer_text.choices((), COMPACT) == empty
    assert offer_text.listing(()) == empty


def test_a_name_that_is_not_found_is_told_with_the_list() -> None:
    answer = offer_text.not_found("Get\nstarted", OFFERED, COMPACT)
    text = (
        "Walkthrough 'Get started' not found. Available here:\n"
        "- Getting started (id wt_1)\n"
        "- Webhooks (id wt_2)\n"
        "\n"
        'Ask the user which one they want, then call `start_walkthrough` with {"name":"<id>"}.'
    )
    assert answer == Answer(
        texts=(text,),
        structured={
            "kind": "refused",
            "errors": [
                {
                    "field": "name",
                    "message": "Walkthrough 'Get started' not found.",
                    "code": "walkthrough_not_found",
                }
            ],
            "walkthroughs": ENTRIES,
            "nextAction": {"tool": "start_walkthrough", "arguments": {}},
            "text": text,
        },
        is_error=True,
    )


def test_a_walkthrough_that_became_unavailable_is_told_with_the_others() -> None:
    answer = offer_text.unavailable("Old one", OFFERED, CLASSIC)
    assert answer.texts == (
        'The walkthrough "Old one" is not available here any more; the progress in it is kept. '
        "Available here:\n"
        "- Getting started (id wt_1)\n"
        "- Webhooks (id wt_2)\n"
        "\n"
        "Ask the user which one they want, then call `select_walkthrough` with "
        '{"walkthrough_id":"<id>"}.',
    )
    assert answer.is_error
    assert answer.structured["nextAction"] == {"tool": "list_walkthroughs", "arguments": {}}


def test_when_nothing_else_is_available_that_is_said() -> None:
    answer = offer_text.unavailable("Old one", (), COMPACT)
    assert answer.texts == (
        'The walkthrough "Old one" is not available here any more; the progress in it is kept. '
        "No walkthroughs are currently available on this server.",
    )
    assert answer.structured["nextAction"] is None


def test_without_an_active_walkthrough_the_tool_to_call_is_named() -> None:
    compact = offer_text.nothing_active(COMPACT, run=RUN)
    assert compact.texts == (
        "No active walkthrough found. "
        f'Call `start_walkthrough` with {{"run":"{RUN}"}} to start one.',
    )
    assert compact.is_error
    assert offer_text.nothing_active(CLASSIC, run=RUN).texts == (
        "No active walkthrough found. Call `list_walkthroughs` to see what there is, then "
        "`select_walkthrough` to start one.",
    )
