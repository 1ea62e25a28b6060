"""How long a CI took from upload to verdict, by day, with its reference, as SVG. Pure.

The scale is a logarithm's: an answer within minutes and a queue of days fit on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from markupsafe import Markup

from cibot.reports.incidents import IncidentLine
from cibot.reports.latency import LatencyDay
from cibot.text import figures
from cibot.web.charts import plot

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LEVELS = (  # seconds, each about five times the one before
    10, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 12 * _HOUR,
    3 * _DAY, 14 * _DAY, 70 * _DAY, 365 * _DAY, 1825 * _DAY,
)  # fmt: skip
_GAP = timedelta(days=3)  # a line is broken where fewer days have verdicts


def latency_chart(
    days: Sequence[LatencyDay],
    others: Sequence[LatencyDay],
    incidents: Sequence[IncidentLine],
    label: str,
) -> Markup:
    """The chart over ``days``, some of which have verdicts; ``others`` are the reference's."""
    dates = [day.day for day in days]
    axis = plot.Axis.over(dates)
    levels = _levels(days, others)
    scale = _Scale(levels[0], levels[-1])
    parts = [
        *(plot.level(scale.y(level), _short(level)) for level in levels),
        *plot.days_below(axis, dates),
        *plot.incidents_behind(axis, incidents),
        *_medians(axis, scale, others, "ref"),
        *_spans(axis, scale, days),
        *_medians(axis, scale, days, "own"),
        *(plot.hover(axis, day.day, _hover_text(day)) for day in days),
    ]
    return plot.chart_of(label, parts, named=bool(incidents))


def latency_in_words(
    name: str, days: Sequence[LatencyDay], reference: str | None, others: Sequence[LatencyDay]
) -> str:
    """What the chart shows, for those who hear it."""
    said = f"{name} usually took {_usual(days)} from upload to first verdict"
    return f"{said}, {reference} {_usual(others)}" if reference else said


def _usual(days: Sequence[LatencyDay]) -> str:
    medians = [day.median.total_seconds() for day in days if day.median is not None]
    return figures.duration(median(medians)) if medians else "an unknown time"


def _hover_text(day: LatencyDay) -> str:
    if day.median is None or day.p95 is None:
        return f"{plot.day_words(day.day)}: no first verdict"
    half, most = (figures.duration(span.total_seconds()) for span in (day.median, day.p95))
    verdicts = figures.plural(day.n, "first verdict")
    return f"{plot.day_words(day.day)}: {verdicts}, half within {half}, 95 % within {most}"


class _Scale:
    """Seconds to heights, by their logarithm."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = math.log(low), math.log(high)

    def y(self, seconds: float) -> float:
        share = (math.log(max(seconds, 1)) - self._low) / (self._high - self._low)
        return plot.BOTTOM - (plot.BOTTOM - plot.TOP) * min(1.0, max(0.0, share))


def _levels(days: Sequence[LatencyDay], others: Sequence[LatencyDay]) -> list[int]:
    """The levels from the one below all that is drawn to the one above; of ``others`` medians."""
    medians = [day.median.total_seconds() for day in (*days, *others) if day.median is not None]
    most = [day.p95.total_seconds() for day in days if day.p95 is not None]
    low, high = min(medians, default=_MINUTE), max([*most, *medians], default=_HOUR)
    first = max((place for place, level in enumerate(_LEVELS[:-1]) if level <= low), default=0)
    last = next((place for place, level in enumerate(_LEVELS) if level >= high), len(_LEVELS) - 1)
    return list(_LEVELS[first : max(last, first + 1) + 1])


def _short(seconds: int) -> str:
    for unit, word in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds // unit} {word}"
    return f"{seconds} s"


def _spans(axis: plot.Axis, scale: _Scale, days: Sequence[LatencyDay]) -> Iterator[Markup]:
    """A stroke for each day, from its median to its 95th percentile."""
    drawn = "".join(
        f"M{axis.noon(day.day):.1f} {scale.y(day.median.total_seconds()):.1f}"
        f"V{scale.y(day.p95.total_seconds()):.1f}"
        for day in days
        if day.median is not None and day.p95 is not None
    )
    yield plot.stroke("own-bar", drawn)


def _medians(
    axis: plot.Axis, scale: _Scale, days: Sequence[LatencyDay], kind: str
) -> Iterator[Markup]:
    """Dots of the medians and a line through them, broken at a gap."""
    runs: list[list[LatencyDay]] = []
    for day in days:
        if day.median is None:
            continue
        if runs and day.day - runs[-1][-1].day <= _GAP:
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        points = [(axis.noon(o.day), scale.y(o.median.total_seconds())) for o in run if o.median]
        if len(points) > 1:
            yield plot.stroke(f"{kind}-line", plot.path(points))
        if kind == "own" or len(points) == 1:
            yield from (plot.dot(kind, x, y) for x, y in points)
