"""The two faces of the walkthrough tools: which call does what, by toolset."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that an agent is told to make."""

    tool: str
    arguments: Mapping[str, object]

    @property
    def words(self) -> str:
        """The call as a sentence names it."""
        if not self.arguments:
            return f"`{self.tool}`"
        return f"`{self.tool}` with {msgspec.json.encode(self.arguments).decode()}"

    @property
    def data(self) -> dict[str, object]:
        """The call as `nextAction` spells it."""
        return {"tool": self.tool, "arguments": self.arguments}


@dataclass(frozen=True, slots=True)
class Face:
    """One toolset's names for the same calls; `afresh` is the argument that starts again."""

    choose_tool: str
    choose_takes_run: bool
    start_tool: str
    walkthrough_argument: str
    afresh: tuple[str, bool]
    next_tool: str
    step_argument: str

    def choose(self, run: str | None) -> Call:
        """The call that lists what is available."""
        return Call(self.choose_tool, _with_run({}, run if self.choose_takes_run else None))

    def start(self, walkthrough_id: str, run: str | None) -> Call:
        """The call that starts or resumes a walkthrough."""
        return Call(self.start_tool, _with_run({self.walkthrough_argument: walkthrough_id}, run))

    def restart(self, walkthrough_id: str, run: str | None) -> Call:
        """The call that starts a walkthrough from the beginning."""
        name, value = self.afresh
        arguments = {self.walkthrough_argument: walkthrough_id, name: value}
        return Call(self.start_tool, _with_run(arguments, run))

    def advance(self, step_id: str, run: str | None) -> Call:
        """The call that completes a step and presents the next one."""
        return Call(self.next_tool, _with_run({self.step_argument: step_id}, run))


def _with_run(arguments: dict[str, object], run: str | None) -> dict[str, object]:
    return arguments if run is None else {**arguments, "run": run}


COMPACT = Face(
    choose_tool="start_walkthrough",
    choose_takes_run=True,
    start_tool="start_walkthrough",
    walkthrough_argument="name",
    afresh=("restart", True),
    next_tool="get_next_step",
    step_argument="currentStepId",
)
CLASSIC = Face(
    choose_tool="list_walkthroughs",
    choose_takes_run=False,
    start_tool="select_walkthrough",
    walkthrough_argument="walkthrough_id",
    afresh=("resume_if_exists", False),
    next_tool="next_walkthrough_step",
    step_argument="current_step_id",
)
