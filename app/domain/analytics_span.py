"""Which time analytics are about, in whole intervals: pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.core.errors import Invalid

MOST_DAYS: Final = 366
MOST_INTERVALS: Final = 94  # 92 days, and one more at each end that is begun only
_YEARS: Final = range(2000, 2101)
_MONDAY: Final = datetime(2000, 1, 3, tzinfo=UTC)


class ChartInterval(StrEnum):
    """How long one point of a chart lasts. All of them begin and end by UTC."""

    FIVE_MINUTES = "five_minutes"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return _LENGTHS[self]


class RecentSpan(StrEnum):
    """The times that charts are most often about; each ends with the interval that is running."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_LENGTHS: Final = {
    ChartInterval.FIVE_MINUTES: timedelta(minutes=5),
    ChartInterval.HOUR: timedelta(hours=1),
    ChartInterval.DAY: timedelta(days=1),
    ChartInterval.WEEK: timedelta(weeks=1),
}
_LATEST: Final = {
    RecentSpan.HOUR: (ChartInterval.FIVE_MINUTES, 12),
    RecentSpan.DAY: (ChartInterval.HOUR, 24),
    RecentSpan.WEEK: (ChartInterval.DAY, 7),
    RecentSpan.MONTH: (ChartInterval.DAY, 30),
}
# Up to this long, in intervals of that length.
_CHOICES: Final = (
    (timedelta(hours=6), ChartInterval.FIVE_MINUTES),
    (timedelta(days=3), ChartInterval.HOUR),
    (timedelta(days=92), ChartInterval.DAY),
    (timedelta(days=MOST_DAYS), ChartInterval.WEEK),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `since` up to but not including `until`; both are where an interval begins."""

    since: datetime
    until: datetime
    interval: ChartInterval

    @property
    def starts(self) -> Iterator[datetime]:
        """When each of its intervals begins."""
        start = self.since
        while start < self.until:
            yield start
            start += self.interval.length

    @property
    def hours(self) -> "Span":
        """The same widened to whole hours, which is how runs are counted."""
        if self.interval is not ChartInterval.FIVE_MINUTES:
            return self
        return _widened(self.since, self.until, ChartInterval.HOUR)


def latest(length: RecentSpan, now: datetime) -> Span:
    """The interval that is running at `now` and those before it."""
    interval, number = _LATEST[length]
    until = _floor(now, interval) + interval.length
    return Span(since=until - number * interval.length, until=until, interval=interval)


def between(since: datetime, until: datetime) -> Span:
    """The time from `since` to `until`, widened to whole intervals; without an offset it is UTC.

    Raises Invalid.
    """
    since, until = _aware(since, "since"), _aware(until, "until")
    if since >= until:
        message = "until must be later than since."
        raise Invalid(message, field="until", code="out_of_range")
    for length, interval in _CHOICES:
        if until - since <= length:
            return _widened(since, until, interval)
    message = f"From since to until there can be at most {MOST_DAYS} days."
    raise Invalid(message, field="until", code="out_of_range")


def _widened(since: datetime, until: datetime, interval: ChartInterval) -> Span:
    begun = _floor(until, interval)
    return Span(
        since=_floor(since, interval),
        until=until if begun == until else begun + interval.length,
        interval=interval,
    )


def _floor(moment: datetime, interval: ChartInterval) -> datetime:
    return moment - (moment - _MONDAY) % interval.length


def _aware(moment: datetime, field: str) -> datetime:
    if moment.year not in _YEARS:
        message = f"{field} must be in the years from {_YEARS.start} to {_YEARS.stop - 1}."
        raise Invalid(message, field=field, code="out_of_range")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
