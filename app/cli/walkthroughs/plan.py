"""What an import did, or would do, in words."""

from bisect import bisect_left
from collections import Counter

from app.cli.walkthroughs.operations import Report, Step


def summary(report: Report, *, dry_run: bool) -> str:
    """One line about the walkthrough and its steps."""
    done = "new" if report.is_new else "changed" if report.is_changed else "unchanged"
    facts = [done, report.status.lower(), report.walkthrough_id or "no id yet"]
    if dry_run:
        facts.append("dry run, nothing is written")
    return f"“{report.title}” ({', '.join(facts)}): {_counted(report)}"


def steps(report: Report) -> list[str]:
    """A line for each step as it is afterwards, then for those that go, with their ids."""
    moved = _moved(report.steps)
    lines = []
    for step in report.steps:
        place = f", moved from {step.previous_position}" if step.position in moved else ""
        fate = f"{_fate(step)}{place}, {step.id or 'no id yet'}"
        lines.append(f"{step.position:>5}. {step.title} ({fate})")
    return lines + [f"    -  {step.title} (removed, {step.id})" for step in report.removed]


def _counted(report: Report) -> str:
    counts = Counter(_fate(step) for step in report.steps)
    counts["moved"] = len(_moved(report.steps))
    counts["removed"] = len(report.removed)
    kinds = ("created", "changed", "kept", "moved", "removed")
    told = [f"{counts[kind]} {kind}" for kind in kinds if counts[kind]]
    return f"{', '.join(told)}" if told else "no steps"


def _fate(step: Step) -> str:
    if step.previous_position is None:
        return "created"
    return "changed" if step.is_changed else "kept"


def _moved(present: tuple[Step, ...]) -> set[int]:
    """The places of the steps that moved: the fewest without which the others keep their order.

    The others are a longest rising sequence of former places, found by patience sorting.
    """
    old = [step for step in present if step.previous_position is not None]
    lowest: list[int] = []  # the last former place of the best sequence of each length
    ends: list[int] = []  # and whose it is, as an index
    before: list[int | None] = []
    for index, step in enumerate(old):
        former = step.previous_position or 0
        length = bisect_left(lowest, former)
        before.append(ends[length - 1] if length else None)
        lowest[length : length + 1] = [former]
        ends[length : length + 1] = [index]
    stays = set()
    at = ends[-1] if ends else None
    while at is not None:
        stays.add(at)
        at = before[at]
    return {step.position for index, step in enumerate(old) if index not in stays}
