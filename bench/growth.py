"""How much memory the bot takes under webhooks without end: it must stay flat.

A whole bot on each database gets 200 events a second from thirty CIs, each on a change of
its own, and its resident memory is read all the time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.servers import databases
from bench.site import SERVER, fill, running
from bench.table import Figure
from tests.attack.finding import resident_mb
from tests.attack.poster import Posted
from tests.support.whole_bot import TOKEN, WholeBot

RATE, CONNECTIONS = 200.0, 32
MOST_MB, MOST_MS = 150.0, 60.0
_A_LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class Grown:
    """What was answered, and the memory in MB each five seconds."""

    posted: Posted
    mb: list[float]

    @property
    def settled(self) -> float:
        """The most in the second half."""
        return max(self.mb[len(self.mb) // 2 :])


def grow(bot: WholeBot, seconds: float) -> Grown:
    """Posts to the bot for so long, from a process of its own."""
    assert bot.process is not None
    ended, mb = threading.Event(), [resident_mb(bot.process.pid)]

    def look(pid: int) -> None:
        while not ended.wait(_A_LOOK_S):
            mb.append(resident_mb(pid))

    watch = threading.Thread(target=look, args=(bot.process.pid,), name="watch memory")
    watch.start()
    words = [bot.port, f"/webhooks/gerrit/{SERVER}/{TOKEN}", RATE, seconds, CONNECTIONS]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.attack.poster", *map(str, words)],
            stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
    finally:
        ended.set()
        watch.join()
    mb.append(resident_mb(bot.process.pid))
    return Grown(Posted(**json.loads(done.stdout)), mb)


def figures(minutes: float) -> Iterator[Figure]:
    """Memory and times on each database that is here."""
    with tempfile.TemporaryDirectory() as name, databases() as makers:
        for kind, make in makers.items():
            url, directory = make(), Path(name) / kind
            directory.mkdir()
            fill(url)
            with running(directory, url) as bot:
                grown = grow(bot, 60 * minutes)
            posted = grown.posted
            yield Figure(
                f"memory, {kind} ({RATE:.0f} webhooks/s for {minutes:g} min)",
                f"{grown.mb[0]:.0f} MB, then {_course(grown.mb)}",
                target=f"≤ {MOST_MB:.0f} MB",
                meets=max(grown.mb) <= MOST_MB,
            )
            yield Figure(
                f"webhooks meanwhile, {kind}",
                f"p99 {posted.p99:.0f} ms, {posted.statuses}",
                target=f"≤ {MOST_MS:.0f} ms",
                meets=posted.p99 <= MOST_MS,
            )


def _course(mb: list[float]) -> str:
    """Ten of the figures."""
    step = max(1, len(mb) // 10)
    return " ".join(f"{used:.0f}" for used in mb[step - 1 :: step])
