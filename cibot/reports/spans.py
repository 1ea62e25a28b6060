"""Spans of time that overlap: joined, cut and added up. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from cibot.model import Window


def joined(spans: Iterable[Window]) -> list[Window]:
    """The same time without overlaps, oldest first; spans that touch become one."""
    found: list[Window] = []
    for span in sorted(spans, key=lambda span: (span.since, span.until)):
        if span.since >= span.until:
            continue
        if found and span.since <= found[-1].until:
            found[-1] = Window(found[-1].since, max(found[-1].until, span.until))
        else:
            found.append(span)
    return found


def within(spans: Iterable[Window], window: Window) -> list[Window]:
    """What of them lies in the window."""
    cut = (Window(max(span.since, window.since), min(span.until, window.until)) for span in spans)
    return [span for span in cut if span.since < span.until]


def added(spans: Iterable[Window]) -> timedelta:
    """How long joined spans are together."""
    return sum((span.until - span.since for span in spans), timedelta(0))


def longest(spans: Iterable[Window]) -> Window | None:
    """The longest of joined spans, the newest of equals; None without any."""
    return max(spans, key=lambda span: (span.until - span.since, span.until), default=None)
