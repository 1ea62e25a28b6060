"""A bot that lives through a day on real servers, in minutes: its clock is ahead of ours.

The bot is built as `cibot run` builds it, with a clock that the test moves on; what it waits
for on the network takes real time.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from click.testing import CliRunner
from sqlalchemy import select

from cibot.bootstrap import build
from cibot.chat.backends.irc import IrcBackend
from cibot.chat.backends.irc_session import IrcTiming
from cibot.chat.backends.slack import SlackBackend
from cibot.cli import main
from cibot.configfile import read
from cibot.demo.reviews import Reviews
from cibot.errors import CibotError
from cibot.store import outbox, schema
from cibot.store.engine import open_store
from cibot.store.migrate import upgrade
from tests.chaos.events import JUDGEMENT, REFERENCE, ci_name
from tests.chaos.hearing import Heard, from_irc, from_slack
from tests.support.gate import Gate
from tests.support.inspircd import InspIRCd
from tests.support.irc_user import IrcUser
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import APP_TOKEN, BOT_TOKEN, SECRET
from tests.support.whole_bot import TOKEN, eventually, toml

CIS = 60  # of which each breaks once at most, the last ones never
_NEVER = 10
FAILS, PASSES = 4, 8
NICK, ROOM, SLACK_ROOM = "daybot", "#day", "C0ALERTS0"
ACCOUNT, PASSWORD = "daybot", "correct-horse-1"
_BAD = "Build failed (check pipeline).\n\n- unit https://logs.example.org/{n} : FAILURE in 58s"
_GOOD = "Build succeeded (check pipeline).\n\n- unit https://logs.example.org/{n} : SUCCESS in 58s"
_TIMING = IrcTiming(
    connect=2, register=5, send=4, idle=1, pong=1, join=3, reconnect=0.2, reconnect_most=0.5,
    rejoin=0.2, rejoin_most=0.5, regain=0.3, steady=1,
)  # fmt: skip
_STEP = timedelta(minutes=20)


@dataclass
class Clock:
    """Our time, moved on."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Servers:
    """Everything that the bot lives with."""

    mariadb: MariaDB
    ngircd: Ngircd
    stranger: Ngircd  # whose certificate nobody knows
    inspircd: InspIRCd
    slack: SlackServer
    gate: Gate  # before ngircd
    gate_i: Gate  # before inspircd


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
    clock: Clock = field(default_factory=Clock)
    truth: list[Truth] = field(default_factory=list)

    def __post_init__(self) -> None:
        midnight = (datetime.now(UTC) + timedelta(days=1)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        self.clock.ahead = midnight - datetime.now(UTC)
        self.began = midnight
        self.unposted: list[dict[str, object]] = []
        self._reviews = Reviews()
        self._reviews.listeners.append(self.unposted.append)
        self._at = self.clock().replace(microsecond=0) - timedelta(minutes=30)
        self.eve = IrcUser(self.servers.ngircd.tls_port, "eve", ca=self.servers.ngircd.ca)
        self.ida = IrcUser(self.servers.inspircd.tls_port, "ida", ca=self.servers.inspircd.ca)
        for person in (self.eve, self.ida):
            person.join(ROOM)  # who comes first is its operator
        self._write_config()
        config = read(self.config, {}).config
        self.url = config.store.url.get_secret_value()
        upgrade(opened := open_store(self.url))
        opened.close()
        quick = {one.name: IrcBackend(one, timing=_TIMING) for one in config.irc}
        slack = {one.name: SlackBackend(one, timeout=3) for one in config.slack}
        self.bot = build(config, {**quick, **slack}, self.clock)
        self.backends = self.bot.backends
        self.bot.start()
        self.store = self.bot.store
        eventually(lambda: all(one.link().up for one in self.backends.values()), "all networks")
        eventually(lambda: NICK in self.eve.names(ROOM) & self.ida.names(ROOM), "the bot there")
        self._first_comments()

    def _write_config(self) -> None:
        servers = self.servers
        irc = [
            {"name": "ngircd", "port": servers.gate.port, "ca_file": str(servers.ngircd.ca)},
            {"name": "inspircd", "port": servers.gate_i.port, "ca_file": str(servers.inspircd.ca),
             "sasl_username": ACCOUNT, "sasl_password": PASSWORD},
        ]  # fmt: skip
        common = {
            "host": "localhost", "nick": NICK, "channels": [ROOM], "messages_per_second": 1000,
            "burst": 1000,
        }  # fmt: skip
        slack = {
            "name": "slack", "bot_token": BOT_TOKEN, "signing_secret": SECRET,
            "app_token": APP_TOKEN, "api_url": servers.slack.api_url,
        }  # fmt: skip
        gerrit = {
            "name": "review", "url": "http://127.0.0.1:9/", "poll": False, "webhook_token": TOKEN,
        }  # fmt: skip
        names = [REFERENCE, *map(ci_name, range(CIS))]
        rooms = [f"ngircd/{ROOM}", f"inspircd/{ROOM}", f"slack/{SLACK_ROOM}"]
        tables = {
            "store": {"url": servers.mariadb.create_database()},
            "web": {"listen": "127.0.0.1:0"},
            "gerrit": [gerrit],
            "ci": [{"name": name, "accounts": [name.lower()]} for name in names],
            "reference": [{"ci": REFERENCE}],
            "irc": [common | one for one in irc],
            "slack": [slack],
            "route": [{"channels": rooms}],
            "summary": [{"channel": one, "at": "09:00", "time_zone": "UTC"} for one in rooms],
        }
        self.config = self.directory / "cibot.toml"
        self.config.write_text(toml(tables | JUDGEMENT))
        self.config.chmod(0o600)

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
            answer = requests.post(url, data=json.dumps(self.unposted[0]).encode(), timeout=30)
            if answer.status_code == 503:
                return False
            assert answer.ok, answer.text
            self.unposted.pop(0)
        return True

    def breaks(self) -> Truth:
        """One more CI fails."""
        number = len(self.truth)
        one = Truth(ci_name(number), number)
        self.truth.append(one)
        for change in range(1, FAILS + 1):
            self._say(change, 10 + number, good=False)
        self.post()
        return one

    def mends(self, one: Truth) -> None:
        """It passes again."""
        one.over = True
        for change in range(FAILS + 1, FAILS + PASSES + 1):
            self._say(change, 10 + one.number, good=True)
        self.post()

    def settled(self, one: Truth) -> None:
        """Waits until the bot has judged it so."""
        incident, ci = schema.incident.c, schema.ci.c
        query = (
            select(incident.state)
            .join(schema.ci, ci.id == incident.ci_id)
            .where(ci.name == one.ci, incident.kind == "level")
        )
        wanted = "resolved" if one.over else "firing"

        def seen() -> bool:
            self.post()
            states = self.store.read(lambda tx: tx.execute(query).scalars().all())
            return wanted in states and (not one.over or "firing" not in states)

        eventually(seen, f"{one.ci} {wanted}", 60)

    # -- time

    def pass_time(self, span: timedelta) -> None:
        """The clock goes on, in steps that let the timed jobs run."""
        while span > timedelta():
            step = min(span, _STEP)
            span -= step
            self.clock.ahead += step
            with contextlib.suppress(CibotError):  # the database may be away
                self.bot.lead()
            self.bot.scheduler.run_now()
            threading.Event().wait(0.1)

    def quiet(self) -> None:
        """Waits until everything that can be said is said."""

        def nothing() -> bool:
            self.clock.ahead += timedelta(seconds=30)
            with contextlib.suppress(CibotError):
                self.bot.lead()
            left = self.store.read(outbox.depth)
            return not left

        eventually(nothing, "an empty outbox", 60)

    # -- what the bot says of itself

    def log_says(self, caplog_text: Callable[[], str], words: str) -> None:
        """Waits for words in the log."""
        eventually(lambda: words in caplog_text(), f"{words!r} in the log")

    def ready_says(self, part: str) -> str:
        """The detail of one part of /readyz."""
        parts = requests.get(f"{self.bot.web.url}/readyz", timeout=30).json()["parts"]
        return f"{'ok' if parts[part]['ok'] else 'NOT OK'}: {parts[part]['detail']}"

    def feeds_says(self, asked_on: str) -> str:
        """What `feeds` answers, in private, to a person on IRC."""
        person = {"ngircd": self.eve, "inspircd": self.ida}[asked_on]
        person.lines()
        person.say(NICK, "feeds")
        person.hears(nick=NICK, target=person.nick, timeout_s=20)
        return "\n".join(one.text for one in [*person.seen[-1:], *person.lines(quiet_s=0.5)])

    def check_says(self) -> str:
        """The output of `cibot check`."""
        words = ["check", "--config", str(self.config), "--timeout", "4"]
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

    def close(self) -> None:
        """Ends the bot and lets its people go."""
        self.bot.stop()
        for person in (self.eve, self.ida):
            person.quit()


@contextlib.contextmanager
def day(servers: Servers, directory: Path) -> Iterator[Day]:
    """A day that is ended whatever happens."""
    one = Day(servers, directory)
    try:
        yield one
    finally:
        one.close()
