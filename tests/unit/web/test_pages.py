"""What templates may call: everything from Gerrit and chat is escaped, and only web is linked."""

from datetime import UTC, datetime

import pytest

from cibot.health.signal import Signal
from cibot.model import State
from cibot.text.card import Span
from cibot.web.pages.filters import figure_of, job_link, line_html, mark

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = '<script>"&'
ESCAPED = "&lt;script&gt;&#34;&amp;"


def test_a_line_is_escaped_and_keeps_what_its_spans_mean() -> None:
    line = (
        Span(HOSTILE, strong=True),
        Span(HOSTILE, code=True, href="https://logs.example.org/1?a=1&b=2"),
        Span("7 %", at=None),
    )
    assert line_html(line, NOON) == (
        f"<b>{ESCAPED}</b>"
        f'<a href="https://logs.example.org/1?a=1&amp;b=2"><code>{ESCAPED}</code></a>'
        "7\u00a0%"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "", None])
def test_what_is_no_web_address_is_no_link(url: str | None) -> None:
    assert job_link(HOSTILE, url) == f"<code>{ESCAPED}</code>"
    assert line_html((Span("log", href=url),), NOON) == "log"


def test_a_moment_is_told_to_people_and_to_scripts() -> None:
    shown = line_html((Span("ignored", at=NOON),), NOON)
    assert 'datetime="2026-11-23T12:00:00Z"' in shown
    assert ">12:00 UTC</time>" in shown


def test_a_cell_without_a_report_is_empty() -> None:
    assert mark(None) == "<td></td>"


def test_the_figure_of_a_share_is_a_percentage_and_silence_has_none() -> None:
    assert figure_of(Signal("success", State.HEALTHY, 0.5, 0.4, 0.6)) == "50 %"
    assert figure_of(Signal("silent", State.SILENT, 0.5, 0.4, 0.6)) == ""
    assert figure_of(Signal("success", State.UNKNOWN)) == ""


def test_the_time_of_a_fast_ci_is_no_percentage() -> None:
    assert figure_of(Signal("latency", State.HEALTHY, 0.8, n=20)) == "48 min"
