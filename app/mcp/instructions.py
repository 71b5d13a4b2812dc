"""What a server tells agents once, when they connect."""

from typing import Protocol

from app.core.enums import AuthType, Toolset
from app.mcp.author_text import line
from app.mcp.tool_definitions import ToolConfig, tools_for

MOST_BYTES = 2047  # clients cut at 2 KB
_ELLIPSIS = "…"


class InstructedConfig(ToolConfig, Protocol):
    """What decides the instructions; `instructions` is the server's own text."""

    @property
    def instructions(self) -> str: ...


_START = {
    Toolset.COMPACT: (
        "start_walkthrough starts or resumes one; when it answers with a list, ask the user which."
    ),
    Toolset.CLASSIC: (
        "list_walkthroughs shows them, select_walkthrough starts or resumes one, "
        "get_walkthrough_status tells how far the user is, reset_walkthrough_progress empties it."
    ),
}
_START[Toolset.BOTH] = (
    f"{_START[Toolset.COMPACT]} list_walkthroughs, select_walkthrough and next_walkthrough_step do "
    "the same in other words: use one family. get_walkthrough_status tells how far the user is, "
    "reset_walkthrough_progress empties it."
)
_NEXT = {
    Toolset.COMPACT: "get_next_step with its id as currentStepId",
    Toolset.CLASSIC: "next_walkthrough_step with its id as current_step_id",
    Toolset.BOTH: "get_next_step with its id as currentStepId",
}


def instructions_for(config: InstructedConfig) -> str:
    """How to guide a person with the tools that this server lists, then the server's own text.

    At most 2047 bytes of UTF-8; the server's own text is what is cut, between words if possible.
    """
    names = {tool.name for tool in tools_for(config)}
    parts = [f"This server helps people with {line(config.product)}."]
    if names - {"get_support"}:
        parts.append(_walkthroughs(config.walkthrough_toolset))
    if "get_support" in names:
        parts.append(_support(config.auth_type))
    if len(parts) > 1:
        parts.append('When an answer holds a "run" value, pass it as run in every later call.')
    told = "\n\n".join(parts)
    own = config.instructions.strip()
    if not own:
        return told
    heading = f"{told}\n\nFrom the provider of this server:\n"
    return heading + _cut(own, MOST_BYTES - len(heading.encode()))


def _walkthroughs(toolset: Toolset) -> str:
    return (
        "Walkthroughs guide a person step by step; their progress is kept here. "
        f"{_START[toolset]}\n"
        "- One step at a time. step_objectives and step_background are for you. Tell the user "
        "everything in relay_to_user. Carry out step_operations with the user's consent.\n"
        "- Wait until the user confirms that the step is done, and only then call "
        f"{_NEXT[toolset]}. Never skip ahead."
    )


def _support(auth_type: AuthType) -> str:
    asking = "" if auth_type.is_oauth else " ask for their e-mail address,"
    return (
        "When you are stuck or the user wants help, offer get_support:"
        f"{asking} describe the problem exactly, and never send secrets such as passwords, keys or "
        "tokens."
    )


def _cut(text: str, most_bytes: int) -> str:
    whole = text.encode()
    if len(whole) <= most_bytes:
        return text
    kept = whole[: most_bytes - len(_ELLIPSIS.encode())].decode(errors="ignore")
    words, space, _ = kept.rpartition(" ")
    return (words if space and len(words) > len(kept) // 2 else kept).rstrip() + _ELLIPSIS
