"""Figures for charts, against what is known to have happened."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from app.core.enums import KeyScope, TicketStatus
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.scope import MemberScope
from app.domain import analytics, api_keys
from app.domain.admission import api_key
from app.domain.analytics import View
from app.domain.analytics_span import RecentSpan, between, latest
from app.domain.permissions import NotPermitted
from tests.support.figures import Logged, analyst, log, newcomer, rolled_up
from tests.support.scale import scaled
from tests.support.walking import sibling
from tests.support.world import World, make_world

BEGAN = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(params=[True, False], ids=["rolled up", "in the log"])
async def settle(request: pytest.FixtureRequest, owner: asyncpg.Connection) -> "Settle":
    """Rolls up in half of the tests' runs: figures are the same."""
    return Settle(owner, is_rolled_up=request.param)


class Settle:
    """What happens between the log and the reading."""

    def __init__(self, owner: asyncpg.Connection, *, is_rolled_up: bool) -> None:
        self._owner = owner
        self._is_rolled_up = is_rolled_up

    async def __call__(self) -> None:
        if self._is_rolled_up:
            await rolled_up(self._owner)


async def seen(
    world: World, since: datetime, until: datetime, *, server_id: str | None = None
) -> tuple[MemberScope, View]:
    """Whoever looks at the figures of this time, and what they look at."""
    scope = await analyst(world)
    return scope, await analytics.view(scope, between(since, until), server_id=server_id)


async def test_calls_are_told_by_tool_outcome_and_interval(world: World, settle: Settle) -> None:
    await log(
        world.owner, world,
        Logged(BEGAN, outcome="ok"),
        Logged(BEGAN + HOUR, outcome="refused"),
        Logged(BEGAN + DAY, outcome="error"),
        Logged(BEGAN + DAY, tool="get_support"),
    )  # fmt: skip
    await settle()
    every, *tools = await analytics.calls(*await seen(world, BEGAN, BEGAN + 4 * DAY))
    assert [(one.tool, one.total.calls) for one in tools] == [
        ("get_next_step", 3),
        ("get_support", 1),
    ]
    assert (every.total.ok, every.total.refused, every.total.error) == (2, 1, 1)
    assert [one.figures.calls for one in every.buckets] == [2, 2, 0, 0, 0]
    assert [one.figures.ok for one in tools[0].buckets] == [1, 0, 0, 0, 0]
    assert [one.start for one in every.buckets][:2] == [
        datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 10, 6, tzinfo=UTC)
    ]  # fmt: skip
    assert (every.buckets[4].figures.p50_ms, every.buckets[4].figures.p95_ms) == (None, None)


@pytest.mark.parametrize("hours", [6, 48], ids=["by moment", "by hour"])
async def test_the_beginning_is_in_a_time_and_the_end_is_not(
    world: World, settle: Settle, hours: int
) -> None:
    until = BEGAN + timedelta(hours=hours)
    instant = timedelta(microseconds=1)
    told = [Logged(at) for at in (BEGAN - instant, BEGAN, until - instant, until)]
    await log(world.owner, world, *told)
    await settle()
    every, *_ = await analytics.calls(*await seen(world, BEGAN, until))
    assert every.total.calls == 2
    assert (every.buckets[0].figures.calls, every.buckets[-1].figures.calls) == (1, 1)


async def test_the_running_interval_has_what_happened_just_now(
    world: World, settle: Settle
) -> None:
    now = BEGAN + timedelta(minutes=59, seconds=59)
    await log(world.owner, world, Logged(now))
    await settle()
    scope = await analyst(world)
    for length in RecentSpan:
        view = await analytics.view(scope, latest(length, now))
        every, *_ = await analytics.calls(scope, view)
        assert every.buckets[-1].figures.calls == every.total.calls == 1


async def test_no_calls_give_zeros(world: World) -> None:
    every, *tools = await analytics.calls(*await seen(world, BEGAN, BEGAN + DAY))
    assert tools == []
    assert len(every.buckets) == 24
    assert {one.figures for one in every.buckets} == {every.total}
    assert (every.total.calls, every.total.p50_ms) == (0, None)


async def test_a_server_has_its_own_figures_and_all_have_the_sum(
    world: World, settle: Settle
) -> None:
    labs = await sibling(world)
    ann, ben = await newcomer(world), await newcomer(world)
    told = (Logged(BEGAN, end_user_id=ann), Logged(BEGAN, end_user_id=ben))
    await log(world.owner, world, *told)
    await log(world.owner, world, Logged(BEGAN, end_user_id=ann), server_id=labs.server_id)
    await settle()
    found = []
    for server_id in (None, world.server_id, labs.server_id):
        look = await seen(world, BEGAN, BEGAN + DAY, server_id=server_id)
        every, *_ = await analytics.calls(*look)
        users = await analytics.end_users(*look)
        found.append((every.total.calls, users.total))
    assert found == [(3, 2), (2, 2), (1, 1)]


async def test_an_end_user_counts_once_in_an_interval_and_once_in_all(
    world: World, settle: Settle
) -> None:
    ann, ben = await newcomer(world), await newcomer(world)
    for day, who in ((0, ann), (0, ann), (0, ben), (2, ann), (2, None)):
        await log(world.owner, world, Logged(BEGAN + day * DAY, end_user_id=who))
    await settle()
    users = await analytics.end_users(*await seen(world, BEGAN, BEGAN + 4 * DAY))
    assert (users.total, [one.count for one in users.buckets]) == (2, [2, 0, 1, 0, 0])


async def test_connections_count_when_they_were_opened(world: World) -> None:
    for minutes in (-1, 0, 1, 24 * 60):
        await world.owner.execute(
            "INSERT INTO session (id, organization_id, server_id, kind, client_name,"
            " client_version, connected_at, last_seen_at)"
            " VALUES ($1, $2, $3, 'visit', '', '', $4, $4)",
            new_id("mcps"), world.organization_id, world.server_id,
            BEGAN + timedelta(minutes=minutes),
        )  # fmt: skip
    found = await analytics.connections(*await seen(world, BEGAN, BEGAN + DAY))
    assert (found.total, found.buckets[0].count) == (2, 2)


async def test_tickets_are_told_by_interval_and_status_with_the_time_they_took(
    world: World,
) -> None:
    scope, view = await seen(world, BEGAN, BEGAN + 4 * DAY)
    # (status, minutes until the first answer, minutes until it was resolved first)
    opened = [
        (TicketStatus.PENDING, None, None),
        (TicketStatus.IN_PROGRESS, 10, None),
        (TicketStatus.RESOLVED, 20, 60),
        (TicketStatus.CLOSED, 90, 120),
    ]
    for number, (status, answered, resolved) in enumerate(opened, start=1):
        await ticket(world, number, BEGAN + number * DAY - DAY, status, (answered, resolved))
    await ticket(world, 5, BEGAN - DAY, TicketStatus.PENDING, (1, 1))
    found = await analytics.tickets(scope, view)
    assert [one.count for one in found.opened.buckets] == [1, 1, 1, 1, 0]
    assert found.opened.total == 4
    assert found.by_status == dict.fromkeys(TicketStatus, 1)
    assert (found.median_answer_seconds, found.median_resolution_seconds) == (1200.0, 3600.0)


async def ticket(
    world: World,
    number: int,
    at: datetime,
    status: TicketStatus,
    minutes: tuple[int | None, int | None],
) -> None:
    """Open a ticket, answer it twice and resolve it twice after so many minutes."""
    ticket_id = new_id("sr")
    await world.owner.execute(
        "INSERT INTO ticket (id, organization_id, number, title, problem, email, fingerprint,"
        " status, priority, server_id, revision, created_at, updated_at)"
        " VALUES ($1, $2, $3, 'Help', 'It fails', 'ann@example.com', $1, $4, 'low', $5, 1, $6, $6)",
        ticket_id, world.organization_id, number, status.value, world.server_id, at,
    )  # fmt: skip
    detail = '{"changes": [{"field": "status", "before": "pending", "after": "resolved"}]}'
    for kind, after in zip(("comment", "status_change"), minutes, strict=True):
        if after is None:
            continue
        for times in (1, 2):
            await world.owner.execute(
                "INSERT INTO activity (id, organization_id, ticket_id, type, author_kind,"
                " author_id, author_name, body, detail, created_at)"
                " VALUES ($1, $2, $3, $4, 'user', 'usr_1', 'Olga', $5, $6, $7)",
                new_id("sta"), world.organization_id, ticket_id, kind,
                "Look here." if kind == "comment" else None,
                "{}" if kind == "comment" else detail,
                at + times * timedelta(minutes=after),
            )  # fmt: skip


async def test_without_tickets_there_is_no_time_that_they_took(world: World) -> None:
    found = await analytics.tickets(*await seen(world, BEGAN, BEGAN + DAY))
    assert found.by_status == dict.fromkeys(TicketStatus, 0)
    assert (found.opened.total, found.median_answer_seconds) == (0, None)


async def test_whoever_may_not_see_figures_sees_none(world: World) -> None:
    issued = await api_keys.issue(await analyst(world), name="Desk", scopes=(KeyScope.TICKETS,))
    scope = await api_key(issued.token.reveal())
    with pytest.raises(NotPermitted):
        await analytics.view(scope, latest(RecentSpan.DAY, BEGAN))


async def test_a_strangers_server_and_walkthrough_are_not_found(
    world: World, owner: asyncpg.Connection
) -> None:
    other = await make_world(owner, slug="other-docs")
    guide = await other.guide()
    scope, view = await seen(world, BEGAN, BEGAN + DAY)
    with pytest.raises(NotFound):
        await analytics.view(scope, view.span, server_id=other.server_id)
    for read in (analytics.funnel(scope, view, guide.id),
                 analytics.tickets(scope, view, walkthrough_id=guide.id)):  # fmt: skip
        with pytest.raises(NotFound):
            await read


VALUES = """
SELECT max(abs(histogram_value(histogram_bucket(v)) / v - 1))
FROM unnest($1::float8[]) AS u (v)
"""


async def test_a_value_of_the_histogram_is_less_than_five_percent_off(
    owner: asyncpg.Connection,
) -> None:
    draw = random.Random(7)
    values = [10 ** draw.uniform(-1, 6.4) for _ in range(20_000)]
    edges = [1.1**n for n in range(-24, 155)]
    assert await owner.fetchval(VALUES, values + edges) < 0.05


SKEWED: dict[str, Callable[[random.Random], float]] = {
    "narrow": lambda draw: draw.gauss(20, 1),
    "long tail": lambda draw: draw.lognormvariate(1, 1.5),
    "two humps": lambda draw: draw.choice([0.4, 900.0]) * draw.uniform(0.8, 1.2),
    "rare giants": lambda draw: 40_000.0 if draw.random() < 0.06 else draw.expovariate(1),
    "all alike": lambda _: 12.5,
}


@pytest.mark.parametrize("shape", SKEWED)
async def test_percentiles_are_within_five_percent_of_the_exact_ones(
    world: World, settle: Settle, shape: str
) -> None:
    draw = random.Random(shape)
    for size in [1, 2, 3, 19, 20, 21, scaled(400, 5000)]:
        await world.owner.execute("TRUNCATE tool_call, counted_call")
        durations = [min(max(SKEWED[shape](draw), 0.1), 60_000.0) for _ in range(size)]
        await log(world.owner, world, *(Logged(BEGAN, duration_ms=one) for one in durations))
        await settle()
        every, *_ = await analytics.calls(*await seen(world, BEGAN, BEGAN + DAY))
        exact = await world.owner.fetchrow(
            "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms),"
            " percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) FROM tool_call"
        )
        assert exact is not None
        assert every.total.p50_ms == pytest.approx(exact[0], rel=0.05)
        assert every.total.p95_ms == pytest.approx(exact[1], rel=0.05)
