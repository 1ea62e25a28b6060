"""How long a CI takes from an upload to its first verdict, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cibot.errors import UserError
from cibot.health.facts import counts
from cibot.health.intervals import percentile
from cibot.model import Window
from cibot.reports.ci import CiLine, branch_name, line_named
from cibot.reports.context import Context
from cibot.reports.history import MOST_DAYS, dates_of, days_before
from cibot.store.engine import Tx
from cibot.store.latencies import TimedVerdict, first_verdicts

_SAMPLE = 100  # verdicts of a day: enough for its median, and cheap where thousands come
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class LatencyDay:
    """A UTC day's first verdicts, its newest hundred: from upload to verdict.

    ``median`` and ``p95`` are the times within which half and 95 % of them came;
    None on a day without any.
    """

    day: date
    n: int
    median: timedelta | None
    p95: timedelta | None


@dataclass(frozen=True, slots=True)
class Latency:
    """A CI's days, oldest first, without a gap."""

    ci: CiLine
    window: Window
    days: tuple[LatencyDay, ...]


def latency(tx: Tx, ctx: Context, name: str, days: int = 30, branch: str | None = None) -> Latency:
    """The last ``days`` (1..90) UTC days, today included, of the CI that ``name`` means.

    Or those on a branch. Raises UserError when none is meant, or when there are too many days.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UserError(f"latency shows 1 to {MOST_DAYS} days, not {days}.")
    window = days_before(ctx.now, days)
    line = line_named(tx, ctx, name, branch)
    return Latency(line, window, latency_days(tx, ctx, line.id, window, branch_name(line)))


def latency_days(
    tx: Tx, ctx: Context, ci_id: int, window: Window, branch: str | None = None
) -> tuple[LatencyDay, ...]:
    """The UTC days of a window of whole days up to now."""
    dates = dates_of(window)
    spans = [(_begin(day), _begin(day) + timedelta(days=1)) for day in dates]
    by_day: dict[date, list[TimedVerdict]] = {day: [] for day in dates}
    for verdict in first_verdicts(tx, ci_id, spans, _SAMPLE, branch):
        if counts(verdict.pipeline, ctx.config.judgement.uncounted):
            by_day[verdict.posted_at.date()].append(verdict)
    return tuple(_day(day, by_day[day]) for day in dates)


def _begin(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _day(day: date, verdicts: list[TimedVerdict]) -> LatencyDay:
    seconds = sorted(
        max(_ZERO, verdict.posted_at - verdict.uploaded_at).total_seconds() for verdict in verdicts
    )
    if not seconds:
        return LatencyDay(day, 0, None, None)
    half, most = percentile(seconds, 0.5), percentile(seconds, 0.95)
    return LatencyDay(day, len(seconds), timedelta(seconds=half), timedelta(seconds=most))
