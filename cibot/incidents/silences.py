"""Silences: alerts that people muted, by whom, until when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cibot.text.patterns import fits


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute of every CI that ``ci`` fits, ``since <= t < until``.

    Without ``is_pattern`` it is one CI's name, also where it reads like a pattern: a CI that
    calls itself ``[!x]*`` must not mute the others.
    """

    ci: str
    since: datetime
    until: datetime
    by: str
    reason: str
    is_pattern: bool = True


def silenced(silences: Iterable[Silence], ci: str, at: datetime) -> Silence | None:
    """The silence that mutes a CI then, the one that lasts longest; None when none does."""
    active = [
        silence
        for silence in silences
        if silence.since <= at < silence.until and covers(silence, ci)
    ]
    return max(active, key=lambda one: one.until, default=None)


def covers(silence: Silence, ci: str) -> bool:
    """Whether a CI is meant, at any time."""
    return fits(silence.ci, ci) if silence.is_pattern else silence.ci.casefold() == ci.casefold()
