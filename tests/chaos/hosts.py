"""Several hosts on one database: three processes, two of them with wrong clocks, one room."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from cibot.model import Channel
from cibot.outbox.sender import REPEAT
from cibot.store import outbox, schema
from cibot.store.engine import Store, StoreError, open_store
from cibot.store.migrate import upgrade
from cibot.store.outbox import About, MessageKind
from cibot.text.card import card
from tests.support.irc_user import IrcUser
from tests.support.ngircd import Ngircd
from tests.support.processes import PATIENCE_S, ServerProcess, free_port
from tests.support.whole_bot import TOKEN, toml

SKEWS_S = (0.0, 600.0, -600.0)
NICK, ROOM = "hostbot", "#hosts"
_OURS = "hostb"  # every host's nick begins with it; the third one gets digits at its end
_SAID = re.compile(r"\[m(\d+)\]")
_PAUSE_S = 0.1  # between two messages


class Host:
    """One process."""

    def __init__(self, directory: Path, number: int, tables: dict[str, Any]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = directory / f"host{number}.toml"
        config.write_text(toml(tables | {"web": {"listen": f"127.0.0.1:{self.port}"}}))
        config.chmod(0o600)
        words = [sys.executable, "-m", "tests.support.host", config, str(SKEWS_S[number])]
        log = directory / f"host{number}.log"
        self.process = ServerProcess(f"host{number}", words, log)

    def start(self) -> None:
        """Starts it, also again, and waits until it answers."""
        self.process.start(self._answers)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def leads(self) -> bool:
        """Whether its log says so last."""
        lines = re.findall(r"leading owner|stands by\b|stopped", self.process.log_tail(10000))
        return bool(lines) and lines[-1] == "leading owner"


class Trial:
    """The hosts, a person in the room who writes down what is said, and who has something said."""

    def __init__(self, directory: Path, database: str, ngircd: Ngircd) -> None:
        self.store: Store = open_store(database)
        upgrade(self.store)
        tables: dict[str, Any] = {
            "store": {"url": database},
            "gerrit": [{"name": "review", "url": "http://127.0.0.1:9/", "poll": False,
                        "webhook_token": TOKEN}],
            "irc": [{"name": "net", "host": "localhost", "port": ngircd.tls_port, "nick": NICK,
                     "ca_file": str(ngircd.ca), "channels": [ROOM], "burst": 1000,
                     "messages_per_second": 1000}],
            "ci": [{"name": "Acme CI", "accounts": ["acme-ci"]}],
            "route": [{"channels": [f"net/{ROOM}"]}],
        }  # fmt: skip
        self.hosts = [Host(directory, number, tables) for number in range(len(SKEWS_S))]
        self.listener = ngircd.user("listener")
        self.listener.join(ROOM)
        self.said: Counter[int] = Counter()
        self.repeats = 0
        self.answers: list[str] = []
        self.written = 0
        self.unwritten = ""  # when and why a message was last not written
        self._enough = threading.Event()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._listening = threading.RLock()
        self._heard = 0  # lines of the listener's
        self._over = threading.Event()
        self._ears = threading.Thread(target=self._stay, daemon=True)

    def start(self) -> None:
        """Starts the hosts and the messages."""
        self._ears.start()
        for host in self.hosts:
            host.start()
        self._writer.start()

    def close(self) -> None:
        """Ends everything."""
        self._enough.set()
        for host in self.hosts:
            host.process.signal(signal.SIGCONT)
            host.process.stop()
        self._over.set()
        self._ears.join(30)
        self.listener.quit()
        self.store.close()

    def leader(self) -> Host:
        """The host that holds the lease."""
        owner = select(schema.lease.c.owner)

        def look() -> Host | None:
            name = self.store.read(lambda tx: tx.execute(owner).scalar())
            named = (host for host in self.hosts if name and name in host.process.log_tail(10000))
            return next((host for host in named if self._last_owner(host) == name), None)

        host: Host = self.until(look, "a leader")
        return host

    @staticmethod
    def _last_owner(host: Host) -> str:
        owners = re.findall(r"leading owner=(\w+)", host.process.log_tail(10000))
        return str(owners[-1]) if owners else ""

    def until(self, look: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
        """What ``look`` gives once it is true; meanwhile the listener listens."""
        end = time.monotonic() + timeout_s
        while True:
            with self._listening:
                if result := look():
                    return result
                self.listen()
            assert time.monotonic() < end, (
                f"waited {timeout_s:g} s for {what}; {self.written} written, last refused:"
                f" {self.unwritten or 'never'}; {max(self.said, default=0)} said"
            )

    def say(self, text: str) -> None:
        """The listener says something in the room."""
        with self._listening:
            self.listener.say(ROOM, text)

    def _stay(self) -> None:
        """Answers the server's PINGs also while a host or a node starts."""
        while not self._over.wait(1):
            self.listen()

    def listen(self) -> None:
        """Takes down what was said in the room, also while something else was asked there."""
        with self._listening:
            self.listener.lines(quiet_s=0.05)
            new, self._heard = self.listener.seen[self._heard :], len(self.listener.seen)
            for line in new:
                if line.command == "PRIVMSG" and line.nick.startswith(_OURS):
                    self._take_down(line.text)

    def _take_down(self, text: str) -> None:
        match = _SAID.search(text)
        if match is None:
            self.answers.append(text)
        else:
            self.repeats += REPEAT in text
            self.said[int(match[1])] += REPEAT not in text

    def next_said(self) -> float:
        """Seconds until something is said that was written from now on."""
        began, first = time.monotonic(), self.written
        self.until(lambda: any(number > first for number in self.said), "the next message")
        return time.monotonic() - began

    def all_said(self) -> None:
        """Writes no more, and waits until nothing waits."""
        self._enough.set()
        self._writer.join(30)
        self.until(lambda: not self.store.read(outbox.depth), "an empty outbox")
        self.listen()

    def _write(self) -> None:
        while not self._enough.wait(_PAUSE_S):
            number = self.written + 1
            about = About(MessageKind.ALERT, f"note:{number}")
            text = card(f"[m{number}] said by whoever leads").to_json()
            now, to = datetime.now(UTC), Channel("net", ROOM)
            try:
                self.store.write(
                    lambda tx, about=about, text=text, now=now, to=to: outbox.enqueue(  # type: ignore[misc]
                        tx, about, to, text, now
                    )
                )
            except StoreError as error:  # away: the same one once more
                self.unwritten = f"{now:%H:%M:%S} {error}"
            else:
                self.written = number


def bots_in_room(user: IrcUser) -> set[str]:
    """The nicks of ours in the room."""
    return {name for name in user.names(ROOM) if name.startswith(_OURS)}
