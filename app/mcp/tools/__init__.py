"""The tools by name."""

from app.mcp.recorded import Tool
from app.mcp.tools.support import get_support
from app.mcp.tools.walkthroughs import (
    get_next_step,
    get_walkthrough_status,
    list_walkthroughs,
    next_walkthrough_step,
    reset_walkthrough_progress,
    select_walkthrough,
    start_walkthrough,
)

TOOLS: dict[str, Tool] = {
    tool.__name__: tool
    for tool in (
        start_walkthrough,
        get_next_step,
        list_walkthroughs,
        select_walkthrough,
        next_walkthrough_step,
        get_walkthrough_status,
        reset_walkthrough_progress,
        get_support,
    )
}
