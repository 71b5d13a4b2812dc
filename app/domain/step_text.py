"""A step as an agent reads it (product.md §4, "A rendered step")."""

from app.domain.author_text import RECAP_TAG, SECTION_TAGS, block, line
from app.domain.face import Call
from app.domain.presentation import Presentation, PresentedStep

_FIELDS = ("introductionForAgent", "contextForAgent", "operationsForAgent", "contentForUser")
_BAR_CELLS = 10


def progress_bar(percent: int) -> str:
    """Ten cells, all of them filled only at 100 %."""
    filled = percent * _BAR_CELLS // 100
    return f"[{'#' * filled}{'-' * (_BAR_CELLS - filled)}]"


def progress_line(percent: int, completed_steps: int, total_steps: int) -> str:
    """Bar, percentage and count."""
    return f"Progress: {progress_bar(percent)} {percent}% ({completed_steps}/{total_steps})"


def step_text(presentation: Presentation, step: PresentedStep, next_call: Call) -> str:
    """The whole step: titles, the sections that have content, and the recap."""
    titles = [
        f"Walkthrough: {line(presentation.title)}",
        f"Step {step.number} of {presentation.total_steps}: {line(step.title)}",
    ]
    if step.section_title and step.section_title.strip():
        titles.append(f"Section: {line(step.section_title)}")
    sections = [
        _tagged(tag, block(written).strip("\r\n"))
        for tag, field in zip(SECTION_TAGS, _FIELDS, strict=True)
        if (written := step.content.get(field, "")).strip()
    ]
    return "\n\n".join(("\n".join(titles), *sections, _recap(presentation, step, next_call)))


def _recap(presentation: Presentation, step: PresentedStep, next_call: Call) -> str:
    counts = (presentation.percent, presentation.completed_steps, presentation.total_steps)
    return _tagged(
        RECAP_TAG,
        f"{progress_line(*counts)}\n"
        f"Step id: {step.id}\n"
        f"When the user has confirmed that this step is done, call {next_call.words}.",
    )


def _tagged(tag: str, content: str) -> str:
    return f"<{tag}>\n{content}\n</{tag}>"
