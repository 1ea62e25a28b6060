"""How fast the outbox speaks, beside its backends alone; and what it holds on to.

The bot is a process of its own on SQLite, ngircd is real, Slack is the server of the tests. The
messages are in the outbox when it starts; the time runs from the first one sent to the last. The
floor is a loop around `Backend.send` on the same server. With a network's own limit, the floor is
that limit.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from bench.servers import irc_server, until
from bench.start import resident, resident_mb
from bench.table import Figure
from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.protocol import Backend
from cibot.chat.slack.backend import SlackBackend
from cibot.chat.slack.settings import SlackConfig
from cibot.store import schema
from cibot.store.engine import Store
from cibot.store.rows import upsert
from cibot.text.card import card
from tests.support.ngircd import Ngircd
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import BOT_TOKEN, SECRET
from tests.support.whole_bot import WholeBot, eventually

_ROOM, _SLACK_ROOMS = "#bench", ("C0GENERAL", "C0ALERTS0")
_COUNT = 600
_PACE, _BURST, _PACED = 5, 5, 55  # messages a second, at once, in all
_LIMITED = 20  # messages to each of two Slack channels, which take one a second
_WAITING = 400  # of the many messages, so many wait at a time
_TEXT = "■ failing: Acme iSCSI CI, 21 of 57 passed in 7 d where the reference passed"
_numbers = itertools.count()


def figures(messages: int) -> Iterator[Figure]:
    """Sends a second on IRC and Slack, free and within their limits; memory after ``messages``."""
    with irc_server() as irc, SlackServer() as slack, SlackServer(rate_limit=True) as strict:
        if irc is not None:
            fast, paced = _irc(irc, 1000, 1000), _irc(irc, _PACE, _BURST)
            alone = _alone(lambda: IrcBackend(IrcConfig(**fast)), _ROOM)
            yield _beside("IRC (ngircd)", _outbox(("irc", fast), {_ROOM: _COUNT}), alone)
            yield _within(
                f"IRC, {_PACE}/s", _outbox(("irc", paced), {_ROOM: _PACED}, skip=_BURST), _PACE
            )
        config = _slack(slack)
        alone = _alone(lambda: SlackBackend(SlackConfig(**config)), _SLACK_ROOMS[0])
        yield _beside("Slack", _outbox(("slack", config), {_SLACK_ROOMS[0]: _COUNT}), alone)
        rooms = dict.fromkeys(_SLACK_ROOMS, _LIMITED)
        rate = _outbox(("slack", _slack(strict)), rooms)
        yield _within("Slack, two channels at 1/s", rate, len(rooms))
        yield from _memory(irc, slack, messages)


def _irc(server: Ngircd, pace: int, burst: int) -> dict[str, Any]:
    return {
        "name": "irc", "host": "127.0.0.1", "port": server.port, "tls": False,
        "nick": f"bench{next(_numbers)}", "channels": [_ROOM], "messages_per_second": pace,
        "burst": burst,
    }  # fmt: skip


def _slack(server: SlackServer) -> dict[str, Any]:
    return {
        "name": "slack", "bot_token": BOT_TOKEN, "signing_secret": SECRET,
        "api_url": server.api_url,
    }  # fmt: skip


def _alone(make: Callable[[], Backend], room: str) -> float:
    """Sends a second of the backend alone."""
    backend = make()
    backend.start(lambda _question: None)
    try:
        until(lambda: backend.link().up, "the backend")
        backend.send(room, card(_TEXT), key="first")
        start = time.perf_counter()
        for number in range(_COUNT):
            backend.send(room, card(_TEXT), key=f"k{number}")
        return _COUNT / (time.perf_counter() - start)
    finally:
        backend.stop(5)


@contextmanager
def _filled(tables: dict[str, Any], rooms: dict[str, int]) -> Iterator[tuple[WholeBot, Store]]:
    """A running bot that finds these messages in its outbox."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        bot = WholeBot(Path(name), f"sqlite:///{name}/cibot.db", tables)
        bot.command("db", "upgrade")
        store = bot.store()
        stack.callback(store.close)
        network = next(iter(tables.values()))[0]["name"]
        for room, count in rooms.items():
            _enqueue(store, network, room, count)
        stack.callback(bot.stop)
        bot.start()
        yield bot, store


def _enqueue(store: Store, network: str, room: str, count: int) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "dedupe_key": f"bench:{next(_numbers)}", "kind": "alert", "network": network,
            "room": room, "card": card(_TEXT).to_json(), "state": "pending", "attempts": 0,
            "created_at": now, "not_before": now,
        }
        for _ in range(count)
    ]  # fmt: skip
    store.write(lambda tx: upsert(tx, schema.outbox, rows))


def _outbox(network: tuple[str, dict[str, Any]], rooms: dict[str, int], *, skip: int = 1) -> float:
    """Sends a second of the outbox, after the first ``skip`` messages."""
    kind, config = network
    with _filled({kind: [config]}, rooms) as (_bot, store):
        eventually(lambda: not _left(store), "the last message", 600)
        sent_at = schema.outbox.c.sent_at
        times = store.read(lambda tx: tx.execute(select(sent_at).order_by(sent_at)).scalars().all())
        took = (times[-1] - times[skip - 1]).total_seconds()
        return (len(times) - skip) / took


def _left(store: Store) -> int:
    query = select(func.count()).where(schema.outbox.c.state != "sent")
    return int(store.read(lambda tx: tx.execute(query).scalar_one()))


def _beside(where: str, rate: float, alone: float) -> Figure:
    return Figure(
        f"outbox → {where}", f"{rate:.0f} sends/s", f"backend alone {alone:.0f}/s", rate / alone
    )


def _within(where: str, rate: float, limit: float) -> Figure:
    return Figure(
        f"outbox → {where}, its own limit", f"{rate:.2f} sends/s", f"limit {limit:g}/s",
        rate / limit,
    )  # fmt: skip


def _memory(irc: Ngircd | None, slack: SlackServer, messages: int) -> Iterator[Figure]:
    """Resident memory before and after many messages, half of them to each network."""
    tables: dict[str, Any] = {"slack": [_slack(slack)]}
    if irc is not None:
        tables["irc"] = [_irc(irc, 1000, 1000)]
    targets = [("slack", _SLACK_ROOMS[0])] + ([("irc", _ROOM)] if irc is not None else [])
    with _filled(tables, {_SLACK_ROOMS[0]: 1}) as (bot, store):
        until(lambda: not _left(store), "the first message")
        time.sleep(5)  # every job has run once
        before = resident_mb(bot)
        for _ in range(0, messages, _WAITING):
            for network, room in targets:
                _enqueue(store, network, room, _WAITING // len(targets))
            until(lambda: not _left(store), "the messages", 600)
            store.write(lambda tx: tx.execute(delete(schema.outbox)))
            for channel in slack.rooms.values():
                channel.messages.clear()
                channel.replies.clear()
            slack.spoken.clear()
            slack.calls.clear()
        yield resident("before messages", before)
        yield resident(f"after {messages:,} messages sent", resident_mb(bot))
