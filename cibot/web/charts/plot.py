"""What the charts of a CI's days share: the axis, its days, the incidents behind them. Pure.

Everything is drawn with attributes and classes, for no inline style is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup

from cibot.reports.incidents import IncidentLine

WIDE, TALL = 1140, 226
LEFT, RIGHT, TOP, BOTTOM = 52, 1088, 38, 194
_ROWS = (TOP - 24, TOP - 9)  # where incidents are named: above the plot, where no line runs
_EM = 6.4  # the width of a letter of such a name, at the most


@dataclass(frozen=True, slots=True)
class Axis:
    """The days of a chart, from left to right."""

    since: datetime
    until: datetime

    @classmethod
    def over(cls, days: Sequence[date]) -> Axis:
        """The axis of some days without a gap, oldest first."""
        begin = datetime.combine(days[0], datetime.min.time(), UTC)
        return cls(begin, begin + timedelta(days=len(days)))

    def x(self, moment: datetime) -> float:
        """The x of a moment; one outside of the days is put at the edge."""
        share = (moment - self.since) / (self.until - self.since)
        return LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, share))

    def noon(self, day: date) -> float:
        """Where the middle of a day is."""
        return self.x(datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12))


def chart_of(label: str, parts: Iterable[Markup], *, named: bool) -> Markup:
    """The picture of all parts; ``label`` says what it shows to those who hear it.

    Unless incidents are ``named`` in it, the room above the plot is cut off.
    """
    above = 0 if named else TOP - 12
    return Markup(
        '<svg class="chart" viewBox="0 {} {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(above, WIDE, TALL - above, label, Markup("").join(parts))


def level(height: float, word: str) -> Markup:
    """A line of the grid with its value at both ends: on a phone one of them is seen."""
    return Markup(
        '<path class="grid" d="M{left} {y:.1f}H{right}"/>'
        '<text x="{before}" y="{base:.1f}" text-anchor="end">{word}</text>'
        '<text x="{after}" y="{base:.1f}">{word}</text>'
    ).format(
        left=LEFT,
        right=RIGHT,
        y=height,
        before=LEFT - 8,
        after=RIGHT + 8,
        base=height + 4,
        word=word,
    )


def days_below(axis: Axis, days: Sequence[date]) -> Iterator[Markup]:
    """The name of each fifth day, counted back from the last."""
    for place, day in enumerate(days):
        if (len(days) - 1 - place) % 5 == 0:
            yield Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{} {:%b}</text>').format(
                axis.noon(day), BOTTOM + 20, day.day, day
            )


def incidents_behind(axis: Axis, incidents: Iterable[IncidentLine]) -> Iterator[Markup]:
    """Each incident since its trouble began: a tint, above it its number if there is room."""
    shown = [
        incident
        for incident in incidents
        if incident.began and not (incident.resolved_at and incident.resolved_at < axis.since)
    ]
    free = [float(LEFT)] * len(_ROWS)  # up to where each row of names is taken
    for incident in sorted(shown, key=lambda row: (row.began or axis.since, row.id)):
        left = axis.x(incident.began or axis.since)
        yield from _tint(left, axis.x(incident.resolved_at or axis.until), incident)
        words = f"#{incident.id} {incident.kind}"
        wide = len(words) * _EM
        begin = min(left, RIGHT - wide)
        row = next((place for place, taken in enumerate(free) if taken <= begin), None)
        if row is not None:
            free[row] = begin + wide + 8
            yield Markup('<text class="{}" x="{:.1f}" y="{}">{}</text>').format(
                incident.severity.value, begin, _ROWS[row], words
            )


def _tint(left: float, right: float, incident: IncidentLine) -> Iterator[Markup]:
    state = incident.severity.value
    yield Markup('<rect class="band {}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
        state, left, TOP, max(2.0, right - left), BOTTOM - TOP
    )
    if left > LEFT:  # what began before the chart has no edge in it
        yield Markup('<path class="edge {}" d="M{:.1f} {}V{}"/>').format(
            state, left, TOP - 4, BOTTOM
        )


def hover(axis: Axis, day: date, words: str) -> Markup:
    """The tooltip of a day."""
    half = (RIGHT - LEFT) / ((axis.until - axis.since) / timedelta(days=2))
    return Markup(
        '<rect class="hit" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>'
    ).format(axis.noon(day) - half, TOP, 2 * half, BOTTOM - TOP, words)


def day_words(day: date) -> str:
    """A day as "Mon 23 Nov"."""
    return f"{day:%a} {day.day} {day:%b}"


def path(points: Sequence[tuple[float, float]]) -> str:
    """The ``d`` of a path through some points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def stroke(kind: str, path: str) -> Markup:
    """A path, drawn as its class has it."""
    return Markup('<path class="{}" d="{}"/>').format(kind, path)


def dot(kind: str, x: float, y: float) -> Markup:
    """A point of a line."""
    return Markup('<circle class="{}-dot" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(kind, x, y)
