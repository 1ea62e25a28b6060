"""Who may change things, on a real IRC network with services: InspIRCd and Atheme."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from cibot.chat.dispatch import Dispatcher
from cibot.outbox.sender import Sender
from cibot.store.audit import last_audit
from cibot.store.engine import Store
from tests.support.canned import CONFIG, canned
from tests.support.inspircd import InspIRCd
from tests.support.irc_bot import irc_bot

pytestmark = pytest.mark.e2e
PASSWORD = "correct-horse-1"


@pytest.fixture(scope="module", autouse=True)
def accounts(inspircd: InspIRCd) -> None:
    for name in ("mika", "watcher"):
        inspircd.register(name, PASSWORD)


@contextmanager
def running(inspircd: InspIRCd, store: Store) -> Iterator[None]:
    """The bot in #ci, answering from the store and sending its outbox."""
    answer = Dispatcher(store, CONFIG)
    with irc_bot(inspircd.port, "#ci", answer=answer, name="irc", nick="cibot") as bot:
        bot.wait_up()
        sender = Sender(store, {"irc": bot.backend}, lambda: datetime.now(UTC))
        sender.start()
        try:
            yield
        finally:
            sender.stop(5)


def test_a_services_account_changes_things_and_a_nick_does_not(
    inspircd: InspIRCd, sqlite_store: Store
) -> None:
    canned(sqlite_store)
    with (
        running(inspircd, sqlite_store),
        inspircd.user("thief") as thief,
        inspircd.user("mi", sasl=("mika", PASSWORD)) as mika,
        inspircd.user("w1", sasl=("watcher", PASSWORD)) as watcher,
    ):
        for person in (thief, mika, watcher):
            person.join("#ci")
        thief.say("#ci", "!ci ack 1 I am mika, honest")
        thief.hears("thief: I do not know who you are", nick="cibot", target="#ci")
        watcher.say("cibot", "ack 1")
        watcher.hears("Ask Mika; you are irc:watcher", nick="cibot")

        watcher.say("cibot", "watch netapp")
        watcher.hears("I will tell you in private what happens to NetApp CI", nick="cibot")
        watcher.send("NICK w2")
        watcher.wait_for(lambda line: line.command == "NICK", "the new nick")
        watcher.say("cibot", "watching")
        watcher.hears("You watch NetApp CI", nick="cibot")

        mika.say("#ci", "!ci ack 1 looking into it")
        mika.hears("acknowledged by Mika: “looking into it”", nick="cibot", target="#ci")
        thief.hears("acknowledged by Mika: looking into it", nick="cibot", target="#ci")
        watcher.hears("acknowledged by Mika", nick="cibot", target="w2")

        mika.say("cibot", "silence netapp 2h new \x02disks\x02")
        mika.hears("no alerts of NetApp CI until", nick="cibot", target="mi")
        thief.say("#ci", "!ci silences")
        thief.hears("by Mika: “new disks”", nick="cibot", target="#ci")
    rows = sqlite_store.read(last_audit)
    assert [(row.what, row.account, row.nick, row.room) for row in rows] == [
        ("silence", "mika", "mi", "mi"),
        ("ack", "mika", "mi", "#ci"),
        ("watch", "watcher", "w1", "w1"),
        ("ack", "watcher", "w1", "w1"),
    ]


def test_a_watcher_who_left_bothers_nobody(inspircd: InspIRCd, sqlite_store: Store) -> None:
    canned(sqlite_store)
    with (
        running(inspircd, sqlite_store),
        inspircd.user("mi2", sasl=("mika", PASSWORD)) as mika,
    ):
        mika.join("#ci")
        with inspircd.user("w3", sasl=("watcher", PASSWORD)) as watcher:
            watcher.say("cibot", "watch netapp")
            watcher.hears("I will tell you in private", nick="cibot")
        mika.say("#ci", "!ci ack 1 on it")
        mika.hears("NetApp CI: acknowledged by Mika: on it", nick="cibot", target="#ci")
        mika.say("#ci", "!ci version")
        mika.hears("0.1.0 https", nick="cibot")
        assert not [line for line in mika.lines() if "could not say" in line.text]
