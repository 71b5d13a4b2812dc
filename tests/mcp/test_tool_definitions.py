from itertools import product
from typing import Any

import jsonschema
import mcp_types
import pytest

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.mcp.tool_definitions import callable_tools, tools_for, wire, withheld
from tests.mcp.samples import Config

COMPACT = ["start_walkthrough", "get_next_step"]
CLASSIC = [
    "list_walkthroughs",
    "select_walkthrough",
    "next_walkthrough_step",
    "get_walkthrough_status",
    "reset_walkthrough_progress",
]
EVERY_CONFIG = [
    Config(
        auth_type=auth_type,
        support_ticket_type=support,
        walkthrough_tools_enabled=is_enabled,
        walkthrough_toolset=toolset,
        has_walkthroughs=has_walkthroughs,
    )
    for auth_type, support, is_enabled, toolset, has_walkthroughs in product(
        AuthType, SupportTicketType, (True, False), Toolset, (True, False)
    )
]
EVERY_TOOL = tools_for(Config(walkthrough_toolset=Toolset.BOTH, product="x" * 40))


def names(config: Config) -> list[str]:
    return [tool.name for tool in tools_for(config)]


def arguments_of(config: Config, name: str) -> list[str]:
    schema: Any = wire(callable_tools(config)[name])["inputSchema"]
    return list(schema["properties"])


@pytest.mark.parametrize(
    ("toolset", "listed"),
    [
        (Toolset.COMPACT, COMPACT),
        (Toolset.CLASSIC, CLASSIC),
        (Toolset.BOTH, [*COMPACT, *CLASSIC]),
    ],
)
def test_a_toolset_lists_its_tools_and_support(toolset: Toolset, listed: list[str]) -> None:
    assert names(Config(walkthrough_toolset=toolset)) == [*listed, "get_support"]


def test_without_walkthroughs_their_tools_are_not_listed_but_answer() -> None:
    config = Config(has_walkthroughs=False)
    assert names(config) == ["get_support"]
    assert list(callable_tools(config)) == [*COMPACT, "get_support"]


def test_tools_that_are_switched_off_are_unknown() -> None:
    config = Config(walkthrough_tools_enabled=False, support_ticket_type=SupportTicketType.NONE)
    assert names(config) == []
    assert list(callable_tools(config)) == []


def test_what_is_listed_is_callable() -> None:
    for config in EVERY_CONFIG:
        assert set(tools_for(config)) <= set(callable_tools(config).values())


def test_support_is_offered_unless_it_is_switched_off() -> None:
    for config in EVERY_CONFIG:
        is_on = config.support_ticket_type is not SupportTicketType.NONE
        assert ("get_support" in names(config)) == is_on


@pytest.mark.parametrize("auth_type", AuthType)
def test_an_email_is_asked_for_only_where_it_is_of_use(auth_type: AuthType) -> None:
    config = Config(auth_type=auth_type, walkthrough_toolset=Toolset.BOTH)
    asking = [name for name in names(config) if "email" in arguments_of(config, name)]
    assert (
        asking
        == {
            AuthType.NONE: ["get_support"],
            AuthType.COLLECT_EMAIL: ["start_walkthrough", "select_walkthrough", "get_support"],
            AuthType.PLATFORM_OAUTH: [],
            AuthType.CUSTOM_OAUTH: [],
        }[auth_type]
    )
    for name in names(config):
        assert ("email" in withheld(config, name)) == (
            name in {"start_walkthrough", "select_walkthrough", "get_support"}
            and name not in asking
        )


def test_every_tool_but_the_list_takes_the_run_handle() -> None:
    config = Config(walkthrough_toolset=Toolset.BOTH)
    without = [name for name in names(config) if "run" not in arguments_of(config, name)]
    assert without == ["list_walkthroughs"]


def test_required_arguments_are_those_of_the_specification() -> None:
    schemas: dict[str, Any] = {tool.name: wire(tool)["inputSchema"] for tool in EVERY_TOOL}
    assert {name: schema.get("required", []) for name, schema in schemas.items()} == {
        "start_walkthrough": [],
        "get_next_step": [],
        "list_walkthroughs": [],
        "select_walkthrough": ["walkthrough_id"],
        "next_walkthrough_step": [],
        "get_walkthrough_status": ["walkthrough_id"],
        "reset_walkthrough_progress": ["walkthrough_id", "confirm"],
        "get_support": ["title", "problemDescription"],
    }


def test_the_hints_are_true() -> None:
    hints: dict[str, Any] = {tool.name: wire(tool)["annotations"] for tool in EVERY_TOOL}
    told = {
        name: tuple(
            word
            for word in ("readOnly", "destructive", "idempotent", "openWorld")
            if hint[f"{word}Hint"]
        )
        for name, hint in hints.items()
    }
    assert told == {
        "start_walkthrough": ("destructive",),
        "get_next_step": ("idempotent",),
        "list_walkthroughs": ("readOnly", "idempotent"),
        "select_walkthrough": ("destructive",),
        "next_walkthrough_step": (),
        "get_walkthrough_status": ("readOnly", "idempotent"),
        "reset_walkthrough_progress": ("destructive", "idempotent"),
        "get_support": (),
    }


@pytest.mark.parametrize("tool", EVERY_TOOL, ids=lambda tool: tool.name)
def test_a_tool_is_described_as_clients_want_it(tool: Any) -> None:
    entry: Any = wire(tool)
    assert entry["annotations"]["title"] == entry["title"]
    assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} < set(
        entry["annotations"]
    )
    assert len(entry["description"]) < 200
    assert entry["description"].startswith("Call this")
    for schema in (entry["inputSchema"], entry["outputSchema"]):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
    for described in entry["inputSchema"]["properties"].values():
        assert described["description"]
        assert described["type"] == "boolean" or described["maxLength"] <= 2000
    assert (
        mcp_types.Tool.model_validate(entry).model_dump(by_alias=True, exclude_none=True) == entry
    )


def test_a_bare_next_step_says_that_it_is_not_idempotent() -> None:
    tool = callable_tools(Config(walkthrough_toolset=Toolset.CLASSIC))["next_walkthrough_step"]
    assert "Not idempotent without current_step_id" in tool.description


def test_support_names_the_product_on_one_line_and_warns_of_secrets() -> None:
    support = callable_tools(Config(product="Acme\n  Cloud"))["get_support"]
    assert support.title == "Get support about Acme Cloud"
    assert support.description == (
        "Call this when a problem with Acme Cloud stays unsolved, or the user asks for help: it "
        "opens a support ticket. Never send secrets such as passwords, keys or tokens."
    )


def test_the_entry_of_get_next_step_is_this() -> None:
    entry = dict(wire(callable_tools(Config())["get_next_step"]))
    del entry["outputSchema"]
    assert entry == {
        "name": "get_next_step",
        "title": "Get the next walkthrough step",
        "description": (
            "Call this with currentStepId once the user confirms that the step is done: completes "
            "it and presents the next one. Without it, presents the current step again."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                "currentStepId": {
                    "type": "string",
                    "description": "The id of the step that the user has confirmed to be done.",
                    "minLength": 1,
                    "maxLength": 100,
                },
                "run": {
                    "type": "string",
                    "description": (
                        "The run handle from an earlier answer of this server, if it gave one."
                    ),
                    "minLength": 1,
                    "maxLength": 100,
                },
            },
            "additionalProperties": False,
        },
        "annotations": {
            "title": "Get the next walkthrough step",
            "readOnlyHint": False,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        },
    }


def test_definitions_are_made_once_for_each_variant() -> None:
    assert tools_for(Config()) == tools_for(Config(instructions="other"))
    assert callable_tools(Config()) is callable_tools(Config(has_walkthroughs=False))
    assert wire(EVERY_TOOL[0])["inputSchema"] is wire(EVERY_TOOL[0])["inputSchema"]
