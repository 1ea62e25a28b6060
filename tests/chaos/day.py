"""A bot that lives through a day on real servers, in minutes: its clock is moved on by the test.

The bot is built as `cibot run` builds it, with a clock that stands still while things happen:
how long the day is does not depend on the machine. What the bot waits for on the network takes
real time.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from click.testing import CliRunner
from sqlalchemy import select

from cibot.bootstrap import build
from cibot.chat.irc.backend import IrcBackend
from cibot.chat.irc.session import IrcTiming
from cibot.chat.slack.backend import SlackBackend
from cibot.cli import main
from cibot.config.load import read
from cibot.demo.reviews import Reviews
from cibot.errors import CibotError
from cibot.store import schema
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from cibot.store.outbox import MessageKind
from tests.chaos.clock import Clock, next_try
from tests.chaos.events import REFERENCE, ci_name
from tests.chaos.hearing import Heard, from_irc, from_slack
from tests.chaos.setting import CIS, NICK, ROOM, SLACK_ROOM, SUMMARY_HOUR, Servers, write_config
from tests.support.inspircd import InspIRCd
from tests.support.irc_user import IrcUser
from tests.support.ngircd import Ngircd
from tests.support.processes import PATIENCE_S
from tests.support.whole_bot import TOKEN, eventually

_NEVER = 10  # of the CIs, the last ones, never break; the others once at most
FAILS, PASSES = 4, 8
_BAD = "Build failed (check pipeline).\n\n- unit https://logs.example.org/{n} : FAILURE in 58s"
_GOOD = "Build succeeded (check pipeline).\n\n- unit https://logs.example.org/{n} : SUCCESS in 58s"
_TIMING = IrcTiming(
    connect=5, register=15, send=10, idle=1, pong=4, join=5, reconnect=0.2, reconnect_most=0.5,
    rejoin=0.2, rejoin_most=0.5, regain=0.3, steady=1,
)  # fmt: skip
_REST = 2  # times as long as its judging; this wait is real time, whatever the simulated clock says
_STEP = timedelta(minutes=20)
_SUMMARY = timedelta(hours=SUMMARY_HOUR)


def until(look: Callable[[], object], what: str) -> None:
    """Waits in real time until ``look`` says something true."""
    eventually(look, what)


def tomorrow() -> datetime:
    """The next midnight."""
    day = datetime.now(UTC).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def person(server: Ngircd | InspIRCd, nick: str, sasl: tuple[str, str] | None = None) -> IrcUser:
    """Somebody who is as patient as we are."""
    return IrcUser(server.tls_port, nick, ca=server.ca, sasl=sasl, timeout_s=PATIENCE_S)


@dataclass
class Truth:
    """What happened to a CI."""

    ci: str
    number: int
    over: bool = False


@dataclass
class Day:
    """The bot, its people, and what happens to them."""

    servers: Servers
    directory: Path
    began: datetime = field(default_factory=tomorrow)
    truth: list[Truth] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(self.began)
        self.unposted: list[dict[str, object]] = []
        self._reviews = Reviews()
        self._reviews.listeners.append(self.unposted.append)
        self._at = self.began - timedelta(minutes=30)
        self.eve = person(self.servers.ngircd, "eve")
        self.ida = person(self.servers.inspircd, "ida")
        self.config = write_config(self.directory, self.servers)
        config = read(self.config, {}).config
        upgrade(opened := open_store(config.store.url.get_secret_value()))
        opened.close()
        quick = {network.name: IrcBackend(network, timing=_TIMING) for network in config.irc}
        slack = {network.name: SlackBackend(network, timeout=5) for network in config.slack}
        self.bot = build(config, {**quick, **slack}, self.clock, rest=_REST)
        self.backends = self.bot.backends
        self.store = self.bot.store

    def begin(self) -> None:
        """Starts the bot and lets everybody come."""
        for person in (self.eve, self.ida):
            person.join(ROOM)  # who comes first is its operator
        self.bot.start()
        until(lambda: all(backend.link().up for backend in self.backends.values()), "all networks")
        self._there()
        self._first_comments()

    def _first_comments(self) -> None:
        """The reference has judged every change, and some CIs have passed."""
        self._reviews.add_account(1, REFERENCE, REFERENCE.lower(), service_user=True)
        for change in range(1, FAILS + PASSES + 1):
            self._reviews.add_change("demo", f"Change {change}", 1, self._at, number=change)
            self._say(change, 1, good=True)
        for number in range(CIS):
            self._reviews.add_account(10 + number, ci_name(number), ci_name(number))
        for number in range(CIS - _NEVER, CIS):
            self._say(FAILS + PASSES, 10 + number, good=True)
        self.post()

    # -- what happens on Gerrit

    def _say(self, change: int, author: int, *, good: bool) -> None:
        self._at = max(self._at + timedelta(seconds=1), self.clock() - timedelta(minutes=5))
        text = (_GOOD if good else _BAD).format(n=change)
        votes = {"Verified": 1 if good else -1}
        self._reviews.comment(change, author, text, self._at.replace(microsecond=0), votes=votes)

    def post(self) -> bool:
        """Gerrit posts its events, in order; False where the bot cannot take them now."""
        url = f"{self.bot.web.url}/webhooks/gerrit/review/{TOKEN}"
        while self.unposted:
            answer = requests.post(url, data=json.dumps(self.unposted[0]), timeout=PATIENCE_S)
            if answer.status_code == 503:
                return False
            assert answer.ok, answer.text
            self.unposted.pop(0)
        return True

    def breaks(self) -> Truth:
        """One more CI fails."""
        number = len(self.truth)
        trouble = Truth(ci_name(number), number)
        self.truth.append(trouble)
        for change in range(1, FAILS + 1):
            self._say(change, 10 + number, good=False)
        self.post()
        return trouble

    def mends(self, trouble: Truth) -> None:
        """It passes again."""
        trouble.over = True
        for change in range(FAILS + 1, FAILS + PASSES + 1):
            self._say(change, 10 + trouble.number, good=True)
        self.post()

    def settled(self, trouble: Truth) -> None:
        """Waits until the bot has judged it so."""
        incident, ci = schema.incident.c, schema.ci.c
        query = (
            select(incident.state)
            .join(schema.ci, ci.id == incident.ci_id)
            .where(ci.name == trouble.ci)
        )
        wanted = "resolved" if trouble.over else "firing"

        def seen() -> bool:
            self.post()
            states = self.store.read(lambda tx: tx.execute(query).scalars().all())
            return wanted in states and (not trouble.over or "firing" not in states)

        until(seen, f"{trouble.ci} {wanted}")

    # -- time

    def pass_time(self, span: timedelta) -> None:
        """The clock goes on, in steps that let the timed jobs run."""
        while span > timedelta():
            step = min(span, _STEP)
            span -= step
            self._jump(step)
            threading.Event().wait(0.1)
            if self.clock() >= self.began + _SUMMARY:
                until(lambda: self.summaries().total() == 3, "the summaries of the day")

    def _jump(self, step: timedelta) -> None:
        self.clock.now += step
        with contextlib.suppress(CibotError):  # the database may be away
            self.bot.lead()
        self.bot.scheduler.run_now()

    def said(self, but: str | None = None) -> None:
        """Waits until everything is said, save in the network ``but``.

        The clock stands while something is due or a network is on its way back, and goes on
        to what waits for its time.
        """

        def nothing() -> bool:
            due = self.store.read(lambda tx: next_try(tx, but))
            irc = {"ngircd", "inspircd"} - {but}
            if (
                due
                and due > self.clock()
                and all(self.backends[network].link().up for network in irc)
            ):
                self._jump(due - self.clock())
            return due is None

        until(nothing, "an empty outbox")

    def gives_up(self, network: str) -> None:
        """Waits until a message is given up; the first try may come while the bot is still out."""
        table = schema.outbox.c
        query = select(table.id).where(table.network == network, table.state == "dead")

        def dead() -> bool:
            if self.store.read(lambda tx: tx.execute(query).first()):
                return True
            due = self.store.read(next_try)
            if due and due > self.clock():
                self._jump(due - self.clock())
            return False

        until(dead, f"a message to {network} that is given up")

    def quiet(self) -> None:
        """Waits until everything is said, by a bot that is everywhere again."""
        self._there()
        self.said()

    def _there(self) -> None:
        for person in (self.eve, self.ida):
            what = f"the bot in {person.nick}'s room"
            until(
                lambda person=person: any(name.startswith(NICK) for name in person.names(ROOM)),
                what,
            )

    # -- what the bot says of itself

    def ready_says(self, part: str) -> str:
        """The detail of one part of /readyz."""
        url = f"{self.bot.web.url}/readyz"
        parts = requests.get(url, timeout=PATIENCE_S).json()["parts"]
        return f"{'ok' if parts[part]['ok'] else 'NOT OK'}: {parts[part]['detail']}"

    def feeds_says(self, asked_on: str) -> str:
        """What `feeds` answers, in private, to a person on IRC; as much of it as came soon."""
        asker = {"ngircd": self.eve, "inspircd": self.ida}[asked_on]
        asker.lines()
        asker.say(NICK, "feeds")
        try:
            first = asker.hears(nick=NICK, target=asker.nick, timeout_s=20)
        except AssertionError:
            return "no answer"
        return "\n".join(line.text for line in [first, *asker.lines(quiet_s=0.1)])

    def check_says(self) -> str:
        """The output of `cibot check`."""
        words = ["check", "--config", str(self.config), "--timeout", "3"]
        return CliRunner().invoke(main, words).output

    # -- the books

    def heard(self) -> dict[str, Heard]:
        """What people heard, by network."""
        for person in (self.eve, self.ida):
            person.lines()  # everything that was said before is in ``seen`` then
        return {
            "ngircd": from_irc(self.eve.seen, NICK, ROOM),
            "inspircd": from_irc(self.ida.seen, NICK, ROOM),
            "slack": from_slack(self.servers.slack.spoken.get(SLACK_ROOM, [])),
        }

    def summaries(self) -> Counter[str]:
        """How the day's summaries stand, by state."""
        table = schema.outbox.c
        query = select(table.state).where(table.kind == MessageKind.SUMMARY)
        return Counter(self.store.read(lambda tx: tx.execute(query).scalars().all()))

    def close(self) -> None:
        """Ends the bot and lets its people go."""
        self.bot.stop()
        for person in (self.eve, self.ida):
            person.quit()


@contextlib.contextmanager
def day(servers: Servers, directory: Path) -> Iterator[Day]:
    """A day that is ended whatever happens."""
    simulated = Day(servers, directory)
    try:
        simulated.begin()
        yield simulated
    finally:
        simulated.close()
