"""Command → answer on the wire: a person on a real ngircd, a slash command of a Slack over HTTP."""

from __future__ import annotations

import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import site
from bench.load import failed_changes, refresh
from bench.servers import irc_server, until
from bench.table import Figure
from bench.webhooks import percentile
from cibot.store.engine import Store
from cibot.store.incidents import health_of
from tests.support.ngircd import Ngircd
from tests.support.slack_caller import command_body, signed
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import BOT_TOKEN, SECRET
from tests.support.whole_bot import WholeBot, eventually

_ROOM, _NICK, _WORKSPACE = "#bench", "cibot", "work"
_ASKED_AT_ONCE = 5  # one person may ask six times at once
_FROM_A_HOST = 18  # as many questions at once are answered to all people of one host
_GAP_S = 0.05
_SECOND_MS = 1000
_QUESTIONS = ("status {0}", "why {0}", "list", "jobs {0}", "history {0} 30d", "change {1}")


def figures(url: str, where: str, samples: int) -> Iterator[Figure]:
    """The whole bot as a process of its own on that database, when it has judged everybody once."""
    with irc_server() as irc, SlackServer() as slack, tempfile.TemporaryDirectory() as name:
        tables: dict[str, Any] = {
            "slack": [
                {"name": _WORKSPACE, "bot_token": BOT_TOKEN, "signing_secret": SECRET,
                 "api_url": slack.api_url}
            ]
        }  # fmt: skip
        if irc is not None:
            tables["irc"] = [
                {"name": "net", "host": "127.0.0.1", "port": irc.port, "tls": False,
                 "nick": _NICK, "channels": [_ROOM], "messages_per_second": 1000, "burst": 1000}
            ]  # fmt: skip
        with site.running(Path(name), url, **tables) as bot, closing(bot.store()) as store:
            failed = failed_changes(store)
            until(lambda: _judged(store, bot), "every CI to be judged", 600)
            refresh(store)
            if irc is not None:
                times = list(_irc(irc, failed, samples))
                yield _figure(f"command → answer read on IRC ({where})", times)
            times = list(_slack(slack, bot, failed, samples))
            yield _figure(f"command → answer at Slack's response_url ({where})", times)


def _judged(store: Store, bot: WholeBot) -> bool:
    """Whether the round with which a bot begins is over."""
    begun = datetime.fromtimestamp(bot.config.stat().st_mtime, UTC)
    return all(health.assessed_at >= begun for health in store.read(health_of))


def _asked(failed: dict[str, int], samples: int) -> Iterator[str]:
    """Each question of each CI, or of the change that it failed last, one after the other."""
    names = list(failed)
    for number in range(samples):
        asked = _QUESTIONS[number % len(_QUESTIONS)]
        name = names[number // len(_QUESTIONS) % len(names)]
        yield asked.format(name, failed[name])


def _irc(irc: Ngircd, failed: dict[str, int], samples: int) -> Iterator[float]:
    """Milliseconds from a line of a person's to the first line of the answer."""
    asked = list(_asked(failed, min(samples, _FROM_A_HOST)))
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        with irc.user(f"asker{first}", tls=False) as asker:
            asker.join(_ROOM)
            eventually(lambda: _NICK in asker.names(_ROOM), "the bot in the channel")
            for text in asked[first : first + _ASKED_AT_ONCE]:
                asker.lines()
                start = time.perf_counter()
                asker.say(_ROOM, f"!ci {text}")
                asker.hears("", nick=_NICK, target=None)
                yield 1000 * (time.perf_counter() - start)
                time.sleep(_GAP_S)


def _slack(
    slack: SlackServer, bot: WholeBot, failed: dict[str, int], samples: int
) -> Iterator[float]:
    """Milliseconds from a command's request to the answer's at its response_url."""
    url = f"{bot.url}/webhooks/slack/{_WORKSPACE}/command"
    for number, text in enumerate(_asked(failed, samples)):
        body = command_body(text, slack.new_response_url(), user_id=f"U{number:09d}")
        request = urllib.request.Request(url, body, signed(SECRET, body))
        start = time.perf_counter()
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
        slack.responses.get(timeout=30)
        yield 1000 * (time.perf_counter() - start)
        time.sleep(_GAP_S)


def _figure(name: str, times: list[float]) -> Figure:
    ordered = sorted(times)
    middle, late = percentile(ordered, 50), percentile(ordered, 99)
    return Figure(
        f"{name}, {len(times)} of {len(_QUESTIONS)} commands",
        f"p50 {middle:.0f} ms, p99 {late:.0f} ms",
        target=f"p99 ≤ {_SECOND_MS} ms",
        meets=late <= _SECOND_MS,
    )
