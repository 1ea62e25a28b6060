"""What people change: who may, what is kept, and what the rooms then hear; on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from cibot.actions.roles import Actor
from cibot.chat.commands import COMMANDS
from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Question
from cibot.config.models import Config, QuietConfig, RouteConfig
from cibot.incidents.routing import Alert
from cibot.judging.audience import muted, tell_all
from cibot.model import Channel, State
from cibot.store import digests, outbox
from cibot.store.audit import AuditRow, last_audit
from cibot.store.cis import ensure_ci
from cibot.store.digests import Written
from cibot.store.engine import Store, Tx
from cibot.store.incidents import incident_by_id
from cibot.store.outbox import About, MessageKind, MessageState
from cibot.store.silences import silences_at, silences_before
from cibot.store.watches import StoredWatch, put_watch, watchers_of
from cibot.text.card import Card, card
from tests.support.canned import CONFIG, canned, merged_away
from tests.support.history import NOW

HOUR = timedelta(hours=1)
CHANGES = {
    "exclude": ["exclude quobyte"],
    "retire": ["retire quobyte"],
    "unretire": ["retire quobyte", "unretire quobyte"],
    "ack": ["ack 1 looking"],
    "silence": ["silence netapp 2h new disks"],
    "unsilence": ["silence netapp 2h new disks", "unsilence netapp"],
    "watch": ["watch netapp"],
    "unwatch": ["watch netapp", "unwatch netapp"],
}


@dataclass
class Chat:
    """The dispatcher on a canned history, asked as Mika unless told otherwise."""

    store: Store
    now = NOW

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher(self.store, CONFIG, clock=lambda: self.now)

    def ask(self, text: str, account: str | None = "mika", nick: str = "nick") -> Card:
        asker = Asker(nick, account)
        reply = self.dispatcher(Question(text, asker, Channel("irc", "#ci"), private=False))
        assert reply is not None
        return reply

    def audit(self) -> list[AuditRow]:
        return self.store.read(last_audit)

    def waiting(self) -> list[tuple[str, str, str]]:
        """Room, text and key of what is in the outbox, oldest first."""
        rows = self.store.read(lambda tx: outbox.listed(tx, limit=100))
        return [(row.room, Card.from_json(row.card).text(), row.key) for row in reversed(rows)]


@pytest.fixture
def chat(canned_store: Store) -> Chat:
    return Chat(canned_store)


@pytest.mark.parametrize(
    "name", sorted(name for name, command in COMMANDS.items() if command.writes)
)
def test_what_changes_something_is_audited_once(chat: Chat, name: str) -> None:
    for text in CHANGES[name]:
        reply = chat.ask(text, nick="mi")
        assert not reply.error, reply.text()
    mine = [row for row in chat.audit() if row.what == name]
    assert len(mine) == 1
    row = mine[0]
    assert (row.network, row.account, row.nick, row.room) == ("irc", "mika", "mi", "#ci")
    assert row.at == NOW
    assert row.arguments
    assert row.outcome


@pytest.mark.parametrize(
    "name", sorted(name for name, command in COMMANDS.items() if command.writes)
)
def test_a_nick_alone_changes_nothing(chat: Chat, name: str) -> None:
    for text in CHANGES[name]:
        reply = chat.ask(text, account=None, nick="mika")
        assert reply.error
        assert "nick proves nothing" in reply.text()
    assert chat.audit() == []
    assert chat.store.read(lambda tx: silences_at(tx, NOW)) == []
    assert chat.waiting() == []


def test_a_refused_try_is_kept_with_its_words(chat: Chat) -> None:
    reply = chat.ask("silence quobyte 2h let me", account="netapp-ops")
    assert reply.error
    (row,) = chat.audit()
    assert (row.what, row.account) == ("silence", "netapp-ops")
    assert row.arguments == "quobyte 2h let me"
    assert row.outcome.startswith("refused: Only an owner of Quobyte CI")


def test_a_silence_ends_by_itself_and_stays_on_record(chat: Chat) -> None:
    chat.ask("silence netapp 2h new disks")
    assert "no alerts of NetApp CI" in chat.ask("status netapp").text()
    chat.now = NOW + 2 * HOUR
    assert chat.ask("silences").text() == "No alert is silenced."
    (silence,) = chat.store.read(lambda tx: silences_before(tx, None, 10))
    assert (silence.by, silence.reason, silence.ended_at) == ("Mika", "new disks", None)


def test_a_silence_whose_commit_was_not_confirmed_is_made_once(chat: Chat) -> None:
    """The store runs what it could not surely write again, of the same moment."""
    first = chat.ask("silence netapp 2h new disks")
    assert chat.ask("silence netapp 2h new disks") == first
    assert len(chat.store.read(lambda tx: silences_before(tx, None, 10))) == 1
    assert [row.what for row in chat.audit()] == ["silence"]
    chat.now += timedelta(seconds=1)
    chat.ask("silence netapp 2h new disks")
    assert len(chat.store.read(lambda tx: silences_before(tx, None, 10))) == 2


def test_a_silence_that_was_ended_says_by_whom(chat: Chat) -> None:
    chat.ask("silence netapp 2h new disks")
    chat.now += HOUR
    chat.ask("unsilence 1", account="netapp-ops")
    (silence,) = chat.store.read(lambda tx: silences_before(tx, None, 10))
    assert (silence.ended_by, silence.ended_at) == ("NetApp's team", NOW + HOUR)


def test_an_acknowledgement_is_stored_and_told_in_the_thread(chat: Chat) -> None:
    chat.ask("ack 1 looking into it")
    stored = chat.store.read(lambda tx: incident_by_id(tx, 1))
    assert stored is not None
    assert stored.state == "acknowledged"
    ((room, text, key),) = chat.waiting()
    assert room == "#ci"
    assert text.endswith("NetApp CI: acknowledged by Mika: looking into it")
    assert key == "incident:1:2:acknowledged:irc/#ci"


def test_an_acknowledgement_leads_to_its_incident(chat: Chat) -> None:
    chat.ask("ack 1")
    (row,) = chat.store.read(lambda tx: outbox.listed(tx, limit=100))
    assert Card.from_json(row.card).link == "https://ci.example.org/incidents/1"


def test_the_number_of_a_merged_incident_answers_for_the_one_that_is_left(chat: Chat) -> None:
    number = merged_away(chat.store)
    assert chat.ask(f"why #{number}").text() == chat.ask("why netapp").text()
    assert chat.ask(f"status #{number}").text() == chat.ask("status netapp").text()
    done = chat.ask(f"ack #{number} looking")
    assert done.text() == "#1 NetApp CI (success): acknowledged by Mika: “looking”"
    assert chat.audit()[0].outcome == "acknowledged #1 of NetApp CI"
    assert chat.ask("why #99").text() == "There is no incident #99."


def test_a_silenced_acknowledgement_is_not_told(chat: Chat) -> None:
    chat.ask("silence netapp 2h new disks")
    chat.ask("ack 1")
    assert chat.waiting() == []


def test_hostile_words_are_kept_as_words(chat: Chat) -> None:
    evil = "silence netapp 2h \x02<!channel> \u202e'; DROP TABLE audit; --\r\nQUIT :x"
    assert not chat.ask(evil).error
    (row,) = chat.audit()
    assert "DROP TABLE" in row.arguments
    assert not set(row.arguments) & set("\r\n\x02\u202e")
    chat.ask("silence netapp 2h " + "x" * 5000)
    assert len(chat.audit()) == 2


def test_a_watcher_is_told_at_the_nick_seen_last(chat: Chat) -> None:
    chat.ask("watch netapp", account="bob", nick="bob")
    chat.ask("status", account="bob", nick="bob_away")
    chat.ask("ack 1", account="mika")
    rooms = [room for room, _text, _key in chat.waiting()]
    assert rooms == ["#ci", "bob_away"]
    chat.ask("unwatch netapp", account="bob", nick="bob_away")
    assert chat.store.read(lambda tx: watchers_of(tx, 1)) == []


def test_somebody_elses_nick_does_not_move_a_watch(chat: Chat) -> None:
    chat.ask("watch netapp", account="bob", nick="bob")
    chat.ask("status", account=None, nick="thief")
    chat.ask("status", account="thief", nick="thief")
    chat.ask("ack 1", account="mika")
    assert [room for room, _text, _key in chat.waiting()] == ["#ci", "bob"]


def _alerts(chat: Chat, count: int, first: int = 0) -> None:
    """So many alerts of one CI to #ci, a second apart."""
    alert = Alert("NetApp CI", frozenset({"success"}), State.FAILING)

    def work(tx: Tx) -> None:
        for number in range(first, first + count):
            about = About(MessageKind.ALERT, f"incident:{number}:1:opened", number, "opened")
            at = chat.now + timedelta(seconds=number)
            tell_all(tx, CONFIG, alert, 1, about, card(f"alert {number}", "details"), at)

    chat.store.write(work)


def test_a_flood_becomes_a_digest(chat: Chat) -> None:
    _alerts(chat, 35)
    _alerts(chat, 35)  # told again, by another process: nothing new
    waiting = [text for _room, text, _key in chat.waiting()]
    assert waiting[:20] == [f"alert {number}\ndetails" for number in range(20)]
    (digest,) = waiting[20:]
    assert digest.startswith("15 more alerts; this channel takes 20 an hour")
    assert digest.endswith("alert 25\nand 5 more")
    due = chat.store.read(lambda tx: outbox.listed(tx)[0].not_before)
    assert NOW < due <= NOW + timedelta(minutes=15)


def test_after_the_flood_alerts_are_alerts_again(chat: Chat) -> None:
    _alerts(chat, 21)
    chat.now = NOW + 2 * HOUR
    _alerts(chat, 1, first=50)
    assert chat.waiting()[-1][1] == "alert 50\ndetails"
    assert len(chat.waiting()) == 22


def test_a_digest_that_is_out_is_not_written_over(chat: Chat) -> None:
    def work(tx: Tx) -> None:
        to, digest = Channel("irc", "#x"), About(MessageKind.DIGEST, "d")

        def fold(text: str) -> bool:
            about, folded = About(MessageKind.ALERT, text), MessageState.FOLDED
            outbox.enqueue(tx, about, to, card(text).to_json(), NOW, state=folded)
            return digests.fold(tx, text, digest, to, NOW, NOW, last)

        assert [fold("one"), fold("two")] == [True, True]
        assert outbox.claim(tx, "irc", NOW, NOW + HOUR)
        assert not fold("three")

    def last(written: Written) -> str:
        return written[-1][1]

    chat.store.write(work)
    assert chat.waiting() == [("#x", "two", "d")]


def test_a_network_that_is_gone_has_no_watchers(chat: Chat) -> None:
    for network in ("irc", "gone", "console"):
        watch = StoredWatch(network, "bob", 2, "bob", NOW)
        chat.store.write(lambda tx, watch=watch: put_watch(tx, watch))  # type: ignore[misc]
    chat.ask("ack 1")
    assert [room for room, _text, _key in chat.waiting()] == ["#ci", "bob"]


def test_a_shell_cannot_watch(chat: Chat) -> None:
    for network in ("console", "cli"):
        _name, reply = chat.dispatcher.run(("watch", "netapp"), actor=Actor(network, "me", "me"))
        assert reply.error
        assert "ask me in IRC or Slack" in reply.text()


@pytest.mark.parametrize("hostile", ["[!Acme7]*", "［!Acme７］＊"])
def test_a_name_is_not_a_pattern(chat: Chat, hostile: str) -> None:
    """A CI may call itself what reads like a pattern: to mute it must mute nobody else."""
    chat.store.write(lambda tx: ensure_ci(tx, hostile, "discovered", NOW))
    assert not chat.ask(f"silence {hostile} 2h noisy").error
    (silence,) = chat.store.read(lambda tx: silences_at(tx, NOW))
    assert (silence.ci, silence.is_pattern) == (hostile, False)
    for name, muted_now in ((hostile, True), ("NetApp CI", False), ("Zuul", False)):
        rule = chat.store.read(lambda tx, name=name: muted(tx, name, NOW))  # type: ignore[misc]
        assert (rule is not None) is muted_now
    chat.ask("silence * 1h all of them")
    assert chat.store.read(lambda tx: muted(tx, "Zuul", NOW)) is not None
    assert "#1 is over" in chat.ask(f"unsilence {hostile}").text()
    (silence,) = chat.store.read(lambda tx: silences_at(tx, NOW))
    assert (silence.ci, silence.is_pattern) == ("*", True)


def rooms_told(store: Store, config: Config, where: Channel, text: str) -> list[tuple[str, str]]:
    """State and first line of what each room is told after somebody asked for a silence."""
    dispatcher = Dispatcher(store, config, clock=lambda: NOW)
    reply = dispatcher(Question(text, Asker("nick", "mika"), where, private=True))
    assert reply is not None
    assert not reply.error, reply.text()
    rows = store.read(lambda tx: outbox.listed(tx, limit=100))[::-1]
    heads = [Card.from_json(row.card).text().splitlines()[0] for row in rows]
    return [
        (f"{row.state} {row.network}/{row.room}", head)
        for row, head in zip(rows, heads, strict=True)
    ]


def test_a_silence_is_told_to_the_rooms_that_it_mutes(store: Store) -> None:
    canned(store)
    routes = (
        RouteConfig(channels=("irc/#ci",)),
        RouteConfig(channels=("irc/#netapp", "irc/#ci"), cis=("NetApp*",)),
        RouteConfig(channels=("irc/#pure",), cis=("Pure*",)),
        RouteConfig(channels=("irc/#team",), owners=("NetApp Storage",)),
    )
    config = CONFIG.model_copy(update={"route": routes})
    mine = Channel("irc", "nick")
    notices = rooms_told(store, config, mine, "silence netapp 2h new disks")
    rooms = [state for state, _text in notices]
    assert rooms == [f"pending irc/#{name}" for name in ("ci", "netapp", "team")]
    assert {text for _state, text in notices} == {
        f"Mika silenced NetApp CI until {NOW + 2 * HOUR:%a %d %b %H:%M} UTC (2 h): new disks"
    }
    more = rooms_told(store, config, Channel("irc", "#ci"), "silence * 1d all of it")
    assert [state for state, _text in more[3:]] == [
        f"pending irc/#{name}" for name in ("netapp", "pure", "team")
    ]
    ended = rooms_told(store, config, Channel("irc", "#team"), "unsilence netapp")[6:]
    assert [state for state, _text in ended] == ["pending irc/#ci", "pending irc/#netapp"]
    assert {text for _state, text in ended} == {
        "Mika ended their own silence of NetApp CI: new disks"
    }


def test_in_quiet_hours_it_waits_for_their_end(store: Store) -> None:
    canned(store)
    body = {"channels": ["irc/#ci"], "begin": "00:00", "end": "23:59", "time_zone": "UTC"}
    config = CONFIG.model_copy(update={"quiet": (QuietConfig.model_validate(body),)})
    notices = rooms_told(store, config, Channel("irc", "nick"), "silence netapp 2h new disks")
    assert [state for state, _text in notices] == ["held irc/#ci"]
