"""Product.md §3 once more, as lists and sets: what the real thing is compared with.

Nothing here is fast, concurrent or stored. Every rule is written as the specification says it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.presentation import Presentation


@dataclass(frozen=True)
class Told:
    """What an answer says."""

    walkthrough: str
    step: str | None
    number: int | None
    total: int
    completed: int
    percent: int
    was_updated: bool
    is_resumed: bool
    completed_now: bool
    is_reopened: bool
    interrupted: str | None


@dataclass(frozen=True)
class Refused:
    """The code of an error, with what a refusal presents or the walkthrough that it names."""

    code: str
    what: Told | str | None = None


@dataclass
class Place:
    """How far one end user is in one walkthrough."""

    run: int = 1
    is_started: bool = True
    done: list[str] = field(default_factory=list)
    presented: str | None = None
    version_seen: int = 0
    server: str = ""
    active_at: int = 0
    was_completed: bool = False


def percent(done: int, total: int) -> int:
    """Half up, at most 99 while anything is left."""
    return 100 if done == total else min(99, (200 * done + total) // (2 * total))


def first_open(steps: Iterable[str], done: Iterable[str]) -> str | None:
    """The first step by position that is not done."""
    is_done = set(done)
    return next((step for step in steps if step not in is_done), None)


def told(presentation: Presentation) -> Told:
    """What the real answer says."""
    step = presentation.step
    return Told(
        walkthrough=presentation.walkthrough_id,
        step=step.id if step else None,
        number=step.number if step else None,
        total=presentation.total_steps,
        completed=presentation.completed_steps,
        percent=presentation.percent,
        was_updated=presentation.was_updated,
        is_resumed=presentation.is_resumed,
        completed_now=presentation.completed_now,
        is_reopened=presentation.is_reopened,
        interrupted=presentation.interrupted,
    )


class Oracle:
    """A few walkthroughs on a few servers, and everybody's progress in them."""

    def __init__(self) -> None:
        self.steps: dict[str, list[str]] = {}
        self.titles: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: set[str] = set()
        self.assigned: dict[tuple[str, str], bool] = {}
        self.places: dict[tuple[str, str], Place] = {}
        self.completions: set[tuple[str, str, int, str]] = set()
        self.calls = 0

    def is_available(self, server: str, walkthrough: str) -> bool:
        """Assigned, enabled, published, at least one step."""
        is_enabled = self.assigned.get((server, walkthrough), False)
        return is_enabled and walkthrough in self.published and bool(self.steps[walkthrough])

    def done(self, user: str, walkthrough: str) -> list[str]:
        """The done steps that exist, by position."""
        place = self.places.get((user, walkthrough), Place())
        return [step for step in self.steps[walkthrough] if step in place.done]

    def offered(self, user: str, server: str) -> dict[str, tuple[str, int, int, int]]:
        """Status, done, total and percent of each available walkthrough."""
        return {
            walkthrough: (self._status(user, walkthrough), *self._counts(user, walkthrough))
            for walkthrough in self.steps
            if self.is_available(server, walkthrough)
        }

    def reports(self, user: str, server: str, walkthrough: str) -> list[tuple[str, bool, bool]]:
        """Each step, whether it is done, whether it is the current one; none without progress."""
        place = self._started(user).get(walkthrough)
        if place is None or not self.is_available(server, walkthrough):
            return []
        return [
            (step, step in place.done, step == place.presented) for step in self.steps[walkthrough]
        ]

    def start(self, user: str, server: str, walkthrough: str, *, restart: bool) -> Told | Refused:
        """Begin, resume or restart."""
        self.calls += 1
        if not self.is_available(server, walkthrough):
            if walkthrough in self._started(user):
                return Refused("walkthrough_unavailable", self.titles[walkthrough])
            return Refused("walkthrough_not_found", walkthrough)
        place = self.places.setdefault((user, walkthrough), Place(is_started=False))
        is_resumed = place.is_started and not restart
        if not is_resumed:
            run = place.run + 1 if place.is_started else place.run
            place = self.places[user, walkthrough] = Place(
                run=run, version_seen=self.versions[walkthrough]
            )
        was_updated = self._see(place, server, walkthrough)
        self._present(place, walkthrough)
        return self._told(user, walkthrough, was_updated=was_updated, is_resumed=is_resumed)

    def reset(self, user: str, server: str, walkthrough: str) -> str | None:
        """Give up the progress."""
        self.calls += 1
        place = self._started(user).get(walkthrough)
        if place is None or not self.is_available(server, walkthrough):
            return None
        self.places[user, walkthrough] = Place(run=place.run + 1, is_started=False)
        return self.titles[walkthrough]

    def advance(
        self,
        user: str,
        server: str,
        *,
        step: str | None = None,
        walkthrough: str | None = None,
        goes_on: bool = False,
    ) -> Told | Refused:
        """Complete what was presented and present what comes next."""
        self.calls += 1
        started = self._started(user)
        pointed = walkthrough if walkthrough is not None else self._pointed(started, step)
        if pointed is not None:
            if pointed not in started:
                return Refused("nothing_active")
            if not self.is_available(server, pointed):
                return Refused("walkthrough_unavailable", self.titles[pointed])
            return self._act(user, server, pointed, step=step, goes_on=goes_on)
        likeliest = self._likeliest(user, server)
        gone = self._gone(user, server, since=likeliest) if step is None else None
        if likeliest is not None and (gone is None or self._is_open(user, likeliest)):
            return self._act(
                user, server, likeliest, step=step, goes_on=goes_on and gone is None, gone=gone
            )
        if gone is not None:
            return Refused("walkthrough_unavailable", self.titles[gone])
        return Refused("nothing_active")

    def _act(
        self,
        user: str,
        server: str,
        walkthrough: str,
        *,
        step: str | None,
        goes_on: bool,
        gone: str | None = None,
    ) -> Told | Refused:
        place = self.places[user, walkthrough]
        is_refused = step is not None and step != place.presented and step not in place.done
        is_current = place.presented in self.steps[walkthrough]
        completes = is_current and (goes_on if step is None else step == place.presented)
        if completes and place.presented is not None:
            place.done.append(place.presented)
            self.completions.add((user, walkthrough, place.run, place.presented))
        was_updated = False if is_refused else self._see(place, server, walkthrough)
        self._present(place, walkthrough)
        answer = self._told(
            user,
            walkthrough,
            was_updated=was_updated,
            completed_now=completes,
            interrupted=self.titles[gone] if gone else None,
        )
        return Refused("step_not_presented", answer) if is_refused else answer

    def _present(self, place: Place, walkthrough: str) -> None:
        """Choose what is current: what is presented, unless it is done or gone."""
        steps = self.steps[walkthrough]
        if place.presented in steps and place.presented not in place.done:
            return
        if place.presented is not None and place.presented not in place.done:
            place.done.append(place.presented)  # gone: its id is to be answered for ever
        place.presented = first_open(steps, place.done)
        if place.presented is None:
            place.was_completed = True

    def _see(self, place: Place, server: str, walkthrough: str) -> bool:
        was_updated = place.version_seen < self.versions[walkthrough]
        place.version_seen, place.server = self.versions[walkthrough], server
        place.active_at = self.calls
        return was_updated

    def _pointed(self, started: dict[str, Place], step: str | None) -> str | None:
        """The walkthrough that a step leads to, if this end user is in it."""
        if step is None:
            return None
        for walkthrough, steps in self.steps.items():
            if step in steps:
                return walkthrough if walkthrough in started else None
        remembering = [
            walkthrough
            for walkthrough, place in started.items()
            if step == place.presented or step in place.done
        ]
        return max(remembering, key=lambda one: started[one].active_at, default=None)

    def _likeliest(self, user: str, server: str) -> str | None:
        started = self._started(user)
        return max(
            (one for one in started if self.is_available(server, one)),
            key=lambda one: (self._is_open(user, one), started[one].active_at),
            default=None,
        )

    def _gone(self, user: str, server: str, *, since: str | None) -> str | None:
        """The unfinished one that was active here last, after `since`, and is not available."""
        started = self._started(user)
        least = started[since].active_at if since else 0
        return max(
            (
                one
                for one, place in started.items()
                if place.server == server and not self.is_available(server, one)
                if place.active_at > least
                if self._is_open(user, one) or not self.steps[one]
            ),
            key=lambda one: started[one].active_at,
            default=None,
        )

    def _started(self, user: str) -> dict[str, Place]:
        return {
            walkthrough: place
            for (whose, walkthrough), place in self.places.items()
            if whose == user and place.is_started
        }

    def _is_open(self, user: str, walkthrough: str) -> bool:
        return len(self.done(user, walkthrough)) < len(self.steps[walkthrough])

    def _status(self, user: str, walkthrough: str) -> str:
        if walkthrough not in self._started(user):
            return "not_started"
        return "in_progress" if self._is_open(user, walkthrough) else "completed"

    def _counts(self, user: str, walkthrough: str) -> tuple[int, int, int]:
        done, total = len(self.done(user, walkthrough)), len(self.steps[walkthrough])
        return done, total, percent(done, total)

    def _told(
        self,
        user: str,
        walkthrough: str,
        *,
        was_updated: bool,
        is_resumed: bool = False,
        completed_now: bool = False,
        interrupted: str | None = None,
    ) -> Told:
        place, steps = self.places[user, walkthrough], self.steps[walkthrough]
        done, total, percentage = self._counts(user, walkthrough)
        return Told(
            walkthrough=walkthrough,
            step=place.presented,
            number=steps.index(place.presented) + 1 if place.presented else None,
            total=total,
            completed=done,
            percent=percentage,
            was_updated=was_updated,
            is_resumed=is_resumed,
            completed_now=completed_now,
            is_reopened=place.was_completed and place.presented is not None,
            interrupted=interrupted,
        )
