"""Figures in words, as every signal says them."""

from __future__ import annotations

from datetime import timedelta

from cibot.health.facts import moment


def percent(share: float) -> str:
    """A share of 0..1 as "87 %", with a decimal where it matters: "99.5 %"."""
    shown = round(share * 100, 1)
    return f"{shown:.0f} %" if shown == round(shown) else f"{shown:.1f} %"


def span(length: timedelta) -> str:
    """A length of time as a person says it: "40 min", "26 h", "7 d"."""
    minutes = length.total_seconds() / 60
    if minutes < 90:
        return f"{max(0.0, minutes):.0f} min"
    hours = minutes / 60
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} d"


def counted(n: int, thing: str) -> str:
    """A count with its noun: "1 patch set", "7 patch sets"."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def stamp(at: float) -> str:
    """Seconds of the epoch as "2026-01-31 09:05 UTC"."""
    return f"{moment(at):%Y-%m-%d %H:%M} UTC"
