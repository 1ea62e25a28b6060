"""Numbers and times as people write them: one place for chat, CLI and pages.

Pure: the present moment and the time zone come in as arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from cibot.text import graphemes


def number(value: int) -> str:
    """1204 → "1,204"."""
    return f"{value:,}"


def plural(count: int, singular: str, many: str | None = None) -> str:
    """A count with its noun: "1 patch set", "14 patch sets"."""
    return f"{number(count)} {singular if count == 1 else many or singular + 's'}"


def percent(share: float) -> str:
    """A share of 0..1 as "93 %"; only a true 0 or 1 is written "0 %" or "100 %"."""
    if share > 0 and share * 100 <= 0.5:
        return "<1 %"
    if share < 1 and share * 100 >= 99.5:
        return f"{min(int(share * 1000) / 10, 99.9):g} %"
    return f"{share * 100:.0f} %"


def interval(low: float, high: float) -> str:
    """An interval of shares, "88–96 %"."""
    return f"{percent(low).removesuffix(' %')}–{percent(high)}"


class Sampled(Protocol):
    """The interval of a share, None where it is not known, and of how many it is."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def n(self) -> int: ...


def rate(share: float, sample: Sampled) -> str:
    """A share with what it rests on: "93 % (88–96 %, n=104)"."""
    return f"{percent(share)} ({basis(sample)})"


def basis(sample: Sampled) -> str:
    """What a share rests on: "88–96 %, n=104"."""
    n = f"n={number(sample.n)}"
    if sample.low is None or sample.high is None:
        return n
    return f"{interval(sample.low, sample.high)}, {n}"


def span(length: timedelta) -> str:
    """A length of time in its largest fitting unit: "12 s", "55 min", "38 h", "3 days"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    days = round(seconds / 86400)
    if days < 60:
        return f"{days} days"
    return f"{days // 7} weeks" if days < 730 else f"{days // 365} years"


def duration(seconds: float) -> str:
    """How long a run took: "45 s", "55 min", "2 h 05"."""
    if seconds < 60:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d}"


def ago(moment: datetime | None, now: datetime) -> str:
    """As "4 min ago", "never" without a moment; "just now" also for a clock ahead of ours."""
    if moment is None:
        return "never"
    length = now - moment
    return "just now" if length < timedelta(seconds=5) else f"{span(length)} ago"


_DATED = timedelta(days=300)  # from there on a day and a month could be another year's


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """A moment as of now: "14:10", "Sat 14:10" within six days, "3 Nov 14:10", "3 Nov 2025"."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    away = abs(today.date() - local.date())
    if not away:
        return f"{local:%H:%M}"
    if away < timedelta(days=7):
        return f"{local:%a %H:%M}"
    return f"{local.day} {local:%b %H:%M}" if away < _DATED else f"{local.day} {local:%b %Y}"


def moment(at: datetime, now: datetime | None = None) -> str:
    """A moment in a message of ``now``, which is read days later, in UTC: "Sat 21 Nov 14:10 UTC".

    With its year where that is not plain.
    """
    at = at.astimezone(UTC)
    year = f"{at.year} " if now is not None and abs(now - at) >= _DATED else ""
    return f"{at:%a} {at.day} {at:%b} {year}{at:%H:%M} UTC"


def stamp(moment: datetime) -> str:
    """A moment with its year, in UTC: "2026-11-21 14:10 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def zoned(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """A moment as of now with its time zone: "Sat 14:10 UTC"."""
    return f"{clock(moment, now, zone)} {moment.astimezone(zone).tzname() or ''}"


def since(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """As "since Sat 14:10 UTC (38 h)": when something began and how long that is."""
    return f"since {zoned(moment, now, zone)} ({span(now - moment)})"


def day(moment: datetime, zone: tzinfo) -> str:
    """A day by name and date: "Sun 22 Nov"."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words as in a sentence: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def some(words: Sequence[str], most: int, last: str = "and") -> str:
    """As `listed`, but the words beyond ``most`` are only counted: "a, b and 4 more"."""
    if len(words) <= most:
        return listed(words, last)
    return listed([*words[:most], f"{number(len(words) - most)} more"])


def cut(text: str, most: int) -> str:
    """Text of at most ``most`` characters, on one line, with "…" where something is left out."""
    flat = " ".join(text.split())
    if len(flat) <= most:
        return flat
    return graphemes.cut(flat, most - 1, mark="").rstrip() + "…"


def sentence(text: str) -> str:
    """Text that begins with a capital and ends with a full stop."""
    flat = " ".join(text.split())
    if not flat:
        return ""
    head = flat if flat[:1].isupper() else flat[:1].upper() + flat[1:]
    return head if head[-1] in ".!?…" else head + "."
