"""Webhooks without end: what they leave in memory. `python -m bench growth` takes ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.growth import MOST_MB, RATE, grow
from bench.site import fill, running
from tests.attack.finding import Finding, Scale

_NAME = f"{RATE:.0f} webhooks a second"


def attacks(scale: Scale, directory: Path) -> Iterator[Finding]:
    """Three times as long as the others, on SQLite."""
    url = f"sqlite:///{directory}/growth.db"
    if scale.whole:
        fill(url)
    (directory / "bot").mkdir()
    with running(directory / "bot", url) as bot:
        grown = grow(bot, 3 * scale.seconds if scale.whole else scale.seconds)
    course = f"{grown.mb[0]:.0f} MB, then at most {grown.settled:.0f} MB"
    yield Finding(_NAME, "resident memory", course, f"≤ {MOST_MB:.0f} MB", grown.settled <= MOST_MB)
    yield Finding(_NAME, "webhook p99", f"{grown.posted.p99:.0f} ms")
    accepted, asked = grown.posted.statuses.get("200", 0), sum(grown.posted.statuses.values())
    yield Finding(
        _NAME, "webhooks accepted", f"{accepted} of {asked}", "all in 5 s", accepted == asked
    )
