"""Spans of time that overlap: joined, cut and added up. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from cibot.model import Window


def joined(spans: Iterable[Window]) -> list[Window]:
    """The same time without overlaps, oldest first; spans that touch become one."""
    merged: list[Window] = []
    for span in sorted(spans, key=lambda span: (span.since, span.until)):
        if span.since >= span.until:
            continue
        if merged and span.since <= merged[-1].until:
            merged[-1] = Window(merged[-1].since, max(merged[-1].until, span.until))
        else:
            merged.append(span)
    return merged


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
