"""Where the bot speaks in a kill trial: what arrives there is kept, as people would see it."""

from __future__ import annotations

import json
import random
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol

from cibot.outbox.sender import REPEAT
from tests.chaos.ledger import Heard
from tests.support.inspircd import InspIRCd
from tests.support.ngircd import Ngircd
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_workspace import BOT_TOKEN, SECRET

ROOMS = 2  # of each network
# Each message of a trial says which one it is, so that people's eyes could compare it too.
NAMED = re.compile(r"\[m\d+\]|third-\d+ (?:is failing|recovered)")
_FAULTS = [
    Fault(stored=True),
    Fault(stored=True),
    Fault(status=500),
    Fault(status=502, body="<html>bad gateway</html>"),
    Fault(status=429, error="ratelimited", retry_after=1),
]


class Place(Protocol):
    """One destination. ``arrived`` is called when something came."""

    name: str
    rooms: list[str]
    config: dict[str, Any]  # its table in the bot's configuration
    kind: str  # the name of that table

    def heard(self, room: str) -> list[Heard]:
        """What was said in the room, in order."""

    def disturb(self, dice: random.Random) -> None:
        """Makes the next moments harder, where the destination can."""

    def close(self) -> None:
        """Nobody listens any more."""


class IrcPlace:
    """Rooms on an IRC server and a person in them who writes down what is said."""

    kind = "irc"

    def __init__(
        self, name: str, server: Ngircd | InspIRCd, mark: str, arrived: Callable[[], None]
    ) -> None:
        self.name = name
        self.rooms = [f"#{mark}-{number}" for number in range(ROOMS)]
        self._nick = f"bot{mark}"
        self.config = {
            "name": name,
            "host": "localhost",
            "port": server.tls_port,
            "ca_file": str(server.ca),
            "nick": self._nick,
            "channels": self.rooms,
            "messages_per_second": 1000,
            "burst": 1000,
        }
        self._said: dict[str, list[Heard]] = defaultdict(list)
        self._arrived = arrived
        self._stopping = threading.Event()
        self._person = server.user(f"eve{mark}")
        for room in self.rooms:
            self._person.join(room)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                line = self._person.wait_for(
                    lambda heard: heard.command == "PRIVMSG", "a word", 0.2
                )
            except AssertionError:
                continue  # nobody said anything
            match = NAMED.search(line.text)
            if match and line.nick.startswith(self._nick):
                self._said[line.params[0]].append(Heard(match[0], REPEAT in line.text))
                self._arrived()
            self._person.seen.clear()

    def heard(self, room: str) -> list[Heard]:
        return list(self._said[room])

    def disturb(self, dice: random.Random) -> None:
        """A server on loopback does what it does."""

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._person.quit()


class SlackPlace:
    """Two channels of a workspace that loses answers, refuses and limits now and then."""

    kind = "slack"

    def __init__(self, server: SlackServer, arrived: Callable[[], None]) -> None:
        self.name = "slack"
        self._server = server
        self.rooms = sorted(server.rooms)[:ROOMS]
        self.config = {
            "name": self.name,
            "bot_token": BOT_TOKEN,
            "signing_secret": SECRET,
            "api_url": server.api_url,
        }
        self._arrived = arrived
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        count = 0
        while not self._stopping.is_set():
            with self._server.posted:
                self._server.posted.wait(0.2)
            now = sum(len(self._server.room(room)) for room in self.rooms)
            if now > count:
                self._arrived()
            count = now

    def heard(self, room: str) -> list[Heard]:
        said = []
        for message in self._server.room(room):
            text = json.dumps(message)
            payload = message["metadata"]["event_payload"]
            said.append(Heard(payload["key"], REPEAT in text))
        return said

    def disturb(self, dice: random.Random) -> None:
        self._server.fail("chat.postMessage", dice.choice(_FAULTS))
        if dice.random() < 0.2:
            self._server.fail("conversations.history", dice.choice(_FAULTS[2:]))

    def hang(self) -> None:
        """Takes the next message and never answers: the bot waits for it when it is killed."""
        self._server.fail("chat.postMessage", Fault(stored=True, hang=True))

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(10)
