"""A mass failure from its begin to its end, as people read it on a real ngircd and in Slack."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cibot.chat.slack.backend import SlackBackend
from cibot.outbox.sender import Sender
from cibot.store.engine import Store
from tests.support.irc_bot import irc_bot
from tests.support.ngircd import Ngircd
from tests.support.slack_fixtures import slack_config
from tests.support.slack_server import SlackServer
from tests.unit.health.facts import HOUR
from tests.unit.judging.breaking import Mass

pytestmark = pytest.mark.e2e
ROOM, ALERTS = "#mass", "C0ALERTS0"
ROUTES = {
    "route": [{"channels": [f"net/{ROOM}", f"work/{ALERTS}"]}],
    "slack": [{"name": "work", "bot_token": "xoxb-x"}],
}


def test_it_is_one_line_who_joins_is_one_and_its_end_is_one(
    sqlite_store: Store, ngircd: Ngircd
) -> None:
    mass = Mass(sqlite_store, **ROUTES)
    mass.breaks("A")
    with (
        SlackServer() as slack,
        irc_bot(ngircd.port, ROOM, nick="cibotmass") as bot,
        ngircd.user("readermass") as reader,
    ):
        reader.join(ROOM)
        bot.wait_up()
        backend = SlackBackend(slack_config(slack), timeout=5)
        backends = {"net": bot.backend, "work": backend}
        sender = Sender(sqlite_store, backends, lambda: mass.now)

        def send() -> None:
            while sender.send_one("net") or sender.send_one("work"):
                pass

        send()
        mass.now += timedelta(minutes=20)
        mass.breaks("B")
        mass.breaks("C")
        send()
        mass.breaks("D")
        mass.breaks("E")
        mass.later(HOUR)
        send()
        for name in "ABCDE":
            mass.recovers(name)
            mass.later(timedelta(minutes=10))
            send()
        reader.hears("recovered", nick="cibotmass", target=ROOM)
        said = [line.text for line in reader.seen if line.command == "PRIVMSG"]
        heads = [text for text in said if text[:1] in "■●"]
        assert [head.partition(" since ")[0] for head in heads] == [
            "■ failing — A is failing: success is bad https://cibot.example.org/ci/A",
            "■ failing — 3 of 3 CIs broke",
            "■ failing — 5 of 5 CIs broke",
            "● healthy — all 5 CIs that broke",
        ]
        own, root, joined, over = slack.room(ALERTS)
        assert "thread_ts" not in own
        assert joined["thread_ts"] == over["thread_ts"] == root["ts"]
        assert root["blocks"][0]["elements"][0]["text"].startswith("Now: ● healthy — all 5 CIs")
