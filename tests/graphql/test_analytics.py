"""Charts as frontends ask for them."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.core import clock
from app.core.enums import KeyScope
from app.models.engine import Unit
from tests.support.figures import Logged, log, newcomer, rolled_up, walked
from tests.support.graph import Graph, with_key
from tests.support.world import World, make_world

FIGURES = "calls ok refused error p50Ms p95Ms"
SERIES = "total buckets { start count }"
EVERYTHING = f"""
query Charts($range: AnalyticsRangeInput!, $server: ID, $walkthrough: ID!) {{
  analytics(range: $range, serverId: $server) {{
    since until interval
    calls {{
      total {{ {FIGURES} }}
      buckets {{ start figures {{ {FIGURES} }} }}
      tools {{ tool total {{ {FIGURES} }} buckets {{ start figures {{ calls }} }} }}
    }}
    connections {{ {SERIES} }}
    endUsers {{ {SERIES} }}
    funnel(walkthroughId: $walkthrough) {{
      since until started finished completionRate medianSeconds
      steps {{ stepId title position reached completed dropped medianSeconds }}
    }}
    walkthroughs {{ walkthroughId started finished completionRate walkthrough {{ title }} }}
    tickets {{
      opened {{ {SERIES} }} byStatus {{ status count }}
      medianAnswerSeconds medianResolutionSeconds
    }}
  }}
}}
"""


@pytest.fixture
async def charts(world: World) -> Graph:
    """A script of the world's organization."""
    return await with_key(f"{world.slug}-org")


async def test_a_dashboard_is_one_query(world: World, charts: Graph) -> None:
    guide = await world.guide(2)
    ann = await walked(world, guide, at=clock.now())
    await log(world.owner, world, Logged(clock.now(), end_user_id=ann, outcome="refused"))
    data = await charts.ask(EVERYTHING, range={"last": "MONTH"}, walkthrough=guide.id)
    found = data["analytics"]
    assert found["interval"] == "DAY"
    assert len(found["calls"]["buckets"]) == len(found["endUsers"]["buckets"]) == 30
    total = found["calls"]["total"]
    assert (total["calls"], total["ok"], total["refused"], total["error"]) == (2, 1, 1, 0)
    assert total["p50Ms"] == pytest.approx(3, rel=0.05)
    assert [one["tool"] for one in found["calls"]["tools"]] == [
        "get_next_step",
        "start_walkthrough",
    ]
    assert found["endUsers"]["total"] == 1
    assert found["connections"]["total"] == 0
    assert found["funnel"]["steps"][0] == {
        "stepId": guide.steps[0],
        "title": "Step 1",
        "position": 1,
        "reached": 1,
        "completed": 0,
        "dropped": 1,
        "medianSeconds": None,
    }
    assert found["walkthroughs"] == [
        {
            "walkthroughId": guide.id,
            "started": 1,
            "finished": 0,
            "completionRate": 0.0,
            "walkthrough": {"title": guide.title},
        }
    ]
    assert [one["count"] for one in found["tickets"]["byStatus"]] == [0, 0, 0, 0]


async def test_a_time_of_ones_own_is_told_as_it_was_widened(world: World, charts: Graph) -> None:
    asked = {"since": "2026-10-05T09:30:00+02:00", "until": "2026-10-06T09:30:00Z"}
    query = (
        "query Q($r: AnalyticsRangeInput!) { analytics(range: $r)"
        " { since until interval connections { buckets { start count } } } }"
    )
    found = (await charts.ask(query, r=asked))["analytics"]
    assert found["since"] == "2026-10-05T07:00:00+00:00"
    assert found["until"] == "2026-10-06T10:00:00+00:00"
    assert found["interval"] == "HOUR"
    assert len(found["connections"]["buckets"]) == 27
    begun = datetime.fromisoformat(found["connections"]["buckets"][0]["start"])
    assert begun.isoformat() == found["since"]


async def test_without_an_end_a_time_lasts_until_now(world: World, charts: Graph) -> None:
    since = (clock.now() - timedelta(days=10)).isoformat()
    query = "query Q($r: AnalyticsRangeInput!) { analytics(range: $r) { until interval } }"
    found = (await charts.ask(query, r={"since": since}))["analytics"]
    assert found["interval"] == "DAY"
    assert datetime.fromisoformat(found["until"]) - clock.now() <= timedelta(days=1)


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({}, "range", "INVALID"),
        ({"until": "2026-10-05T00:00:00Z"}, "range", "INVALID"),
        ({"last": "DAY", "since": "2026-10-05T00:00:00Z"}, "range", "INVALID"),
        ({"last": "DAY", "until": "2026-10-05T00:00:00Z"}, "range", "INVALID"),
        ({"since": "2026-10-05T00:00:00Z", "until": "2026-10-05T00:00:00Z"}, "until",
         "OUT_OF_RANGE"),
        ({"since": "2025-10-01T00:00:00Z", "until": "2026-10-05T00:00:00Z"}, "until",
         "OUT_OF_RANGE"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since", "OUT_OF_RANGE"),
        ({"since": "9999-12-31T23:59:59-12:00"}, "since", "OUT_OF_RANGE"),
    ],
)  # fmt: skip
async def test_a_time_that_is_none_is_refused(
    world: World, charts: Graph, asked: dict[str, Any], field: str, code: str
) -> None:
    query = "query Q($r: AnalyticsRangeInput!) { analytics(range: $r) { since } }"
    answer = await charts.answer(query, r=asked)
    [error] = answer["errors"]
    assert error["extensions"] == {"code": code, "field": field}


async def test_what_is_not_there_and_what_is_a_strangers_read_alike(
    world: World, charts: Graph, owner: asyncpg.Connection
) -> None:
    other = await make_world(owner, slug="other-docs")
    guide = await other.guide()
    await walked(other, guide, at=clock.now())
    server = "query Q($id: ID!) { analytics(range: {last: DAY}, serverId: $id) { since } }"
    parts = (
        "query Q($id: ID!) { analytics(range: {last: DAY}) { calls { total { calls } }"
        " funnel(walkthroughId: $id) { started } tickets(walkthroughId: $id) { byStatus { count } }"
        " } }"
    )
    for server_id, guide_id in ((other.server_id, guide.id), ("srv_none", "wt_none")):
        assert await charts.ask(server, id=server_id) == {"analytics": None}
        found = (await charts.ask(parts, id=guide_id))["analytics"]
        assert found == {"calls": {"total": {"calls": 0}}, "funnel": None, "tickets": None}


async def test_a_chart_takes_one_statement_however_much_there_is(
    world: World, charts: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    send = Unit._send

    async def counted(unit: Unit, sql: str, args: Any) -> Any:
        statements.append(sql)
        return await send(unit, sql, args)

    async def count() -> int:
        statements.clear()
        asked = {"server": world.server_id, "walkthrough": guide.id}
        await charts.ask(EVERYTHING, range={"last": "WEEK"}, **asked)
        return sum("set_config" not in sql for sql in statements)

    guide = await world.guide(3)
    monkeypatch.setattr(Unit, "_send", counted)
    await charts.ask("{ viewer { id } }")  # the key's last use is written once a minute
    await walked(world, guide, at=clock.now())
    few = await count()
    for number in range(6):
        more = await world.guide(2, title=f"Guide {number}")
        await walked(world, more, at=clock.now())
        told = Logged(clock.now(), tool=f"tool {number}", end_user_id=await newcomer(world))
        await log(world.owner, world, told)
    await rolled_up(world.owner)
    assert await count() == few
    assert few <= 11  # the key, the server, the walkthrough, six charts, the walkthroughs' titles


async def test_charts_cost_what_they_have_points(graph: Graph) -> None:
    one = "a: analytics(range: {last: DAY}) { calls { tools { buckets { start } } } }"
    answer = await graph.answer(f"{{ {one} }}")
    cost = answer["extensions"]["cost"]["requested"]
    assert 900 < cost < 1100
    many = " ".join(one.replace("a:", f"a{number}:") for number in range(6))
    refused = await graph.answer(f"{{ {many} }}")
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"COST_LIMIT"}


async def test_a_key_for_reading_reads_figures_and_one_for_tickets_does_not(world: World) -> None:
    query = "{ analytics(range: {last: DAY}) { since } }"
    for scope in KeyScope:
        reader = await with_key(f"{world.slug}-org", scope)
        answer = await reader.answer(query)
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        assert codes == ([] if scope is KeyScope.READ else ["NOT_PERMITTED"])
