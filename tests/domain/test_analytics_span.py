"""Which time charts are about."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.domain.analytics_span import (
    MOST_DAYS,
    MOST_INTERVALS,
    ChartInterval,
    RecentSpan,
    between,
    latest,
)

NOW = datetime(2026, 11, 19, 14, 37, 12, tzinfo=UTC)  # a Thursday
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the time zone
LENGTHS = st.timedeltas(timedelta(microseconds=1), timedelta(days=MOST_DAYS))


@pytest.mark.parametrize(
    ("length", "since", "until", "interval", "number"),
    [
        (RecentSpan.HOUR, "2026-11-19T13:40", "2026-11-19T14:40", ChartInterval.FIVE_MINUTES, 12),
        (RecentSpan.DAY, "2026-11-18T15:00", "2026-11-19T15:00", ChartInterval.HOUR, 24),
        (RecentSpan.WEEK, "2026-11-13T00:00", "2026-11-20T00:00", ChartInterval.DAY, 7),
        (RecentSpan.MONTH, "2026-10-21T00:00", "2026-11-20T00:00", ChartInterval.DAY, 30),
    ],
)
def test_the_last_interval_is_the_one_that_is_running(
    length: RecentSpan, since: str, until: str, interval: ChartInterval, number: int
) -> None:
    span = latest(length, NOW)
    assert (span.since.isoformat()[:16], span.until.isoformat()[:16]) == (since, until)
    assert span.interval is interval
    assert len(list(span.starts)) == number


@pytest.mark.parametrize(
    ("length", "interval"),
    [
        (timedelta(minutes=1), ChartInterval.FIVE_MINUTES),
        (timedelta(hours=6), ChartInterval.FIVE_MINUTES),
        (timedelta(hours=6, seconds=1), ChartInterval.HOUR),
        (timedelta(days=3), ChartInterval.HOUR),
        (timedelta(days=3, seconds=1), ChartInterval.DAY),
        (timedelta(days=92), ChartInterval.DAY),
        (timedelta(days=92, seconds=1), ChartInterval.WEEK),
        (timedelta(days=366), ChartInterval.WEEK),
    ],
)
def test_a_longer_time_has_longer_intervals(length: timedelta, interval: ChartInterval) -> None:
    assert between(NOW, NOW + length).interval is interval


@given(MOMENTS, LENGTHS)
def test_a_span_holds_the_time_asked_for_in_whole_intervals_and_not_too_many(
    since: datetime, length: timedelta
) -> None:
    span = between(since, since + length)
    assert since - span.interval.length < span.since <= since
    assert since + length <= span.until < since + length + span.interval.length
    starts = list(span.starts)
    assert len(starts) <= MOST_INTERVALS
    assert starts[0] == span.since
    assert starts[-1] + span.interval.length == span.until


def test_whole_intervals_are_left_as_they_are() -> None:
    since = datetime(2026, 11, 16, tzinfo=UTC)
    span = between(since, since + timedelta(days=4))
    assert (span.since, span.until) == (since, since + timedelta(days=4))


def test_a_week_begins_on_monday() -> None:
    span = between(NOW - timedelta(days=200), NOW)
    assert {start.weekday() for start in span.starts} == {0}


def test_intervals_are_those_of_utc_whatever_the_offset() -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    assert between(NOW.astimezone(kathmandu), NOW + timedelta(days=1)) == between(
        NOW, NOW + timedelta(days=1)
    )
    assert between(NOW.replace(tzinfo=None), NOW + timedelta(days=1)) == between(
        NOW, NOW + timedelta(days=1)
    )


def test_runs_are_counted_by_whole_hours() -> None:
    span = between(NOW, NOW + timedelta(minutes=30)).hours
    assert (span.since.minute, span.until.minute, span.until.hour) == (0, 0, 16)


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        (NOW, NOW, "until"),
        (NOW, NOW - timedelta(seconds=1), "until"),
        (NOW, NOW + timedelta(days=366, seconds=1), "until"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), NOW, "since"),
        (NOW, datetime(9999, 12, 31, tzinfo=timezone(timedelta(hours=-12))), "until"),
    ],
)
def test_a_time_that_is_none_is_refused(since: datetime, until: datetime, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        between(since, until)
    assert (refusal.value.field, refusal.value.code) == (field, "out_of_range")
