"""What progress tells of a walkthrough: facts without words, for whichever plane shows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.enums import ProgressStatus, WalkthroughType


@dataclass(frozen=True, slots=True)
class Available:
    """A walkthrough that a server offers, and how far this end user is in it.

    `percent` is 0–100; `status` is not_started for callers without progress.
    """

    id: str
    title: str
    description: str
    type: WalkthroughType
    estimated_duration_minutes: int | None
    tags: tuple[str, ...]
    total_steps: int
    completed_steps: int
    percent: int
    status: ProgressStatus


@dataclass(frozen=True, slots=True)
class PresentedStep:
    """The step to work on now. `number` is its ordinal, 1..total; `content` holds the v1 fields."""

    id: str
    title: str
    section_title: str | None
    number: int
    content: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Presentation:
    """Where an end user stands in one walkthrough; without a step, it is completed.

    `was_updated`: the walkthrough changed since this end user saw it last. `is_resumed`: there was
    progress before. `completed_now`: this call completed a step. `interrupted`: title of a more
    recently active walkthrough that is not available any more. `is_reopened`: it was completed
    before and has steps again.
    """

    walkthrough_id: str
    title: str
    version: int
    step: PresentedStep | None
    total_steps: int
    completed_steps: int
    percent: int
    was_updated: bool = False
    is_resumed: bool = False
    completed_now: bool = False
    interrupted: str | None = None
    is_reopened: bool = False


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One line of a status report."""

    id: str
    title: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How far an end user is, step by step."""

    walkthrough_id: str
    title: str
    version: int
    status: ProgressStatus
    total_steps: int
    completed_steps: int
    percent: int
    next_step: StepStatus | None
    steps: tuple[StepStatus, ...]
