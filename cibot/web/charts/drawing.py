"""Small pictures as inline SVG: a state's shape, an interval, a month of bars. Pure.

Everything is drawn with attributes and classes, for no inline style is
allowed. What a picture shows and the text next to it does not is in its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from cibot.model import State
from cibot.reports.history import Day
from cibot.text import figures

_SHAPES = {
    State.FAILING: '<path d="M1 1h10v10H1z"/>',
    State.DEGRADED: '<path d="M6 .6 11.8 11H.2z"/>',
    State.SILENT: '<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" '
    'stroke-width="2"/>',
    State.HEALTHY: '<circle cx="6" cy="6" r="5"/>',
    State.UNKNOWN: '<text x="6" y="11" text-anchor="middle">?</text>',
}
_BAR, _GAP, _TALL = 3, 2, 24  # user units; a row of bars is as wide as its days need
_SCALE, _EDGE = 130, 6  # a share of 1 on the scale of dots and whiskers, and the margin


def state_shapes() -> Markup:
    """The shapes of all states, to be named by `state_shape`; once on each page."""
    symbols = Markup("").join(
        Markup('<symbol id="s-{}" viewBox="0 0 12 12">{}</symbol>').format(
            state.value,
            Markup(shape),  # noqa: S704  our own drawing
        )
        for state, shape in _SHAPES.items()
    )
    return Markup('<svg class="defs" aria-hidden="true" width="0" height="0">{}</svg>').format(
        symbols
    )


def state_chip(state: State | str, word: str | None = None) -> Markup:
    """A state's shape and word; the word is read out, the shape is not. Templates name it."""
    return Markup(
        '<span class="s {}"><svg class="k" aria-hidden="true"><use href="#s-{}"/></svg>{}</span>'
    ).format(str(state), str(state), word or str(state))


def bars(days: Sequence[Day]) -> Markup:
    """One bar a day: passes below, the rest above; an underline is a day without results.

    Days of one kind in a row are one line, which the style cuts into bars: sixty
    CIs are on a page.
    """
    step = _BAR + _GAP
    ran = [day.passes + day.fails + day.infra for day in days]
    passed = [bool(day.passes) for day in days]
    bad = [
        f"M{place * step} 0V{_TALL * (1 - day.passes / total):.3g}"
        for place, (day, total) in enumerate(zip(days, ran, strict=True))
        if day.passes < total
    ]
    return Markup(
        '<svg class="bars" viewBox="-1.5 0 {w} {h}" width="{w}" height="{h}" role="img"'
        ' aria-label="{said}"><path class="bp" d="{p}"/><path class="bf" d="{f}"/>'
        '<path class="bn" d="{n}"/></svg>'
    ).format(
        w=max(1, len(days) * step - _GAP),
        h=_TALL + 1,
        said=bars_in_words(days),
        p=_rows(passed, _TALL // 2),
        f="".join(bad),
        n=_rows([not passed for passed in ran], _TALL),
    )


def _rows(rows: Sequence[bool], height: int) -> str:
    """The ``d`` of a line at ``height`` under each run of days that are kept."""
    step, lines, place = _BAR + _GAP, [], 0
    for keep, run in groupby(rows):
        length = len(list(run))
        if keep:
            lines.append(f"M{place * step - _BAR / 2:g} {height}h{length * step - _GAP}")
        place += length
    return "".join(lines)


def bars_in_words(days: Sequence[Day]) -> str:
    """What the bars show, for those who hear them."""
    passes = sum(day.passes for day in days)
    ran = passes + sum(day.fails + day.infra for day in days)
    if not ran:
        return f"{len(days)} days without results"
    empty = sum(day.passes + day.fails + day.infra == 0 for day in days)
    said = f"{len(days)} days: {figures.number(passes)} of {figures.number(ran)} results passed"
    return f"{said}, {figures.plural(empty, 'day')} without results" if empty else said


def whisker(
    share: float,
    low: float | None,
    high: float | None,
    state: State | None = None,
) -> Markup:
    """A dot with its interval on a scale of 0..1."""
    said = figures.percent(share)
    drawn = Markup('<path class="track" d="M{} 9h{}"/>').format(_EDGE, _SCALE)
    if low is not None and high is not None:
        said += f", 95 % interval {figures.interval(low, high)}"
        drawn += Markup('<path class="wh" d="M{} 9H{}"/>').format(_at(low), _at(high))
    drawn += Markup('<circle cx="{}" cy="9" r="3.6"/>').format(_at(share))
    return Markup(
        '<svg class="w {}" viewBox="0 0 {} 18" role="img" aria-label="{}">{}</svg>'
    ).format(state.value if state else "plain", _SCALE + 2 * _EDGE, said, drawn)


def _at(share: float) -> int:
    return round(_EDGE + _SCALE * min(1.0, max(0.0, share)))
