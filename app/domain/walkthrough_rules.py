"""What authors may write in walkthroughs and steps (product specification §2)."""

from collections.abc import Iterable

from app.domain.faults import Faults
from app.repositories.steps import ContentFields, StepDetails
from app.repositories.walkthroughs import WalkthroughDetails

TITLE_MAX_CHARACTERS = 100
DESCRIPTION_MAX_CHARACTERS = 500
MAX_DURATION_MINUTES = 100_000
MAX_TAGS = 50
TAG_MAX_CHARACTERS = 100
STEP_TITLE_MAX_CHARACTERS = 200
CONTENT_MAX_CHARACTERS = 20_000
METADATA_MAX_BYTES = 20_000
MAX_STEPS = 2_000

# As files and the API spell them.
CONTENT_NAMES = {
    "introduction_for_agent": "introductionForAgent",
    "context_for_agent": "contextForAgent",
    "content_for_user": "contentForUser",
    "operations_for_agent": "operationsForAgent",
}


def check_details(faults: Faults, details: WalkthroughDetails, *, at: str = "") -> None:
    """Note everything that is wrong with a walkthrough; `at` comes before each field's name."""
    faults.line(f"{at}title", details.title, longest=TITLE_MAX_CHARACTERS, required=True)
    faults.text(f"{at}description", details.description, longest=DESCRIPTION_MAX_CHARACTERS)
    faults.number(
        f"{at}estimatedDurationMinutes",
        details.estimated_duration_minutes,
        least=0,
        most=MAX_DURATION_MINUTES,
    )
    faults.items(f"{at}tags", details.tags, most=MAX_TAGS)
    for index, tag in enumerate(details.tags[:MAX_TAGS]):
        faults.line(f"{at}tags[{index}]", tag, longest=TAG_MAX_CHARACTERS, required=True)
    faults.json(f"{at}metadata", details.metadata, longest=METADATA_MAX_BYTES)


def check_step(faults: Faults, step: StepDetails, *, at: str = "", content_at: str = "") -> None:
    """Note everything that is wrong with a step; the prefixes come before the fields' names."""
    faults.line(f"{at}title", step.title, longest=STEP_TITLE_MAX_CHARACTERS, required=True)
    faults.line(f"{at}sectionTitle", step.section_title or "", longest=STEP_TITLE_MAX_CHARACTERS)
    for name, spelled in CONTENT_NAMES.items():
        text: str = getattr(step.content_fields, name)
        faults.text(f"{content_at}{spelled}", text, longest=CONTENT_MAX_CHARACTERS)
    faults.json(f"{at}metadata", step.metadata, longest=METADATA_MAX_BYTES)


def check_shown(faults: Faults, content: ContentFields, *, field: str, step: str) -> None:
    """Note that a step has nothing for the user, which a published walkthrough may not contain."""
    if not content.content_for_user.strip():
        faults.add(field, f"{step} has no contentForUser, which publishing needs.", "required")


def check_complete(faults: Faults, steps: Iterable[tuple[str, StepDetails]]) -> None:
    """Note what keeps a walkthrough from being published; each step comes with its path."""
    numbered = list(enumerate(steps, 1))
    if not numbered:
        faults.add("steps", "A walkthrough needs at least one step to be published.", "required")
    for number, (path, step) in numbered:
        check_shown(
            faults,
            step.content_fields,
            field=f"{path}.contentForUser",
            step=f"Step {number} “{step.title}”",
        )
