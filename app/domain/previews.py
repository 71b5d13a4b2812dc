"""A step as an agent will get it, before anyone has."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from app.core.enums import Toolset
from app.core.errors import NotFound
from app.domain.face import CLASSIC, COMPACT
from app.domain.presentation import Presentation, PresentedStep
from app.domain.step_text import step_text
from app.domain.steps import Step
from app.domain.walkthroughs import Walkthrough


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The text that an agent gets for a step, for an end user who has done all steps before it."""

    text: str
    step_number: int
    total_steps: int
    progress_percent: int


def of_step(
    walkthrough: Walkthrough, present: Sequence[Step], step_id: str, *, toolset: Toolset
) -> Preview:
    """The step rendered with the next call of the toolset's tools; compact for both.

    `present` are the walkthrough's steps in order. Raises NotFound if the step is none of them.
    """
    step = next((one for one in present if one.id == step_id), None)
    if step is None:
        message = "There is no such step."
        raise NotFound(message)
    total, done = len(present), step.position - 1
    presented = PresentedStep(
        id=step.id,
        title=step.title,
        section_title=step.section_title,
        number=step.position,
        content=msgspec.to_builtins(step.content_fields),
    )
    presentation = Presentation(
        walkthrough_id=walkthrough.id,
        title=walkthrough.title,
        version=walkthrough.version,
        step=presented,
        total_steps=total,
        completed_steps=done,
        percent=min(99, (200 * done + total) // (2 * total)),  # half up, as progress counts
    )
    face = CLASSIC if toolset is Toolset.CLASSIC else COMPACT
    return Preview(
        text=step_text(presentation, presented, face.advance(step.id, None)),
        step_number=step.position,
        total_steps=total,
        progress_percent=presentation.percent,
    )
