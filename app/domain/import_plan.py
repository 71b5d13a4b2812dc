"""What an import makes of a walkthrough's steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.core import clock
from app.core.ids import new_id
from app.domain import step_pairing
from app.domain.step_pairing import Pair
from app.domain.walkthrough_document import DocumentStep
from app.repositories.steps import Step


@dataclass(frozen=True, slots=True)
class StepPlan:
    """The steps before, by id in order; those after; and how each of these was paired."""

    before: Mapping[str, Step]
    after: Sequence[Step]
    pairs: Sequence[Pair]

    def inserted(self) -> list[Step]:
        """Steps that are new."""
        return [step for step in self.after if step.id not in self.before]

    def rewritten(self) -> list[Step]:
        """Steps that were there and say something else or stand elsewhere."""
        return [step for step in self.after if step != self.before.get(step.id, step)]

    def removed(self) -> list[Step]:
        """Steps that go."""
        kept = {step.id for step in self.after}
        return [step for step in self.before.values() if step.id not in kept]

    def is_shape(self) -> bool:
        """Whether steps come, go or move."""
        return [step.id for step in self.after] != list(self.before)

    def is_content(self) -> bool:
        """Whether end users are to read something else."""
        return self.is_shape() or any(
            _text(step) != _text(self.before[step.id]) for step in self.rewritten()
        )


def planned(
    written: Sequence[DocumentStep], present: Sequence[Step], walkthrough_id: str
) -> StepPlan:
    """The plan that turns the present steps, in order, into the file's."""
    before = {step.id: step for step in present}
    pairs = step_pairing.pair(
        [(step.step_id, step.details.title) for step in written],
        [(step.id, step.title) for step in present],
    )
    after = [
        _step(walkthrough_id, step, position, before.get(pair.step_id or ""))
        for position, (step, pair) in enumerate(zip(written, pairs, strict=True), 1)
    ]
    return StepPlan(before, after, pairs)


def _step(walkthrough_id: str, written: DocumentStep, position: int, present: Step | None) -> Step:
    now = clock.now()
    step = Step(
        title=written.details.title,
        section_title=written.details.section_title,
        content_fields=written.details.content_fields,
        metadata=written.details.metadata,
        id=present.id if present else new_id("ws"),
        walkthrough_id=walkthrough_id,
        position=position,
        created_at=present.created_at if present else now,
        updated_at=present.updated_at if present else now,
    )
    is_rewritten = present is not None and step != replace(present, position=position)
    return replace(step, updated_at=now) if is_rewritten else step


def _text(step: Step) -> tuple[object, ...]:
    return step.title, step.section_title, step.content_fields
