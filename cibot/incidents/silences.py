"""Silences: alerts that people muted, by whom, until when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cibot.text.patterns import fits


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute of every CI that ``ci`` (a name or a pattern) fits, ``since <= t < until``."""

    ci: str
    since: datetime
    until: datetime
    by: str
    reason: str


def silenced(silences: Iterable[Silence], ci: str, at: datetime) -> Silence | None:
    """The silence that mutes a CI then, the one that lasts longest; None when none does."""
    active = [one for one in silences if one.since <= at < one.until and _covers(one.ci, ci)]
    return max(active, key=lambda one: one.until, default=None)


def _covers(pattern: str, ci: str) -> bool:
    """A name means itself even where it reads like a pattern."""
    return pattern.casefold() == ci.casefold() or fits(pattern, ci)
