"""Numbers and times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cibot.health.signal import Signal
from cibot.model import State
from cibot.text import figures
from cibot.text.card import sparkline

NOW = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0 %"),
        (0.001, "<1 %"),
        (0.129, "13 %"),
        (0.93, "93 %"),
        (0.996, "99.6 %"),
        (0.99999, "99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_percentage_is_never_rounded_to_a_lie(share: float, written: str) -> None:
    assert figures.percent(share) == written


@given(st.floats(0, 1))
@example(0.9949999999999999)
@example(0.005)
@example(5e-324)
def test_only_all_is_a_hundred_and_only_none_is_nought(share: float) -> None:
    written = figures.percent(share)
    assert (written == "100 %") == (share == 1)
    assert (written == "0 %") == (share == 0)


def test_a_rate_has_what_makes_it_worth() -> None:
    signal = Signal("success", State.HEALTHY, low=0.88, high=0.962, n=1104)
    assert figures.rate(0.93, signal) == "93 % (88–96 %, n=1,104)"
    assert figures.basis(signal) == "88–96 %, n=1,104"
    assert figures.rate(0.93, Signal("success", State.UNKNOWN, n=14)) == "93 % (n=14)"


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=12), "12 s"),
        (timedelta(minutes=55), "55 min"),
        (timedelta(hours=38), "38 h"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=100), "14 weeks"),
        (timedelta(days=800), "2 years"),
    ],
)
def test_a_span_is_in_its_largest_fitting_unit(length: timedelta, written: str) -> None:
    assert figures.span(length) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(4.6, "5 s"), (3300, "55 min"), (7500, "2 h 05"), (3599, "1 h 00")]
)
def test_a_duration_of_a_run(seconds: float, written: str) -> None:
    assert figures.duration(seconds) == written


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (NOW - timedelta(hours=1), "03:10"),
        (NOW - timedelta(hours=38), "Sat 14:10"),
        (NOW - timedelta(days=20), "3 Nov 04:10"),
        (NOW - timedelta(days=400), "19 Oct 2025"),
    ],
)
def test_a_moment_beside_now(moment: datetime, written: str) -> None:
    assert figures.clock(moment, NOW, UTC) == written


def test_a_moment_in_a_message_has_its_year_where_that_is_not_plain() -> None:
    old, later = NOW - timedelta(days=300), NOW + timedelta(days=2)
    assert figures.moment(NOW, later) == figures.moment(NOW) == f"{NOW:%a %-d %b %H:%M} UTC"
    assert figures.moment(old, NOW) == f"{old:%a %-d %b %Y %H:%M} UTC"


def test_since_names_the_zone_it_is_in() -> None:
    moment = NOW - timedelta(hours=38)
    assert figures.since(moment, NOW, UTC) == "since Sat 14:10 UTC (38 h)"
    assert figures.since(moment, NOW, ZoneInfo("Europe/Berlin")) == "since Sat 15:10 CET (38 h)"
    assert figures.ago(NOW + timedelta(seconds=30), NOW) == "just now"


def test_a_sparkline_has_a_mark_for_a_day_without_results() -> None:
    assert sparkline([0, 0.5, None, 1]) == "▁▅·█"


def test_words_in_a_sentence() -> None:
    assert figures.plural(1, "patch set") == "1 patch set"
    assert figures.plural(1400, "patch set") == "1,400 patch sets"
    assert figures.listed(["a", "b", "c"], "or") == "a, b or c"
    assert figures.some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert figures.sentence("it  fails") == "It fails."
    assert figures.cut("a\nbc  def", 5) == "a bc…"
    assert figures.day(NOW, UTC) == "Mon 23 Nov"


def test_cutting_leaves_no_half_of_a_character() -> None:
    family = "👩\u200d👩\u200d👧\u200d👦"
    assert figures.cut(f"a {family} {family}", 12) == f"a {family}…"
    assert figures.cut("e\u0301" * 9, 6) == "e\u0301" * 2 + "…"
