"""Authors and end users in any order: product.md §3 against its oracle after every step."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.core.errors import ProductError
from app.core.ids import new_id
from app.domain import assignments, progress, steps, walkthroughs
from app.domain.presentation import Presentation
from app.domain.progress import StepNotPresented, WalkthroughNotFound, WalkthroughUnavailable
from app.domain.steps import StepPatch
from app.repositories import database
from tests.domain.progress_oracle import Oracle, Place, Refused, Told, told
from tests.support.authoring import found, ids, open_server, step, write
from tests.support.own_loop import OwnLoop, own_loop
from tests.support.scale import scaled
from tests.support.walking import Walker, walker
from tests.support.world import World

T = TypeVar("T")

USERS = ("ann", "bob")
SERVERS = ("docs", "labs")
SIZES = (2, 3, 4)
COMPLETIONS = "SELECT end_user_id, walkthrough_id, run, step_id FROM completion"
WAYS = ("unpublish", "unassign", "disable")

# Numbers choose among what there is when the rule runs.
numbers = st.sampled_from(range(12))
users = st.sampled_from(["ann", "ann", "ann", "bob"])
servers = st.sampled_from(["docs", "docs", "docs", "labs"])
mostly_not = st.sampled_from([False] * 5 + [True])
mostly_here = st.sampled_from([None] * 4 + list(SERVERS))


class Campaign(RuleBasedStateMachine):
    """Two end users in three walkthroughs on two servers of a new organization."""

    loop: ClassVar[OwnLoop]
    owner: ClassVar[asyncpg.Connection]

    @initialize(is_on_labs=st.lists(st.booleans(), min_size=3, max_size=3))
    def found(self, is_on_labs: list[bool]) -> None:
        self.oracle = Oracle()
        self.gone: list[str] = []
        self.done: dict[tuple[str, str], set[str]] = {}
        self.loop.run(self._found(is_on_labs))
        for number in range(2):
            self.start("ann", "docs", number, restart=False)

    async def _found(self, is_on_labs: list[bool]) -> None:
        slug = new_id("x")[2:]
        self.author = await found(slug)
        self.server_ids, self.walkers = {}, {}
        for server in SERVERS:
            opened = await open_server(self.author, f"{server}-{slug}")
            self.server_ids[server] = opened.id
            world = World(self.owner, self.author.organization_id, opened.id, opened.slug)
            for user in USERS:
                self.walkers[user, server] = await walker(world, user)
        for size, is_there_too in zip(SIZES, is_on_labs, strict=True):
            titles = (f"Step {number}" for number in range(size))
            written = await write(self.author, *titles, title=f"Guide of {size}", is_published=True)
            self.oracle.steps[written.id] = await ids(self.author, written.id)
            self.oracle.titles[written.id] = written.title
            self.oracle.versions[written.id] = written.version
            self.oracle.published.add(written.id)
            for server in ("docs", "labs") if is_there_too else ("docs",):
                await self._assign(server, written.id)

    # Authors

    @rule(number=numbers, at=numbers)
    def insert_a_step(self, number: int, at: int) -> None:
        walkthrough = self._walkthrough(number)
        present = self.oracle.steps[walkthrough]
        position = at % (len(present) + 1)
        written = self.loop.run(
            steps.insert(self.author, walkthrough, details=step("New"), position=position + 1)
        )
        present.insert(position, written.step.id)
        self.oracle.versions[walkthrough] = written.walkthrough.version

    @rule(number=numbers, at=numbers)
    def remove_a_step(self, number: int, at: int) -> None:
        walkthrough = self._walkthrough(number)
        if self.oracle.steps[walkthrough]:
            step_id = self._step(walkthrough, at)
            edited = self.loop.run(steps.delete(self.author, step_id))
            self.oracle.steps[walkthrough].remove(step_id)
            self.oracle.versions[walkthrough] = edited.version
            self.gone.append(step_id)

    @rule(number=numbers, at=numbers, to=numbers)
    def move_a_step(self, number: int, at: int, to: int) -> None:
        walkthrough = self._walkthrough(number)
        present = self.oracle.steps[walkthrough]
        if present:
            step_id, position = self._step(walkthrough, at), to % len(present)
            written = self.loop.run(steps.move(self.author, step_id, position=position + 1))
            present.remove(step_id)
            present.insert(position, step_id)
            self.oracle.versions[walkthrough] = written.walkthrough.version

    @rule(number=numbers, order=st.randoms(use_true_random=False))
    def put_steps_in_another_order(self, number: int, order: Any) -> None:
        walkthrough = self._walkthrough(number)
        order.shuffle(self.oracle.steps[walkthrough])
        edited = self.loop.run(
            steps.reorder(self.author, walkthrough, step_ids=list(self.oracle.steps[walkthrough]))
        )
        self.oracle.versions[walkthrough] = edited.version

    @rule(number=numbers, at=numbers)
    def rewrite_a_step(self, number: int, at: int) -> None:
        walkthrough = self._walkthrough(number)
        if self.oracle.steps[walkthrough]:
            patch = StepPatch(content_for_user=new_id("text"))
            written = self.loop.run(
                steps.edit(self.author, self._step(walkthrough, at), patch=patch)
            )
            self.oracle.versions[walkthrough] = written.walkthrough.version

    @rule(number=numbers, server=servers, way=st.sampled_from(WAYS))
    def take_away_or_bring_back(self, number: int, server: str, way: str) -> None:
        """What is not available comes back first, so that most things are most of the time."""
        for (where, walkthrough), is_enabled in self.oracle.assigned.items():
            if not is_enabled:
                self.loop.run(self._enable(where, walkthrough, is_enabled=True))
                return
        for walkthrough, present in self.oracle.steps.items():
            if walkthrough not in self.oracle.published and present:
                self._publish(walkthrough)
                return
        walkthrough = self._walkthrough_in_use(number)
        if (server, walkthrough) not in self.oracle.assigned or way == "unassign":
            self.loop.run(self._assign(server, walkthrough))
        elif way == "disable":
            self.loop.run(self._enable(server, walkthrough, is_enabled=False))
        elif walkthrough in self.oracle.published:
            self.loop.run(walkthroughs.unpublish(self.author, walkthrough))
            self.oracle.published.remove(walkthrough)

    @rule(number=numbers)
    def publish_again(self, number: int) -> None:
        walkthrough = self._walkthrough(number)
        if self.oracle.steps[walkthrough]:
            self._publish(walkthrough)

    # End users

    @rule(user=users, server=servers, number=numbers, restart=mostly_not)
    def start(self, user: str, server: str, number: int, restart: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        walkthrough = self._walkthrough(number)
        expected = self.oracle.start(user, server, walkthrough, restart=restart)
        real = self.walkers[user, server].start(walkthrough, restart=restart)
        if isinstance(expected, Told) and not expected.is_resumed:
            self.done.pop((user, walkthrough), None)
        self._compare(user, real, expected)

    @precondition(lambda self: self.under_way())
    @rule(number=numbers, server=mostly_here, times=st.integers(1, 4))
    def complete_presented_steps(self, number: int, server: str | None, times: int) -> None:
        for _ in range(times):
            if self.under_way():
                user, place = chosen(self.under_way(), number)
                self._complete(user, server or place.server, str(place.presented))

    @precondition(lambda self: self.under_way())
    @rule(number=numbers, server=mostly_here, times=st.integers(2, 5))
    def complete_a_presented_step_several_times_at_once(
        self, number: int, server: str | None, times: int
    ) -> None:
        user, place = chosen(self.under_way(), number)
        given, where = str(place.presented), server or place.server
        expected = [self.oracle.advance(user, where, step=given) for _ in range(times)]
        real = self.loop.run(self._at_once(self.walkers[user, where], given, times))
        assert any(map(_news, real)) == any(map(_news, expected))
        assert sorted(map(_without_news, real)) == sorted(map(_without_news, expected))
        for one in sorted(real, key=lambda one: isinstance(one, Told) and not one.completed_now):
            self._check_promise(user, one)

    @precondition(lambda self: self.begun())
    @rule(number=numbers, server=mostly_here, at=numbers)
    def complete_some_step(self, number: int, server: str | None, at: int) -> None:
        """Done, ahead, of another walkthrough, removed or unknown."""
        user, place = chosen(self.begun(), number)
        known = [step_id for present in self.oracle.steps.values() for step_id in present]
        pool = [*place.done, *known, *self.gone, "ws_unknown"]
        self._complete(user, server or place.server, pool[at % len(pool)])

    @precondition(lambda self: self.begun())
    @rule(number=numbers, server=mostly_here, goes_on=st.booleans(), is_named=mostly_not)
    def look_or_go_on(
        self,
        number: int,
        server: str | None,
        goes_on: bool,  # noqa: FBT001 - hypothesis gives it by name
        is_named: bool,  # noqa: FBT001 - the same
    ) -> None:
        user, place = chosen(self.begun(), number)
        where = server or place.server
        walkthrough = self._walkthrough(number) if is_named else None
        expected = self.oracle.advance(user, where, walkthrough=walkthrough, goes_on=goes_on)
        one = self.walkers[user, where]
        real = (one.go_on if goes_on else one.look)(walkthrough_id=walkthrough)
        self._compare(user, real, expected)

    @rule(user=users, server=servers, number=numbers, is_sure=mostly_not)
    def reset_or_ask_for_the_status(
        self,
        user: str,
        server: str,
        number: int,
        is_sure: bool,  # noqa: FBT001 - hypothesis gives it by name
    ) -> None:
        walkthrough = self._walkthrough(number)
        if is_sure:
            self._reset(user, server, walkthrough)
        expected = self.oracle.reports(user, server, walkthrough)
        report = self.loop.run(self.walkers[user, server].status(walkthrough))
        shown = report.steps if report else ()
        assert [(one.id, one.is_done, one.is_current) for one in shown] == expected
        if report is not None:
            counts = (report.completed_steps, report.total_steps, report.percent)
            offered = self.oracle.offered(user, server)[walkthrough]
            assert (report.status.value, *counts) == offered
            assert (report.next_step is None) == (report.percent == 100)

    def _reset(self, user: str, server: str, walkthrough: str) -> None:
        expected = self.oracle.reset(user, server, walkthrough)
        if expected is not None:
            self.done.pop((user, walkthrough), None)
        assert self.loop.run(self.walkers[user, server].reset(walkthrough)) == expected

    # What always holds

    @invariant()
    def everything_reads_as_the_oracle_says(self) -> None:
        if hasattr(self, "walkers"):
            self.loop.run(self._read())

    async def _read(self) -> None:
        async with database.connection(self.author):
            for (user, server), one in self.walkers.items():
                assert {
                    shown.id: (
                        shown.status.value,
                        shown.completed_steps,
                        shown.total_steps,
                        shown.percent,
                    )
                    for shown in await progress.available(one.scope)
                } == self.oracle.offered(user, server)
            completions = await database.fetch(COMPLETIONS)
            [calls] = await database.fetch("SELECT count(*) FROM tool_call")
        names = {one.scope.end_user_id: user for (user, _), one in self.walkers.items()}
        assert sorted((names[row[0]], *row[1:]) for row in map(tuple, completions)) == sorted(
            self.oracle.completions
        )
        assert calls[0] == self.oracle.calls

    def _complete(self, user: str, server: str, step_id: str) -> None:
        expected = self.oracle.advance(user, server, step=step_id)
        self._compare(user, self.walkers[user, server].complete(step_id), expected)

    def _compare(self, user: str, real: Awaitable[Presentation], expected: Told | Refused) -> None:
        answer = self.loop.run(_answered(real))
        assert answer == expected
        self._check_promise(user, answer)

    def _check_promise(self, user: str, answer: Told | Refused) -> None:
        """The promise itself, from nothing but the answers and the steps that there are."""
        shown = answer.what if isinstance(answer, Refused) else answer
        if not isinstance(shown, Told):
            return
        present = self.oracle.steps[shown.walkthrough]
        done = self.done.setdefault((user, shown.walkthrough), set())
        if shown.completed_now:
            place = self.oracle.places[user, shown.walkthrough]
            done.add(place.done[-1])
        assert 0 <= shown.percent <= 100
        assert done & set(present) <= set(self.oracle.done(user, shown.walkthrough))
        if shown.step is None:
            assert set(present) <= done, "stuck: a step is left and none is presented"
        else:
            assert shown.step in present
            assert shown.step not in done, "a finished step is presented again"

    async def _at_once(self, one: Walker, step_id: str, times: int) -> list[Told | Refused]:
        return await asyncio.gather(*(_answered(one.complete(step_id)) for _ in range(times)))

    async def _assign(self, server: str, walkthrough: str) -> None:
        change: Callable[..., Awaitable[object]]
        if (server, walkthrough) in self.oracle.assigned:
            del self.oracle.assigned[server, walkthrough]
            change = assignments.unassign
        else:
            self.oracle.assigned[server, walkthrough] = True
            change = assignments.assign
        await change(self.author, self.server_ids[server], walkthrough_id=walkthrough)

    async def _enable(self, server: str, walkthrough: str, *, is_enabled: bool) -> None:
        await assignments.set_enabled(
            self.author,
            self.server_ids[server],
            walkthrough_id=walkthrough,
            is_enabled=is_enabled,
        )
        self.oracle.assigned[server, walkthrough] = is_enabled

    def _publish(self, walkthrough: str) -> None:
        edited = self.loop.run(walkthroughs.publish(self.author, walkthrough))
        self.oracle.published.add(walkthrough)
        self.oracle.versions[walkthrough] = edited.version

    def begun(self) -> list[tuple[str, Place]]:
        """Who has begun something, and where they are; the most recently active first."""
        places = [
            (user, place) for (user, _), place in self.oracle.places.items() if place.is_started
        ]
        return sorted(places, key=lambda one: -one[1].active_at)

    def under_way(self) -> list[tuple[str, Place]]:
        """Those of them to whom a step is presented."""
        return [(user, place) for user, place in self.begun() if place.presented is not None]

    def _walkthrough(self, number: int) -> str:
        return list(self.oracle.steps)[number % len(SIZES)]

    def _walkthrough_in_use(self, number: int) -> str:
        """Mostly the one that someone was active in last."""
        places = self.oracle.places
        recent = sorted(places, key=lambda one: -places[one].active_at)
        return recent[0][1] if recent and number % 3 else self._walkthrough(number)

    def _step(self, walkthrough: str, number: int) -> str:
        present = self.oracle.steps[walkthrough]
        return present[number % len(present)]


def chosen(options: list[T], number: int) -> T:
    """One of them."""
    return options[number % len(options)]


def _news(answer: Told | Refused) -> bool:
    return isinstance(answer, Told) and answer.was_updated


def _without_news(answer: Told | Refused) -> str:
    """Of calls at once, more than one may tell that the walkthrough was updated."""
    return repr(replace(answer, was_updated=False) if isinstance(answer, Told) else answer)


async def _answered(real: Awaitable[Presentation]) -> Told | Refused:
    try:
        return told(await real)
    except StepNotPresented as refusal:
        return Refused(refusal.code, told(refusal.presentation))
    except WalkthroughUnavailable as unavailable:
        return Refused(unavailable.code, unavailable.title)
    except WalkthroughNotFound as missing:
        return Refused(missing.code, missing.name)
    except ProductError as error:
        return Refused(error.code)


@pytest.mark.timeout(scaled(300))
def test_no_order_of_edits_and_calls_breaks_the_promise(database_url: str) -> None:
    with own_loop(database_url) as loop:
        Campaign.loop = loop
        Campaign.owner = loop.run(asyncpg.connect(database_url))
        try:
            run_state_machine_as_test(
                Campaign,
                settings=settings(
                    max_examples=scaled(100),
                    stateful_step_count=40,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            loop.run(Campaign.owner.close())
