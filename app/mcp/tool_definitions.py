"""The tools as clients see them, and which of them a server offers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.mcp import answer_schema
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
)
from app.mcp.author_text import line

_MOST_VARIANTS = 4096  # one for each product, about
_EMAIL = frozenset({"email"})
_NOTHING: frozenset[str] = frozenset()


class ToolConfig(Protocol):
    """What decides which tools a server offers, and how."""

    @property
    def product(self) -> str: ...
    @property
    def auth_type(self) -> AuthType: ...
    @property
    def support_ticket_type(self) -> SupportTicketType: ...
    @property
    def walkthrough_tools_enabled(self) -> bool: ...
    @property
    def walkthrough_toolset(self) -> Toolset: ...
    @property
    def has_walkthroughs(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToolDefinition:
    """One tool; `withheld` are the arguments that this variant of it does not offer.

    The hints are MCP's. None of the tools reaches beyond the server (openWorldHint is false).
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    answers: answer_schema.Schema
    withheld: frozenset[str] = _NOTHING
    is_read_only: bool = False
    is_destructive: bool = False
    is_idempotent: bool = False


_COMPACT = (
    ToolDefinition(
        name="start_walkthrough",
        title="Start a walkthrough",
        description=(
            "Call this when the user wants to be guided through something. Starts or resumes a "
            "walkthrough and presents its current step; without a name it may list them."
        ),
        arguments=StartWalkthrough,
        answers=answer_schema.PRESENTED,
        withheld=_EMAIL,
        is_destructive=True,  # restart
    ),
    ToolDefinition(
        name="get_next_step",
        title="Get the next walkthrough step",
        description=(
            "Call this with currentStepId once the user confirms that the step is done: completes "
            "it and presents the next one. Without it, presents the current step again."
        ),
        arguments=GetNextStep,
        answers=answer_schema.PRESENTED,
        is_idempotent=True,  # the id of a completed step completes nothing more
    ),
)
_CLASSIC = (
    ToolDefinition(
        name="list_walkthroughs",
        title="List available walkthroughs",
        description="Call this to see which walkthroughs there are before you select one.",
        arguments=ListWalkthroughs,
        answers=answer_schema.OFFER,
        is_read_only=True,
        is_idempotent=True,
    ),
    ToolDefinition(
        name="select_walkthrough",
        title="Start or resume a walkthrough",
        description=(
            "Call this once the user has chosen a walkthrough from the list: starts or resumes it "
            "and presents its current step."
        ),
        arguments=SelectWalkthrough,
        answers=answer_schema.PRESENTED,
        withheld=_EMAIL,
        is_destructive=True,  # resume_if_exists=false
    ),
    ToolDefinition(
        name="next_walkthrough_step",
        title="Advance to the next walkthrough step",
        description=(
            "Call this once the user confirms that the step is done: completes it and presents the "
            "next. Not idempotent without current_step_id: a repeated call completes another step."
        ),
        arguments=NextWalkthroughStep,
        answers=answer_schema.PRESENTED,
    ),
    ToolDefinition(
        name="get_walkthrough_status",
        title="Get the status of a walkthrough",
        description="Call this when the user asks how far they are in a walkthrough.",
        arguments=GetWalkthroughStatus,
        answers=answer_schema.STATUS,
        is_read_only=True,
        is_idempotent=True,
    ),
    ToolDefinition(
        name="reset_walkthrough_progress",
        title="Reset the progress in a walkthrough",
        description=(
            "Call this only when the user wants to lose all progress in a walkthrough and has "
            "confirmed that. It cannot be undone."
        ),
        arguments=ResetWalkthroughProgress,
        answers=answer_schema.RESET,
        is_destructive=True,
        is_idempotent=True,  # a second reset finds nothing to reset
    ),
)
_COLLECTING = {
    tool: replace(tool, withheld=_NOTHING) for tool in _COMPACT + _CLASSIC if tool.withheld
}
_BY_TOOLSET = {
    Toolset.COMPACT: _COMPACT,
    Toolset.CLASSIC: _CLASSIC,
    Toolset.BOTH: _COMPACT + _CLASSIC,
}


def tools_for(config: ToolConfig) -> tuple[ToolDefinition, ...]:
    """The tools that tools/list shows: those on walkthroughs only while there are any."""
    return tuple(_offered(config, with_walkthroughs=config.has_walkthroughs).values())


def callable_tools(config: ToolConfig) -> Mapping[str, ToolDefinition]:
    """The tools that answer a call, by name: also those with nothing to show just now."""
    return _offered(config, with_walkthroughs=True)


def withheld(config: ToolConfig, name: str) -> frozenset[str]:
    """The arguments of a callable tool that this server's variant does not offer."""
    return callable_tools(config)[name].withheld


@lru_cache(maxsize=_MOST_VARIANTS)
def wire(definition: ToolDefinition) -> dict[str, object]:
    """The tool's entry in tools/list."""
    return {
        "name": definition.name,
        "title": definition.title,
        "description": definition.description,
        "inputSchema": input_schema(definition.arguments, definition.withheld),
        "outputSchema": definition.answers,
        "annotations": {
            "title": definition.title,
            "readOnlyHint": definition.is_read_only,
            "destructiveHint": definition.is_destructive,
            "idempotentHint": definition.is_idempotent,
            "openWorldHint": False,
        },
    }


def _offered(config: ToolConfig, *, with_walkthroughs: bool) -> Mapping[str, ToolDefinition]:
    is_on = config.walkthrough_tools_enabled and with_walkthroughs
    has_support = config.support_ticket_type is not SupportTicketType.NONE
    return _variant(
        config.walkthrough_toolset if is_on else None,
        config.auth_type,
        config.product if has_support else None,
    )


@lru_cache(maxsize=_MOST_VARIANTS)
def _variant(
    toolset: Toolset | None, auth_type: AuthType, supported_product: str | None
) -> Mapping[str, ToolDefinition]:
    """The tools of every server that is configured like this."""
    tools = _BY_TOOLSET[toolset] if toolset else ()
    if auth_type is AuthType.COLLECT_EMAIL:
        tools = tuple(_COLLECTING.get(tool, tool) for tool in tools)
    if supported_product is not None:
        tools += (_support(supported_product, is_oauth=auth_type.is_oauth),)
    return MappingProxyType({tool.name: tool for tool in tools})


@lru_cache(maxsize=_MOST_VARIANTS)
def _support(product: str, *, is_oauth: bool) -> ToolDefinition:
    return ToolDefinition(
        name="get_support",
        title=f"Get support about {line(product)}",
        description=(
            f"Call this when a problem with {line(product)} stays unsolved, or the user asks for "
            "help: it opens a support ticket. Never send secrets such as passwords, keys or tokens."
        ),
        arguments=GetSupport,
        answers=answer_schema.TICKET,
        withheld=_EMAIL if is_oauth else _NOTHING,
    )
