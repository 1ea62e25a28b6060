"""A CI's pass rate by day beside its reference's, with its incidents, as SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from cibot.health.intervals import wilson
from cibot.reports import text
from cibot.reports.history import Day
from cibot.reports.incidents import Incident

_WIDE, _TALL = 1140, 214
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 1130, 26, 182


_ENOUGH = 20  # results for a point; a day with fewer borrows from the days before it
_MOST_POOLED = 7  # days


@dataclass(frozen=True, slots=True)
class _Point:
    day: Day
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Axis:
    since: datetime
    until: datetime

    def x(self, moment: datetime) -> float:
        share = (moment - self.since) / (self.until - self.since)
        return _LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, share))

    def day(self, day: Day) -> float:
        return self.x(_noon(day))


def history_chart(
    days: Sequence[Day], beside: Sequence[Day], incidents: Sequence[Incident], label: str
) -> Markup:
    """The chart over ``days``; ``beside`` are the reference's, empty where there is none."""
    begin = datetime.combine(days[0].day, datetime.min.time(), UTC)
    axis = _Axis(begin, begin + timedelta(days=len(days)))
    parts = [
        *_grid(axis, days),
        *(part for one in incidents for part in _incident(axis, one)),
        *_rate(axis, beside, "ref"),
        *_rate(axis, days, "own"),
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDE, _TALL, label, Markup("").join(parts))


def chart_in_words(
    name: str, days: Sequence[Day], reference: str | None, beside: Sequence[Day]
) -> str:
    """What the chart shows, for those who hear it."""
    said = f"{name} passed {_share(days)} in {len(days)} days"
    return f"{said}, {reference} {_share(beside)}" if reference else said


def _share(days: Sequence[Day]) -> str:
    passes, fails = sum(one.passes for one in days), sum(one.fails for one in days)
    return text.percent(passes / (passes + fails)) if passes + fails else "nothing"


def _noon(day: Day) -> datetime:
    return datetime.combine(day.day, datetime.min.time(), UTC) + timedelta(hours=12)


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share


def _grid(axis: _Axis, days: Sequence[Day]) -> Iterator[Markup]:
    for share in (0, 0.25, 0.5, 0.75, 1):
        height = _y(share)
        yield Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(_LEFT, height, _RIGHT)
        yield Markup('<text x="{}" y="{:.1f}" text-anchor="end">{:.0f} %</text>').format(
            _LEFT - 6, height + 4, share * 100
        )
    for place, day in enumerate(days):
        if (len(days) - 1 - place) % 5 == 0:
            yield Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{} {:%b}</text>').format(
                axis.day(day), _BOTTOM + 20, day.day.day, day.day
            )


def _incident(axis: _Axis, one: Incident) -> Iterator[Markup]:
    """Its time as a tinted band; its number stands above the plot, where no line runs."""
    if one.opened_at is None or (one.resolved_at and one.resolved_at < axis.since):
        return
    left, right = axis.x(one.opened_at), axis.x(one.resolved_at or axis.until)
    kind = "silent" if one.kind == "silent" else "failing"
    yield Markup('<rect class="band {}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
        kind, left, _TOP, max(2.0, right - left), _BOTTOM - _TOP
    )
    yield Markup('<path class="edge {}" d="M{:.1f} {}V{}"/>').format(kind, left, _TOP - 4, _BOTTOM)
    late = left > (_LEFT + _RIGHT) / 2
    yield Markup('<text class="{}" x="{:.1f}" y="{}" text-anchor="{}">#{} {}</text>').format(
        kind, left, _TOP - 10, "end" if late else "start", one.id, one.kind
    )


def _rate(axis: _Axis, days: Sequence[Day], kind: str) -> Iterator[Markup]:
    """Its interval as a band and its rate as a line, broken where there was nothing."""
    for run in _runs(days):
        if len(run) == 1:
            yield Markup('<circle class="{}-dot" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(
                kind, axis.day(run[0].day), _y(run[0].share)
            )
            continue
        upper = [(axis.day(one.day), _y(one.high)) for one in run]
        lower = [(axis.day(one.day), _y(one.low)) for one in run]
        middle = [(axis.day(one.day), _y(one.share)) for one in run]
        band = _path([*upper, *reversed(lower)])
        yield Markup('<path class="{}-band" d="{}z"/>').format(kind, band)
        yield Markup('<path class="{}-line" d="{}"/>').format(kind, _path(middle))


def _runs(days: Sequence[Day]) -> Iterator[list[_Point]]:
    """Points without a break; one day without results breaks nothing, two do."""
    run: list[_Point] = []
    empty = 0
    for place, day in enumerate(days):
        if day.share is None:
            empty += 1
            continue
        if run and empty > 1:
            yield run
            run = []
        empty = 0
        run.append(_pooled(days[: place + 1]))
    if run:
        yield run


def _pooled(days: Sequence[Day]) -> _Point:
    """The last day with those before it, as many as give enough results to say anything."""
    passes = n = 0
    for day in reversed(days[-_MOST_POOLED:]):
        passes, n = passes + day.passes, n + day.passes + day.fails
        if n >= _ENOUGH:
            break
    return _Point(days[-1], passes / n, *wilson(passes, n))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
