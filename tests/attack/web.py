"""Strangers at the web port while Gerrit posts its events: a webhook must not notice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.site import SERVER, fill, running
from tests.attack.crowd import (
    Stranger,
    crowd,
    drip_body,
    drip_header,
    never_reads,
    reader,
)
from tests.attack.finding import Finding, Scale, watched
from tests.attack.poster import Posted
from tests.support.whole_bot import TOKEN, WholeBot

P99_MS, MOST_MB = 500.0, 200.0


def posting(port: int, rate: float, seconds: float, connections: int) -> Posted:
    """Events from a process of its own, so that no attack slows the clock down."""
    words = [port, f"/webhooks/gerrit/{SERVER}/{TOKEN}", rate, seconds, connections]
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.poster", *map(str, words)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=60 + 3 * seconds,
    )
    return Posted(**json.loads(done.stdout))


def attacks(scale: Scale, directory: Path) -> Iterator[Finding]:
    """Readers, slow sockets and many connections, one after the other, at one bot."""
    url = f"sqlite:///{directory}/attack.db"
    if scale.whole:
        fill(url)
    (directory / "bot").mkdir()
    with running(directory / "bot", url) as bot:
        yield from _attack("nobody", scale, bot, [], scale.rate, 16)
        readers = [(scale.share(100), reader("/"))]
        yield from _attack("100 readers", scale, bot, readers, scale.rate, 16)
        slow: list[tuple[int, Stranger]] = [
            (scale.share(80), drip_header),
            (scale.share(40), drip_body),
            (scale.share(80), never_reads("/")),
        ]
        yield from _attack("200 slow sockets", scale, bot, slow, scale.rate, 16)
        connections = scale.share(250)
        yield from _attack("250 connections", scale, bot, [], 4 * scale.rate, connections)
        yield _ends(bot)


def _attack(
    name: str,
    scale: Scale,
    bot: WholeBot,
    strangers: list[tuple[int, Stranger]],
    rate: float,
    connections: int,
) -> Iterator[Finding]:
    assert bot.process is not None
    with watched(bot.process.pid) as peak, crowd(bot.port, *strangers) as seen:
        posted = posting(bot.port, rate, scale.seconds, connections)
    accepted = posted.statuses.get("200", 0)
    whole = sum(posted.statuses.values())
    yield Finding(
        name, "webhook p99", f"{posted.p99:.0f} ms", f"< {P99_MS:.0f} ms", posted.p99 < P99_MS
    )
    words = f"{accepted} of {whole} {posted.statuses}"
    yield Finding(name, "webhooks accepted", words, "all", accepted == whole)
    yield Finding(
        name, "resident memory", f"{peak.mb:.0f} MB", f"< {MOST_MB:.0f} MB", peak.mb < MOST_MB
    )
    if strangers:
        yield Finding(name, "strangers saw", str(dict(seen)))


def _ends(bot: WholeBot) -> Finding:
    took = bot.stop()
    return Finding("after it all", "SIGTERM to the end", f"{took:.1f} s", "< 10 s", took < 10)
