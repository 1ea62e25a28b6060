"""The pictures say what the figures say, stay inside their frame and name no line's place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from cibot.model import State
from cibot.reports.history import Day
from cibot.reports.incidents import IncidentLine
from cibot.reports.latency import LatencyDay
from cibot.web.charts import plot
from cibot.web.charts.days import chart_in_words, history_chart
from cibot.web.charts.drawing import bars
from cibot.web.charts.latency import latency_chart, latency_in_words

FIRST = date(2026, 11, 1)
PASSED = Day(FIRST, 20, 0, 0)
DAYS = tuple(FIRST + timedelta(days=place) for place in range(30))


def month(*passes_and_fails: tuple[int, int]) -> tuple[Day, ...]:
    """The days of November from the first on; those that are not given have no results."""
    given_days = dict(zip(DAYS, passes_and_fails, strict=False))
    return tuple(Day(day, *given_days.get(day, (0, 0)), 0) for day in DAYS)


def incident(number: int, opened: int, resolved: int | None = None, **more: object) -> IncidentLine:
    """One that opened on a day of November."""
    fields: dict[str, object] = {
        "id": number, "ci": "A CI", "kind": "success", "state": "firing",
        "opened_at": datetime(2026, 11, opened, 12, tzinfo=UTC),
        "resolved_at": datetime(2026, 11, resolved, 12, tzinfo=UTC) if resolved else None,
        "acknowledged_by": None, "note": None, "page": None,
    }  # fmt: skip
    return IncidentLine(**fields | more)  # type: ignore[arg-type]


def texts(svg: str) -> list[tuple[float, float, str]]:
    """Every text with its place."""
    elements = ET.fromstring(svg).iter("text")
    return [
        (float(element.attrib["x"]), float(element.attrib["y"]), element.text or "")
        for element in elements
    ]


def test_names_of_incidents_cover_neither_the_plot_nor_each_other() -> None:
    many = [incident(number, 1 + number // 2, kind="disagreement") for number in range(1, 50)]
    svg = history_chart(month((20, 0)), (), many, "x")
    names = sorted((y, x, said) for x, y, said in texts(svg) if said.startswith("#"))
    assert 4 <= len(names) < 49
    assert all(y < plot.TOP for y, _x, _said in names)
    for (y, x, said), (other_y, other_x, _other) in pairwise(names):
        assert y != other_y or other_x >= x + len(said) * 6
    assert max(x + len(said) * 6 for _y, x, said in names) <= plot.RIGHT + 1


def test_an_incident_has_the_colour_of_its_severity_and_lasts_as_long() -> None:
    silent = incident(7, 10, 20, kind="silent", severity=State.SILENT)
    svg = history_chart(month((20, 0)), (), [silent], "x")
    ((left, wide),) = re.findall(r'class="band silent" x="([\d.]+)" y="38" width="([\d.]+)"', svg)
    day = (plot.RIGHT - plot.LEFT) / 30
    assert abs(float(left) - (plot.LEFT + 9.5 * day)) < 0.1
    assert abs(float(wide) - 10 * day) < 0.1
    assert "#7 silent" in svg


def test_an_incident_reaches_back_to_when_its_trouble_began() -> None:
    since = datetime(2026, 11, 5, 12, tzinfo=UTC)
    svg = history_chart(month((20, 0)), (), [incident(7, 10, 20, since=since)], "x")
    (wide,) = re.findall(r'class="band [a-z]+" x="[\d.]+" y="38" width="([\d.]+)"', svg)
    assert abs(float(wide) - 15 * (plot.RIGHT - plot.LEFT) / 30) < 0.1


def test_what_ended_before_the_chart_is_not_in_it() -> None:
    old = incident(3, 1, opened_at=datetime(2026, 10, 1, tzinfo=UTC),
                   resolved_at=datetime(2026, 10, 31, tzinfo=UTC))  # fmt: skip
    assert "band" not in history_chart(month((20, 0)), (), [old], "x")


def test_a_weekend_breaks_no_line_and_three_days_do() -> None:
    ran, nothing = (30, 10), (0, 0)
    weekend = history_chart(month(ran, ran, nothing, nothing, ran), (), (), "x")
    assert weekend.count('class="own-line"') == 1
    longer = history_chart(month(ran, ran, nothing, nothing, nothing, ran, ran), (), (), "x")
    assert longer.count('class="own-line"') == 2
    alone = history_chart(month(ran), month(ran, ran), (), "x")
    assert alone.count('class="own-dot"') == alone.count('class="ref-band"') == 1


def test_the_charts_are_told_in_words() -> None:
    said = chart_in_words("A CI", month((3, 1)), "Zuul", month((9, 1)))
    assert said == "A CI passed 75 % in 30 days, Zuul 90 %"
    took = (LatencyDay(FIRST, 3, timedelta(minutes=5), timedelta(hours=2)),)
    said = latency_in_words("A CI", took, "Zuul", ())
    assert said == "A CI usually took 5 min from upload to first verdict, Zuul an unknown time"
    svg = latency_chart(took, (), (), said)
    title = "Sun 1 Nov: 3 first verdicts, half within 5 min, 95 % within 2 h 00"
    assert f"<title>{title}</title>" in svg


@given(st.lists(st.tuples(st.floats(0, 4e8), st.floats(1, 1000)), min_size=1, max_size=30))
def test_any_latency_is_inside_the_plot(times: list[tuple[float, float]]) -> None:
    days = [
        LatencyDay(day, 1, timedelta(seconds=half), timedelta(seconds=min(4e8, half * more)))
        for day, (half, more) in zip(DAYS, times, strict=False)
    ]
    svg = latency_chart(days, days, [incident(1, 2)], "x")
    drawn = re.findall(r'class="(?:own|ref)-(?:bar|line)" d="([^"]*)"', svg)
    places = [
        float(number) for d in drawn for number in re.findall(r"(?:V|M[\d.]+ |L[\d.]+ )([\d.]+)", d)
    ]
    places += [
        float(number) for number in re.findall(r'class="own-dot" cx="[\d.]+" cy="([\d.]+)"', svg)
    ]
    assert places
    assert all(plot.TOP <= place <= plot.BOTTOM for place in places)
    levels = sorted({y for x, y, _said in texts(svg) if x < plot.LEFT})
    assert all(below - above >= 12 for above, below in pairwise(levels))


def test_hostile_names_stay_text_in_a_picture() -> None:
    hostile = "\"'><script>alert(1)</script>"
    svg = history_chart(month((20, 0)), (), [incident(1, 2, kind=hostile)], hostile)
    assert ET.fromstring(svg).attrib["aria-label"] == hostile
    assert "<script>" not in svg


def test_bars_are_lines_that_the_style_cuts() -> None:
    days = [Day(FIRST, 3, 1, 0), Day(FIRST, 4, 0, 0), Day(FIRST, 0, 0, 0), Day(FIRST, 0, 2, 0)]
    svg = bars(days)
    assert '<path class="bp" d="M-1.5 12h8"/>' in svg
    assert '<path class="bf" d="M0 0V6M15 0V24"/>' in svg
    assert '<path class="bn" d="M8.5 24h3"/>' in svg
    assert 'aria-label="4 days: 7 of 10 results passed, 1 day without results"' in svg
