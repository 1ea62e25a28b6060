"""A CI's results day by day, or hour by hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from cibot.errors import UserError
from cibot.model import Window
from cibot.reports.ci import CiLine, branch_name, line_named
from cibot.reports.context import Context
from cibot.reports.incidents import IncidentLine, concerns, incidents_since
from cibot.store.engine import Tx
from cibot.store.tally import DAY, HOUR, Counts, buckets

MOST_DAYS = 90
MOST_HOURLY = 14  # days; more points than a chart is wide
Bucket = Literal["day", "hour"]
_NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day's results, every attempt counted. The last day is not over."""

    day: date
    passes: int
    fails: int
    infra: int

    @property
    def share(self) -> float | None:
        """The share that passed, 0..1; None on a day without a pass or a failure."""
        judged = self.passes + self.fails
        return self.passes / judged if judged else None


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour's results from ``at`` (UTC) on, every attempt counted. The last is not over."""

    at: datetime
    passes: int
    fails: int
    infra: int


@dataclass(frozen=True, slots=True)
class History:
    """A CI's days, oldest first, without a gap, and the incidents in them.

    ``hours`` are those of the same window where hours were asked for, else none.
    """

    ci: CiLine
    window: Window
    days: tuple[Day, ...]
    incidents: tuple[IncidentLine, ...]
    hours: tuple[Hour, ...] = ()


def history(
    tx: Tx,
    ctx: Context,
    name: str,
    days: int = 7,
    bucket: Bucket = "day",
    *,
    branch: str | None = None,
) -> History:
    """The last ``days`` UTC days, today included, of the CI that ``name`` means, or on a branch.

    Up to 90, by the hour up to 14. Raises UserError for more, and when no CI or branch is meant.
    """
    most = MOST_DAYS if bucket == "day" else MOST_HOURLY
    if not 1 <= days <= most:
        by_hour = " by the hour" if bucket == "hour" else ""
        raise UserError(f"history shows 1 to {most} days{by_hour}, not {days}.")
    window = days_before(ctx.now, days)
    line = line_named(tx, ctx, name, branch)
    there = branch_name(line)
    return History(
        line,
        window,
        daily(tx, [line.id], window, there)[line.id],
        tuple(
            incident
            for incident in incidents_since(tx, ctx, window.since, line.id)
            if incident.opened_at is not None
            and concerns(incident, line.branches, None if there is None else {there})
        ),
        hourly(tx, line.id, window, there) if bucket == "hour" else (),
    )


def days_before(now: datetime, days: int) -> Window:
    """The window of that many UTC days, today included, up to now."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - timedelta(days=days - 1), now)


def dates_of(window: Window) -> list[date]:
    """The UTC days that a window touches, oldest first."""
    length = (window.until.date() - window.since.date()).days + 1
    return [window.since.date() + timedelta(days=place) for place in range(length)]


def daily(
    tx: Tx, ci_ids: Collection[int], window: Window, branch: str | None = None
) -> dict[int, tuple[Day, ...]]:
    """The UTC days of some CIs that touch the window, oldest first, without a gap; on a branch."""
    counted = {
        (bucket.ci_id, bucket.start.date()): bucket.counts
        for bucket in buckets(tx, ci_ids, DAY, window.since, window.until, branch)
    }
    return {
        ci: tuple(Day(day, *counted.get((ci, day), _NOTHING)[:3]) for day in dates_of(window))
        for ci in ci_ids
    }


def hourly(tx: Tx, ci_id: int, window: Window, branch: str | None = None) -> tuple[Hour, ...]:
    """A CI's hours, or those on a branch, oldest first, without a gap."""
    counted = {
        bucket.start: bucket.counts
        for bucket in buckets(tx, [ci_id], HOUR, window.since, window.until, branch)
    }
    length = int((window.until - window.since) / timedelta(hours=1)) + 1
    hours = [window.since + timedelta(hours=place) for place in range(length)]
    return tuple(Hour(at, *counted.get(at, _NOTHING)[:3]) for at in hours if at < window.until)
