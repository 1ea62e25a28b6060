"""The outbox against a failing Slack, with kills in between: nothing lost, nothing twice."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from cibot.chat.slack.backend import SlackBackend
from cibot.model import Channel
from cibot.outbox.sender import Sender
from cibot.store import outbox
from cibot.store.engine import Store
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card, card
from tests.support.slack_fixtures import slack_config
from tests.support.slack_server import Fault, SlackServer

pytestmark = pytest.mark.e2e
ALERTS = "C0ALERTS0"
FAULTS = [
    Fault(stored=True),
    Fault(status=500),
    Fault(status=502, body="<html>bad gateway</html>"),
    Fault(status=429, error="ratelimited", retry_after=3),
    Fault(error="fatal_error"),
]


class Killed(BaseException):
    """Stands for kill -9: nothing of the process's own runs after it."""


class Mortal(SlackBackend):
    """Dies before or after the network call, as told by ``dies``."""

    dies = ""

    def send(self, room: str, card: Card, *, key: str) -> str:
        if self.dies == "before":
            raise Killed
        remote = super().send(room, card, key=key)
        if self.dies == "after":
            raise Killed
        return remote


@pytest.mark.parametrize("seed", range(4))
def test_ledger_of_alerts_equals_what_stands_in_slack(sqlite_store: Store, seed: int) -> None:
    dice = random.Random(seed)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sent = [(f"{number % 6}:{number}:alerts", number % 6) for number in range(24)]
    with SlackServer() as slack:

        def born() -> tuple[Mortal, Sender]:
            backend = Mortal(slack_config(slack), timeout=2)
            return backend, Sender(sqlite_store, {"work": backend}, lambda: now)

        backend, sender = born()
        for key, incident in sent:
            text = card(f"CI {incident} changed", incident=incident + 1).to_json()
            sqlite_store.write(
                lambda tx, k=key, t=text: outbox.enqueue(
                    tx, About(MessageKind.ALERT, k), Channel("work", ALERTS), t, now
                )
            )
        for _ in range(2000):
            if dice.random() < 0.3:
                slack.fail("chat.postMessage", dice.choice(FAULTS))
            if dice.random() < 0.1:
                slack.fail("conversations.history", dice.choice(FAULTS[1:]))
            backend.dies = dice.choice(["", "", "", "before", "after"])
            try:
                sender.send_one("work")
            except Killed:
                backend, sender = born()
            now += timedelta(seconds=dice.choice([1, 30, 400]))
            if len(slack.room(ALERTS)) >= len(sent) and dice.random() < 0.2:
                break
        posted = slack.room(ALERTS)
        keys = Counter(message["metadata"]["event_payload"]["key"] for message in posted)
        assert keys == Counter(key for key, _ in sent)
        assert [message["metadata"]["event_payload"]["key"] for message in posted] == [
            k for k, _ in sent
        ]
        assert sum("thread_ts" not in message for message in posted) == 6
