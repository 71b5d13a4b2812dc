"""Facts to put into words."""

from dataclasses import dataclass

from app.core.enums import (
    AuthType,
    ProgressStatus,
    SupportTicketType,
    Toolset,
    WalkthroughType,
)
from app.domain.presentation import (
    Available,
    Presentation,
    PresentedStep,
    StatusReport,
    StepStatus,
)

RUN = "run_mzxw6ytboi2gk3tpmzxw6ytboi2gk3tp"

CONTENT = {
    "version": "v1",
    "introductionForAgent": "The user can call the API.",
    "contextForAgent": "They have an account.",
    "operationsForAgent": "Run `acme login`.",
    "contentForUser": "First we **log in**.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A server's configuration, as far as tools and instructions depend on it."""

    product: str = "Acme"
    auth_type: AuthType = AuthType.NONE
    support_ticket_type: SupportTicketType = SupportTicketType.DASHBOARD
    walkthrough_tools_enabled: bool = True
    walkthrough_toolset: Toolset = Toolset.COMPACT
    has_walkthroughs: bool = True
    instructions: str = ""


STEP = PresentedStep(id="ws_2", title="Log in", section_title="Setup", number=2, content=CONTENT)

PRESENTED = Presentation(
    walkthrough_id="wt_1",
    title="Getting started",
    version=3,
    step=STEP,
    total_steps=5,
    completed_steps=1,
    percent=20,
)

COMPLETED = Presentation(
    walkthrough_id="wt_1",
    title="Getting started",
    version=3,
    step=None,
    total_steps=5,
    completed_steps=5,
    percent=100,
)

OFFERED = (
    Available(
        id="wt_1",
        title="Getting started",
        description="From nothing to the first call.",
        type=WalkthroughType.QUICKSTART,
        estimated_duration_minutes=10,
        tags=("api", "login"),
        total_steps=5,
        completed_steps=1,
        percent=20,
        status=ProgressStatus.IN_PROGRESS,
    ),
    Available(
        id="wt_2",
        title="Webhooks",
        description="",
        type=WalkthroughType.COURSE,
        estimated_duration_minutes=None,
        tags=(),
        total_steps=1,
        completed_steps=0,
        percent=0,
        status=ProgressStatus.NOT_STARTED,
    ),
)

REPORT = StatusReport(
    walkthrough_id="wt_1",
    title="Getting started",
    version=3,
    status=ProgressStatus.IN_PROGRESS,
    total_steps=3,
    completed_steps=1,
    percent=33,
    next_step=StepStatus(id="ws_2", title="Log in", is_done=False, is_current=True),
    steps=(
        StepStatus(id="ws_1", title="Sign up", is_done=True, is_current=False),
        StepStatus(id="ws_2", title="Log in", is_done=False, is_current=True),
        StepStatus(id="ws_3", title="Call", is_done=False, is_current=False),
    ),
)
