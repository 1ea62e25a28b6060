"""Charts as PNG, for media that show pictures. Needs the extra ``charts`` (matplotlib).

Figures are made by hand, never with pyplot: pyplot keeps every figure, and is
not meant for threads. No text from outside is drawn, only numbers and dates.
"""

from __future__ import annotations

import importlib.util
import io
from datetime import timedelta

from cibot.text.card import Trend

_SIZE_INCHES = (8.0, 2.4)
_DPI = 110
_PASSED, _FAILED, _INK, _GRID = "#8bb89a", "#c4453c", "#5a616c", "#e2e2dc"  # as the pages have them


def can_draw() -> bool:
    """Whether matplotlib is installed; does not import it."""
    return importlib.util.find_spec("matplotlib") is not None


def trend_png(trend: Trend) -> bytes:
    """Passes and failures of each day as stacked bars, about 880 by 260 pixels.

    The first call imports matplotlib, which takes about a second.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    places = range(len(trend.days))
    passes, fails = ([day[side] for day in trend.days] for side in (0, 1))
    axes.bar(places, passes, width=0.8, color=_PASSED, label="passed")
    axes.bar(places, fails, width=0.8, bottom=passes, color=_FAILED, label="failed")
    weeks = [place for place in reversed(places) if (len(trend.days) - 1 - place) % 7 == 0]
    first = trend.last - timedelta(days=len(trend.days) - 1)
    axes.set_xticks(weeks, [f"{first + timedelta(days=week):%a %d %b}" for week in weeks])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("results a day", color=_INK)
    axes.tick_params(colors=_INK, length=0)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_GRID)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.2), ncols=2, frameon=False, labelcolor=_INK)
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def trend_words(trend: Trend) -> str:
    """What the chart shows, for those who do not see it."""
    passes, fails = (sum(day[side] for day in trend.days) for side in (0, 1))
    first = trend.last - timedelta(days=len(trend.days) - 1)
    return (
        f"Results a day from {first:%d %b} to {trend.last:%d %b}: {passes} passed, {fails} failed"
    )
