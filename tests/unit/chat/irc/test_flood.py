"""Answers to whoever asks without end keep no alert back, at the pace that the example has."""

from dataclasses import dataclass, field

import pytest

from cibot.chat.irc.receipts import Delivery
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.session import IrcTiming, Session
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.wire import read_line
from cibot.chat.pace import Backoff, PersonLimit, TokenBucket
from cibot.chat.protocol import Asker, Channel, Question
from cibot.text.card import Card, card

LONG = card(*(f"line {n} of a long answer" for n in range(12)))
LINKED = Card(card("one", "two").lines, link="https://ci.example.org/cis")


@dataclass
class Wire:
    """A session whose server takes what it is sent at once; times are simulated."""

    now: float = 0.0
    said: list[tuple[float, str]] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)

    def __post_init__(self):
        config = IrcConfig(name="net", host="irc.example.org", nick="cibot", channels=["#ci"])
        people = PersonLimit(1e6, 1e6)
        self._back = []
        self.session = Session(
            config, IrcTiming(), Rooms(config.channels, lambda: Backoff(1, 2)), people, people,
            send=self._sent, ask=self.asked.append,
        )  # fmt: skip
        self.hear(":irc 001 cibot :hi", ":irc 376 cibot :end")
        self.hear(":cibot!c@h JOIN #ci", ":irc 366 cibot #ci :end")

    def _sent(self, raw):
        words = raw.split(" ")
        if words[0] == "PING":
            self._back.append(f":irc PONG irc {words[1]}")
        if words[0] == "PRIVMSG":
            self.said.append((self.now, raw.partition(" :")[2]))

    def hear(self, *lines):
        for line in lines:
            self.session.handle(read_line(line), self.now)

    def step(self, seconds=0.5):
        self.now += seconds
        self.session.tick(self.now)
        while self._back:
            back, self._back = self._back, []
            self.hear(*back)

    def ask(self, nick, answer=LONG, *, private=False):
        where = Channel("net", nick if private else "#ci")
        self.session.reply(Question("list", Asker(nick), where, private), answer)


@pytest.mark.parametrize("private", [False, True])
def test_an_alert_is_out_within_five_seconds_whoever_asks(private):
    wire = Wire()
    for turn in range(600):
        wire.ask(f"nick{turn}", private=private)
        wire.step()
    alert = Delivery("#ci", card("netapp is failing", "details", "more"))
    began = wire.now
    wire.session.deliver(alert, wire.now)
    while not alert.done.done() and wire.now < began + 60:
        wire.ask(f"late{wire.now}", private=private)
        wire.step()
    assert alert.done.result(0)
    assert wire.now - began <= 5
    assert [text for at, text in wire.said if at > began][:3] == [
        "netapp is failing", "details", "more",
    ]  # fmt: skip


def test_no_more_answers_wait_than_a_minute_can_say_and_no_more_is_asked():
    wire = Wire()
    for number in range(100):
        wire.ask(f"nick{number}", private=True)
    assert not wire.session._speaker.has_room()
    wire.hear(":eve!e@h PRIVMSG #ci :!ci status")
    assert wire.asked == []
    for _ in range(180):
        wire.step()
    wire.hear(":eve!e@h PRIVMSG #ci :!ci status")
    assert [question.text for question in wire.asked] == ["status"]


def test_when_many_wait_an_answer_is_one_line_and_a_link():
    wire = Wire()
    wire.ask("ann", LINKED, private=True)
    for number in range(6):
        wire.ask(f"nick{number}", card("short"), private=True)
    wire.ask("bob", LINKED, private=True)
    wire.ask("eve", card("one line"), private=True)
    for _ in range(200):
        wire.step()
    said = [text for _at, text in wire.said]
    assert said.count("one https://ci.example.org/cis") == 1
    assert said.count("two") == 1
    assert said.count("one … https://ci.example.org/cis") == 1
    assert said.count("one line") == 1


def test_a_token_may_be_left_for_others():
    bucket = TokenBucket(0.5, 5)
    assert [bucket.take(0.0, leave=2) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait(0.0, leave=2) == 2.0
    assert bucket.wait(0.0) == 0.0
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
