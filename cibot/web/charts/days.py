"""A CI's pass rate by day, with its reference's, with its incidents, as SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cibot.health.intervals import wilson
from cibot.reports.history import Day
from cibot.reports.incidents import IncidentLine
from cibot.text import figures
from cibot.web.charts import plot

_ENOUGH = 20  # results for a point; a day with fewer borrows from the days before it
_MOST_POOLED = 7  # days


@dataclass(frozen=True, slots=True)
class _Point:
    day: Day
    share: float
    low: float
    high: float


def history_chart(
    days: Sequence[Day], others: Sequence[Day], incidents: Sequence[IncidentLine], label: str
) -> Markup:
    """The chart over ``days``; ``others`` are the reference's days, empty without a reference."""
    dates = [day.day for day in days]
    axis = plot.Axis.over(dates)
    parts = [
        *(plot.level(_y(share), f"{share:.0%}".replace("%", " %")) for share in _LEVELS),
        *plot.days_below(axis, dates),
        *plot.incidents_behind(axis, incidents),
        *_rate(axis, others, "ref"),
        *_rate(axis, days, "own"),
        *(plot.hover(axis, day.day, _hover_text(day)) for day in days),
    ]
    return plot.chart_of(label, parts, named=bool(incidents))


_LEVELS = (0, 0.25, 0.5, 0.75, 1)


def chart_in_words(
    name: str, days: Sequence[Day], reference: str | None, others: Sequence[Day]
) -> str:
    """What the chart shows, for those who hear it."""
    said = f"{name} passed {_share(days)} in {len(days)} days"
    return f"{said}, {reference} {_share(others)}" if reference else said


def _share(days: Sequence[Day]) -> str:
    passes, fails = sum(day.passes for day in days), sum(day.fails for day in days)
    return figures.percent(passes / (passes + fails)) if passes + fails else "nothing"


def _hover_text(day: Day) -> str:
    """A day's figures, for the pointer."""
    if day.passes + day.fails + day.infra == 0:
        return f"{plot.day_words(day.day)}: no results"
    said = f"{plot.day_words(day.day)}: {day.passes} passed, {day.fails} failed"
    return f"{said}, {day.infra} broke by themselves" if day.infra else said


def _y(share: float) -> float:
    return plot.BOTTOM - (plot.BOTTOM - plot.TOP) * share


def _rate(axis: plot.Axis, days: Sequence[Day], kind: str) -> Iterator[Markup]:
    """Its interval as a band and its rate as a line, broken where there was nothing."""
    for run in _runs(days):
        middle = [(axis.noon(point.day.day), _y(point.share)) for point in run]
        if len(run) == 1:
            x, y = middle[0]
            yield plot.stroke(f"{kind}-bar", f"M{x:.1f} {_y(run[0].low):.1f}V{_y(run[0].high):.1f}")
            yield plot.dot(kind, x, y)
            continue
        upper = [(axis.noon(point.day.day), _y(point.high)) for point in run]
        lower = [(axis.noon(point.day.day), _y(point.low)) for point in run]
        yield plot.stroke(f"{kind}-band", plot.path([*upper, *reversed(lower)]) + "z")
        yield plot.stroke(f"{kind}-line", plot.path(middle))


def _runs(days: Sequence[Day]) -> Iterator[list[_Point]]:
    """Points without a break; a weekend without results breaks nothing, three days do."""
    run: list[_Point] = []
    empty = 0
    for place, day in enumerate(days):
        if day.share is None:
            empty += 1
            continue
        if run and empty > _WEEKEND:
            yield run
            run = []
        empty = 0
        run.append(_pooled(days[: place + 1]))
    if run:
        yield run


_WEEKEND = 2  # days


def _pooled(days: Sequence[Day]) -> _Point:
    """The last day, together with as many days before it as give enough results for a rate."""
    passes = n = 0
    for day in reversed(days[-_MOST_POOLED:]):
        passes, n = passes + day.passes, n + day.passes + day.fails
        if n >= _ENOUGH:
            break
    return _Point(days[-1], passes / n, *wilson(passes, n))
