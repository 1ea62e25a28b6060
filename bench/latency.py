"""From a comment to the line that people read, and from a question to its answer.

The bot is a process of its own, on a store with four weeks of history; ngircd
is real. A sample is one failing comment that opens one incident: the time runs
from before its webhook is posted until the alert's line is read. Then what it
did is taken back, and the next CI has its turn.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from bench import site
from bench.servers import databases, irc_server
from bench.table import Figure
from bench.webhooks import percentile
from cibot.store.engine import Store
from cibot.store.outbox import depth
from tests.support.irc_user import IrcUser
from tests.support.ngircd import Ngircd
from tests.support.whole_bot import WholeBot, eventually

_ROOM, _NICK = "#bench", "cibot"
_TARGET_MS = 250
_FIRST_CHANGE = 100_000
_ASKED_AT_ONCE = 5  # one person may ask six times at once
_GAP_S = 0.3


def figures(samples: int) -> Iterator[Figure]:
    """Alerts and answers, on MariaDB where it is here, else on SQLite."""
    with irc_server() as irc, databases() as makers, tempfile.TemporaryDirectory() as name:
        if irc is None:
            return
        kind, make = next(iter(makers.items()))
        url = make()
        comments = site.fill(url)
        tables: dict[str, Any] = {
            "irc": [
                {
                    "name": "net",
                    "host": "127.0.0.1",
                    "port": irc.port,
                    "tls": False,
                    "nick": _NICK,
                    "channels": [_ROOM],
                    "messages_per_second": 1000,
                    "burst": 1000,
                }
            ],
            "route": [{"channels": [f"net/{_ROOM}"]}],
        }
        with irc.user("reader", tls=False) as reader:
            reader.join(_ROOM)
            with site.running(Path(name), url, **tables) as bot:
                eventually(lambda: _NICK in reader.names(_ROOM), "the bot in the channel")
                store = bot.store()
                alerts = [
                    _alert(bot, store, reader, 1 + number % site.BRINK, _FIRST_CHANGE + number)
                    for number in range(site.BRINK + samples)
                ][site.BRINK :]  # while it starts it judges everybody
                store.close()
                answers = list(_answers(irc, samples))
        where = f"{kind}, {comments} comments, {samples} times"
        yield _figure(f"comment posted → alert read on IRC ({where})", alerts, target=True)
        yield _figure(f"!ci status NAME → answer read on IRC ({where})", answers, target=False)


def _alert(bot: WholeBot, store: Store, reader: IrcUser, ci: int, change: int) -> float:
    """Milliseconds from a comment to its alert."""
    session = requests.Session()
    url = bot.webhook(site.SERVER)
    # The reference has passed the change, as on any other; its judging is over before ours.
    session.post(url, data=site.event(0, change, passed=True), timeout=10).raise_for_status()
    time.sleep(_GAP_S)
    body = site.event(ci, change, passed=False)
    start = time.perf_counter()
    session.post(url, data=body, timeout=10).raise_for_status()
    reader.hears(site.name_of(ci), nick=_NICK, target=_ROOM, timeout_s=30)
    took = time.perf_counter() - start
    session.close()
    eventually(lambda: _delivered(store), "the outbox to be settled")
    site.take_back(store, change)
    reader.lines()
    return 1000 * took


def _delivered(store: Store) -> bool:
    return not store.read(depth)


def _answers(irc: Ngircd, count: int) -> Iterator[float]:
    """Milliseconds from each question to the first line of its answer."""
    for asked in range(0, count, _ASKED_AT_ONCE):
        with irc.user(f"asker{asked}", tls=False) as asker:
            asker.join(_ROOM)
            for number in range(asked, min(count, asked + _ASKED_AT_ONCE)):
                name = site.name_of(1 + number % (site.CIS - 1))
                start = time.perf_counter()
                asker.say(_ROOM, f"!ci status {name}")
                asker.hears(name, nick=_NICK, target=_ROOM)
                yield 1000 * (time.perf_counter() - start)
                time.sleep(_GAP_S)


def _figure(name: str, times: list[float], *, target: bool) -> Figure:
    ordered = sorted(times)
    middle, late = percentile(ordered, 50), percentile(ordered, 99)
    return Figure(
        name,
        f"p50 {middle:.0f} ms, p99 {late:.0f} ms",
        target=f"p99 ≤ {_TARGET_MS} ms" if target else "",
        meets=late <= _TARGET_MS if target else None,
    )
