"""How soon it is there and how much memory it takes, beside bare Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench import site
from bench.growth import CONNECTIONS
from bench.posting import post
from bench.table import Figure
from tests.support.whole_bot import TOKEN, WholeBot

_ROUNDS = 7
_HELP_S, _READY_S, _RESIDENT_MB = 0.3, 2.0, 120
_PARTS = "import flask, sqlalchemy"


def figures(events: int) -> Iterator[Figure]:
    """Start, ready and resident memory, on SQLite with the site's history."""
    yield _help()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        url = f"sqlite:///{directory}/cibot.db"
        comments = site.fill(url)
        ready, parts = [], []
        for _ in range(_ROUNDS):
            parts.append(_seconds("-c", _PARTS))
            start = time.perf_counter()
            with site.running(directory, url):
                ready.append(time.perf_counter() - start)
        yield Figure(
            f"start to ready (SQLite, {comments} comments)",
            f"{median(ready):.2f} s",
            f"{_PARTS} {median(parts):.2f} s",
            target=f"≤ {_READY_S:g} s",
            meets=median(ready) <= _READY_S,
        )
        with site.running(directory, url) as bot:
            time.sleep(5)  # every job has run once
            yield resident("after start", resident_mb(bot))
            _post(bot, events, directory)
            yield resident(f"after {events:,} webhooks", resident_mb(bot))


def _help() -> Figure:
    bare, ours = [], []
    for _ in range(_ROUNDS):
        bare.append(_seconds("-c", "pass"))
        ours.append(_seconds("-m", "cibot", "--help"))
    took = median(ours)
    return Figure(
        "cibot --help",
        f"{took:.2f} s",
        f"python -c pass {median(bare):.2f} s",
        target=f"≤ {_HELP_S:g} s",
        meets=took <= _HELP_S,
    )


def _seconds(*words: str) -> float:
    start = time.perf_counter()
    _python(words)
    return time.perf_counter() - start


def _python(words: Sequence[str]) -> str:
    return subprocess.run(
        [sys.executable, *words], stdout=subprocess.PIPE, check=True, text=True
    ).stdout


def _post(bot: WholeBot, count: int, directory: Path) -> None:
    """Every CI comments on change after change, a few in a hundred failing."""
    bodies = [
        site.event(number % site.CIS, 200_000 + number // site.CIS, passed=number % 37 != 0)
        for number in range(count)
    ]
    path = f"/webhooks/gerrit/{site.SERVER}/{TOKEN}"
    post(bot.port, CONNECTIONS, path, bodies, directory / "events")
    time.sleep(2)


def resident_mb(bot: WholeBot) -> float:
    """Resident memory of the bot now."""
    assert bot.process is not None
    return _vm_rss_mb(Path(f"/proc/{bot.process.pid}/status").read_text())


def _vm_rss_mb(status: str) -> float:
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the resident memory")


def resident(when: str, megabytes: float) -> Figure:
    """The figure, beside that of the libraries alone."""
    bare = f"{_PARTS}; print(open('/proc/self/status').read())"
    return Figure(
        f"resident memory, {when}",
        f"{megabytes:.0f} MB",
        f"{_PARTS} {_vm_rss_mb(_python(['-c', bare])):.0f} MB",
        target=f"≤ {_RESIDENT_MB} MB",
        meets=megabytes <= _RESIDENT_MB,
    )
