"""Silences: alerts that people muted, by whom, until when and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cibot.model import Silence
from cibot.text.patterns import fits


def silenced(silences: Iterable[Silence], ci: str, at: datetime) -> Silence | None:
    """The silence that mutes a CI then, the one that lasts longest; None when none does."""
    active = [silence for silence in silences if silence.active(at) and covers(silence, ci)]
    return max(active, key=lambda silence: silence.until, default=None)


def covers(silence: Silence, ci: str) -> bool:
    """Whether a CI is meant, at any time."""
    return fits(silence.ci, ci) if silence.is_pattern else silence.ci.casefold() == ci.casefold()
